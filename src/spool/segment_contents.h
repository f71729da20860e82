// SPDX-License-Identifier: Apache-2.0
// What a segment holds, from its hint file or, failing that, from the segment itself; and putting damage aside.
// Threads: any, while nobody writes the segment.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "spool/file_system.h"
#include "spool/hint.h"
#include "spool/segment_scan.h"
#include "spool/segment_store.h"

namespace penstock::spool {

// The hint file of a segment whose records end at `end`. Nothing if there is none, or it is damaged or another's.
[[nodiscard]] std::optional<Hint> read_hint_file(FileSystem& files, const std::string& dir, std::uint32_t slot,
                                                 std::uint64_t sequence, std::uint64_t end);

// The same made from the segment's records.
struct RebuiltHint {
  Hint hint;
  std::string bytes;  // for the file
  ScanSummary summary;
  std::array<std::uint64_t, 5> records{};  // by RecordType
};
[[nodiscard]] RebuiltHint rebuild_hint(File& file, const SegmentHeader& header);

// Copies a damaged stretch to damaged/ and logs it. Best effort: trouble with the copy is logged as well.
void set_aside(FileSystem& files, const std::string& dir, File& file, std::uint64_t sequence,
               const DamagedStretch& stretch);

}  // namespace penstock::spool
