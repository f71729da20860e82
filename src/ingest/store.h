// SPDX-License-Identifier: Apache-2.0
// Storing an admitted message from a coroutine, and what a client is told when it cannot be stored.
//
// Use:  Result<model::MessageId> stored = co_await store(services.spool, port, std::move(admitted));
//       if (!stored) reply with reply_to(stored.error())
// Threads: the shard of the port.   The envelope and body go to the spool; it answers once they are durable.
#pragma once

#include <memory>

#include "base/result.h"
#include "ingest/admission.h"
#include "model/reply.h"
#include "net/task.h"
#include "spool/spool.h"

namespace penstock::ingest {

// Where durable messages go: the delivery engine of the shard.
class Handover {
 public:
  virtual ~Handover() = default;
  // On the shard. The message is durable; its recipients are to be queued.
  virtual void accepted(std::size_t shard, const model::Envelope& envelope) = 0;
};

[[nodiscard]] net::Task<Result<model::MessageId>> store(spool::Spool& spool, spool::CompletionPort& port,
                                                        const model::Envelope& envelope,
                                                        std::shared_ptr<const std::string> body);

// The only place that knows both worlds. 452 when the spool is full, 451 for trouble that may pass, 552 when the
// message can never be stored.
[[nodiscard]] model::Reply reply_to(const Error& error);

}  // namespace penstock::ingest
