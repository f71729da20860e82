// SPDX-License-Identifier: Apache-2.0
// learn_places: before operators select or group queued mail by provider or path, finds out where that mail goes whose
// domain nobody has looked up: right after a restart or a reload that is everything that waits.
//
// It goes through the queues once, then asks DNS. What stays unknown (DNS does not answer, or not within `limit`) fits
// no provider and no path.
// Threads: the caller's, which is no shard; it blocks.   Limits: kDomainsMax domains a call.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>

#include "app/node.h"
#include "app/selection_match.h"

namespace penstock::app {

inline constexpr std::size_t kDomainsMax = 100'000;
// Enough for some thousand domains; a person waits for the answer.
inline constexpr std::chrono::milliseconds kLearnForList{3000};
inline constexpr std::chrono::milliseconds kLearnForJob{60'000};

// Of the mail that `match` may be about. Ends early when `wanted` says no; it is asked on shards too.
void learn_places(Node& node, const SelectionMatch& match, std::chrono::milliseconds limit,
                  const std::function<bool()>& wanted);

}  // namespace penstock::app
