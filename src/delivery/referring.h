// SPDX-License-Identifier: Apache-2.0
// Referring: what is sent when a stream's reports are to come home: the message with X-Penstock-Ref before it, under an
// envelope sender of the stream's return_path. Both bear a signed reference to the one recipient of the transaction, so
// nobody learns a reference that names somebody else, and a report needs no address to be matched. What is stored, and
// returned in notices, stays without; notices go to who sent the message.
//
// Threads: the shard's.   Cost: some 4 µs and a copy of the message where a reference is made.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "delivery/attempted.h"
#include "delivery/shard_parts.h"

namespace penstock::delivery {

struct Referred {
  std::shared_ptr<const std::string> body;
  std::string sender;  // for MAIL FROM
};

// `body` and the envelope's sender themselves where the stream refers to nothing. A batch of several recipients gets
// none: a reference is one recipient's (make_plan sets recipients_per_message to 1). Mail with the null sender keeps
// it: notices must not cause notices; and those of our own get no field either.
[[nodiscard]] Referred refer(const ShardParts& parts, const Batch& batch, std::shared_ptr<const std::string> body,
                             std::string_view stream);

// The domain of the sender that refer() gives, in lower case; "" of the null sender: what receivers hold a stream's
// mail against.
[[nodiscard]] std::string sender_domain(const ShardParts& parts, const Batch& batch, std::string_view stream);

}  // namespace penstock::delivery
