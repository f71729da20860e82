// SPDX-License-Identifier: Apache-2.0
// Reads a segment from its first record to its end, telling torn tails from damage.
//
// A segment that is sealed says where it ends, so bad bytes before that are damage. In an active one every batch but
// the last was synced, so bad bytes are damage if a later batch stands behind them, else the torn tail of the last
// batch, which nobody was told about. Damage is reported and reading goes on at the next whole record.
//
// Threads: any, while nobody writes the segment. Errors of reading count as damage of the pages that cannot be read.
// See: docs/formats/spool.md.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

#include "spool/file_system.h"
#include "spool/record_format.h"

namespace penstock::spool {

struct ScannedRecord {
  RecordHeader header;
  std::uint64_t offset = 0;
  std::string_view payload;  // valid during the call
};
// Returns false for a record it cannot understand, which then counts as damaged.
using RecordVisitor = std::function<bool(const ScannedRecord&)>;

struct DamagedStretch {
  std::uint64_t offset = 0;
  std::uint64_t bytes = 0;
};

struct ScanSummary {
  std::uint64_t end = kFirstRecordOffset;         // behind the last whole record
  std::uint64_t last_batch = kFirstRecordOffset;  // where the first record of the last batch stands
  std::uint64_t records = 0;
  bool torn = false;  // something of an unfinished batch stands behind the end
  std::vector<DamagedStretch> damaged;
};

[[nodiscard]] ScanSummary scan_segment(File& file, const SegmentHeader& header, const RecordVisitor& visit);

// The header of a segment file: of the two copies the whole one, or the newer. Nothing if neither is whole.
[[nodiscard]] std::optional<SegmentHeader> read_segment_header(File& file);
[[nodiscard]] std::optional<SegmentHeader> read_segment_header_copy(File& file, std::uint64_t offset);

}  // namespace penstock::spool
