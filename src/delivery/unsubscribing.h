// SPDX-License-Identifier: Apache-2.0
// Unsubscribing: what is sent when a stream offers links to unsubscribe: the message with the recipient's own link
// before it. What is stored, and returned in notices, stays without.   Threads: the shard's.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "delivery/attempted.h"
#include "delivery/shard_parts.h"

namespace penstock::delivery {

// `body` itself where no link is added. A batch of several recipients gets none: a link is one recipient's.
[[nodiscard]] std::shared_ptr<const std::string> with_link(const ShardParts& parts, const Batch& batch,
                                                           std::shared_ptr<const std::string> body,
                                                           std::string_view stream);

}  // namespace penstock::delivery
