// SPDX-License-Identifier: Apache-2.0
// Goes through the log's blocks from the newest to the oldest, leaving out those that a filter rules out.
//
// Threads: any.   Errors: the system's. Damaged blocks are logged and left out.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "eventlog/catalog.h"

namespace penstock::eventlog {

// `visit` gets a block's whole lines, oldest first, and the first one's offset; false ends the walk. `segments` is what
// Catalog::all() gave; segments whose last line is older than `since` end the walk too. With `keys` (segment_filter.h)
// only blocks that may hold one of them are read.
Result<> walk_back(const Catalog& catalog, const std::vector<Segment>& segments, std::span<const std::uint64_t> keys,
                   Time since, const std::function<bool(Offset, std::string_view)>& visit);

}  // namespace penstock::eventlog
