// SPDX-License-Identifier: Apache-2.0
#include "spool/batch_builder.h"

#include "base/check.h"

namespace penstock::spool {

void BatchBuilder::begin(const Segment& segment, std::uint64_t offset, std::uint32_t batch) {
  place_ = segment.place(0);
  start_ = end_ = offset;
  batch_ = batch;
  records_.clear();
  copied_.clear();
}

std::uint64_t BatchBuilder::add(RecordHeader header, std::string_view payload) {
  header.batch = batch_;
  header.payload_bytes = static_cast<std::uint32_t>(payload.size());
  const std::uint64_t offset = end_;
  Record& record = records_.emplace_back(Record{header, offset, copied_.size(), {}});
  if (payload.size() < kCopiedBelow) {
    copied_ += payload;
  } else {
    record.payload = payload;
  }
  end_ += record_bytes(payload.size());
  return offset;
}

const std::vector<std::string_view>& BatchBuilder::finish() {
  PENSTOCK_CHECK(!records_.empty());
  records_.back().header.flags |= kLastOfBatch;
  parts_.clear();
  own_.clear();
  // Views into own_ are taken as it grows, so it must not move.
  own_.reserve(records_.size() * (kRecordHeaderBytes + kRecordAlignment) + copied_.size());
  std::size_t own_from = 0;
  const auto close_own = [&] {
    if (own_.size() > own_from) parts_.emplace_back(own_.data() + own_from, own_.size() - own_from);
    own_from = own_.size();
  };
  for (const Record& record : records_) {
    place_.offset = record.offset;
    append_header(own_, record.header, place_);
    const std::size_t length = record.header.payload_bytes;
    if (record.payload.empty()) {
      own_.append(copied_, record.copied_at, length);
    } else {
      close_own();
      parts_.push_back(record.payload);
    }
    own_.append(padded(length) - length, '\0');
  }
  close_own();
  return parts_;
}

}  // namespace penstock::spool
