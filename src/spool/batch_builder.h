// SPDX-License-Identifier: Apache-2.0
// BatchBuilder: lays out the records of one batch, for one vectored write. Bodies are not copied.
//
// Use:  builder.begin(segment, offset, batch);  const auto at = builder.add(…);  …  write(builder.finish());
// Bytes given to add() must stay where they are until the write is over, unless they are shorter than kCopiedBelow.
// Pure; one owner.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "spool/record_format.h"
#include "spool/segment_store.h"

namespace penstock::spool {

class BatchBuilder {
 public:
  static constexpr std::size_t kCopiedBelow = 1024;

  void begin(const Segment& segment, std::uint64_t offset, std::uint32_t batch);
  // Returns the record's offset in the segment. `header` needs message, type, recipient and payload_crc.
  std::uint64_t add(RecordHeader header, std::string_view payload);
  // A bound on what is added in all, and what there is so far.
  [[nodiscard]] std::uint64_t end() const { return end_; }
  [[nodiscard]] std::uint64_t bytes() const { return end_ - start_; }
  [[nodiscard]] std::size_t records() const { return records_.size(); }
  // The parts to write at the offset given to begin(). Valid until begin().
  [[nodiscard]] const std::vector<std::string_view>& finish();

 private:
  struct Record {
    RecordHeader header;
    std::uint64_t offset;
    std::size_t copied_at;     // in copied_, when `payload` is empty
    std::string_view payload;  // not copied
  };
  RecordPlace place_;
  std::uint64_t start_ = 0;
  std::uint64_t end_ = 0;
  std::uint32_t batch_ = 0;
  std::vector<Record> records_;
  std::string copied_;
  std::string own_;  // headers, copied payloads and fillings, in order
  std::vector<std::string_view> parts_;
};

}  // namespace penstock::spool
