// SPDX-License-Identifier: Apache-2.0
#include "spool/segment_scan.h"

#include <algorithm>
#include <array>

#include "base/crc32c.h"

namespace penstock::spool {
namespace {

constexpr std::uint64_t kWindowBytes = 4U << 20;
constexpr std::uint64_t kPageBytes = 4096;

// A part of the file in memory, moved along as it is read. Pages that cannot be read are zeros.
class Window {
 public:
  Window(File& file, std::uint64_t limit) : file_(file), limit_(limit) {}

  // Shorter than asked at the limit only. Valid until the next call.
  std::string_view view(std::uint64_t offset, std::uint64_t bytes) {
    if (offset >= limit_) return {};
    bytes = std::min(bytes, limit_ - offset);
    if (offset < start_ || offset + bytes > start_ + buffer_.size()) load(offset, std::max(bytes, kWindowBytes));
    return std::string_view(buffer_).substr(offset - start_, bytes);
  }

 private:
  void load(std::uint64_t offset, std::uint64_t bytes) {
    start_ = offset;
    buffer_.assign(std::min(bytes, limit_ - offset), '\0');
    if (file_.read_at(offset, buffer_)) return;
    for (std::uint64_t at = 0; at < buffer_.size(); at += kPageBytes) {
      const auto page = std::span(buffer_).subspan(at, std::min(kPageBytes, buffer_.size() - at));
      if (!file_.read_at(offset + at, page)) std::fill(page.begin(), page.end(), '\0');
    }
  }

  File& file_;
  std::uint64_t limit_;
  std::uint64_t start_ = 0;
  std::string buffer_;
};

class Scan {
 public:
  Scan(File& file, const SegmentHeader& header, const RecordVisitor& visit)
      : header_(header),
        sealed_(header.state == SegmentState::Sealed),
        limit_(sealed_ ? std::min(header.end, header.size) : header.size),
        window_(file, limit_),
        visit_(visit) {}

  ScanSummary run() {
    while (summary_.end < limit_) {
      const std::uint64_t at = summary_.end;
      const auto record = header_at(at);
      if (record && read(*record, at)) continue;
      const std::uint32_t batch = record ? record->batch : batch_here();
      if (!sealed_) {
        const auto same_or_later = find(at + kRecordAlignment, batch);
        if (!same_or_later || !find(*same_or_later, batch + 1)) {
          summary_.torn = record || same_or_later;
          break;
        }
      }
      const std::uint64_t behind =
          record ? at + record_bytes(record->payload_bytes) : find(at + kRecordAlignment, 0).value_or(limit_);
      summary_.damaged.push_back({at, behind - at});
      if (record) note(*record, at);
      summary_.end = behind;
    }
    return std::move(summary_);
  }

 private:
  std::optional<RecordHeader> header_at(std::uint64_t offset) {
    const auto record = decode_record_header(window_.view(offset, kRecordHeaderBytes),
                                             {.salt = header_.salt, .sequence = header_.sequence, .offset = offset});
    if (!record || record_bytes(record->payload_bytes) > limit_ - offset) return std::nullopt;
    return record;
  }
  // The first header from `offset` on that belongs to `batch_min` or a later batch.
  std::optional<std::uint64_t> find(std::uint64_t offset, std::uint32_t batch_min) {
    while (offset + kRecordHeaderBytes <= limit_) {
      const auto record = header_at(offset);
      if (record && record->batch >= batch_min) return offset;
      offset += record ? record_bytes(record->payload_bytes) : kRecordAlignment;
    }
    return std::nullopt;
  }
  bool read(const RecordHeader& record, std::uint64_t offset) {
    const std::string_view payload = window_.view(offset + kRecordHeaderBytes, record.payload_bytes);
    if (payload.size() != record.payload_bytes || crc32c(payload) != record.payload_crc) return false;
    if (!visit_({.header = record, .offset = offset, .payload = payload})) return false;
    note(record, offset);
    ++summary_.records;
    summary_.end = offset + record_bytes(record.payload_bytes);
    return true;
  }
  void note(const RecordHeader& record, std::uint64_t offset) {
    if (record.batch != batch_) summary_.last_batch = offset;
    batch_ = record.batch;
    batch_complete_ = (record.flags & kLastOfBatch) != 0;
  }
  // The batch that bytes which tell us nothing must belong to.
  [[nodiscard]] std::uint32_t batch_here() const { return batch_complete_ ? batch_ + 1 : batch_; }

  const SegmentHeader header_;
  const bool sealed_;
  const std::uint64_t limit_;
  Window window_;
  const RecordVisitor& visit_;
  ScanSummary summary_;
  std::uint32_t batch_ = 0;
  bool batch_complete_ = true;
};

}  // namespace

ScanSummary scan_segment(File& file, const SegmentHeader& header, const RecordVisitor& visit) {
  return Scan(file, header, visit).run();
}

std::optional<SegmentHeader> read_segment_header_copy(File& file, std::uint64_t offset) {
  std::array<char, kSegmentHeaderBytes> bytes{};
  const auto read = file.read_at(offset, bytes);
  if (!read || *read != bytes.size()) return std::nullopt;
  return decode_segment_header(std::string_view(bytes.data(), bytes.size()));
}

std::optional<SegmentHeader> read_segment_header(File& file) {
  std::optional<SegmentHeader> newest;
  for (const std::uint64_t offset : kSegmentHeaderOffsets) {
    const auto header = read_segment_header_copy(file, offset);
    if (header && (!newest || header->generation > newest->generation)) newest = header;
  }
  return newest;
}

}  // namespace penstock::spool
