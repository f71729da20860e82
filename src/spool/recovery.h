// SPDX-License-Identifier: Apache-2.0
// Recovery: what is in the folder becomes what is in memory.
//
// Reads the hint of every segment that holds records, or the segment where there is no good hint; works out which
// recipients are live; tells the sink. Segments that were active are sealed where their whole records end.
// Threads: the one that opens the spool.
// Errors: what the disk says when a segment cannot be sealed or the folder not be read.
// See: docs/formats/spool.md, "Which recipients are live".
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/result.h"
#include "spool/catalog.h"
#include "spool/counters.h"
#include "spool/file_system.h"
#include "spool/hint.h"
#include "spool/records.h"
#include "spool/segment_store.h"

namespace penstock::spool {

struct Recovered {
  std::uint64_t last_id = 0;     // the largest message id seen
  std::uint64_t next_stamp = 1;  // above every stamp seen
  // Noted as finished, but live by their records: Finals are to be written for them. The sink was not told of them.
  std::vector<model::RecipientId> noted;
};

enum class HintUse : std::uint8_t {
  Trust,   // as a start does
  Rebuild  // read every segment whole, so that damage is found that no hint shows: penstock-spool repair
};
// `noted`: recipients known to be finished, Final or not.
[[nodiscard]] Result<Recovered> recover(FileSystem& files, SegmentStore& store, Catalog& catalog, Counters& counters,
                                        RecoverySink& sink, std::span<const model::RecipientId> noted,
                                        HintUse use = HintUse::Trust);

struct SegmentHint {
  std::shared_ptr<Segment> segment;
  Hint hint;
};
// The part of it that only thinks: works out from all hints, by sequence, who is live. The catalog has the segments.
[[nodiscard]] Recovered find_recipients(const std::vector<SegmentHint>& hints, Catalog& catalog, RecoverySink& sink,
                                        std::span<const model::RecipientId> noted);

}  // namespace penstock::spool
