// SPDX-License-Identifier: Apache-2.0
// Suppressing: where delivery meets the suppression list: who must not be mailed, and what a bounce teaches.
//
// Use:  Suppressed dropped = take_suppressed(parts, batch);   // the batch keeps those who may be mailed
//       if (suppression::Guard* guard = parts.guard) if (guard->concerns(bounce_of(…))) guard->learn(…);
// Threads: the shard's.   Errors: while the list cannot be read everybody is deferred: nobody is mailed who may be on
// it.
#pragma once

#include <string>
#include <vector>

#include "delivery/attempted.h"
#include "delivery/shard_parts.h"
#include "model/outcome.h"
#include "suppression/guard.h"

namespace penstock::delivery {

struct Suppressed {
  Batch batch;  // shares envelope and body with the one it was taken from; no recipients: nobody is suppressed
  std::vector<model::Outcome> outcomes;
};
[[nodiscard]] Suppressed take_suppressed(const ShardParts& parts, Batch& batch);

// What the outcome of a recipient that failed for good says of its address.
[[nodiscard]] suppression::Bounce bounce_of(const ShardParts& parts, const model::Envelope& envelope,
                                            const queue::QueuedRecipient& recipient, const model::Outcome& outcome);

// The facts of an attempt, kept beyond it.
class KeptAttempted {
 public:
  explicit KeptAttempted(const Attempted& from);
  KeptAttempted(const KeptAttempted&) = delete;
  KeptAttempted& operator=(const KeptAttempted&) = delete;
  [[nodiscard]] const Attempted& facts() const { return facts_; }

 private:
  const std::string source_address_, peer_address_, peer_host_, extensions_, dkim_domain_;
  Attempted facts_;
};

// Recipients that failed for good and whose event and Final wait until what follows for the address is durable.
struct Lesson {
  explicit Lesson(const Attempted& from) : attempted(from) {}
  Batch batch;
  std::vector<model::Outcome> outcomes;
  std::vector<suppression::Bounce> bounces;
  KeptAttempted attempted;
};

}  // namespace penstock::delivery
