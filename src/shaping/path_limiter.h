// SPDX-License-Identifier: Apache-2.0
// PathLimiter: everything that limits one egress path, composed: the path itself, its provider, domain, vMTA.
//
// Use:  auto permit = path.try_open(now);
//       if (!permit) { park_until(path.next_open(now)); return; }
//       …connect…;  while (permit->message_left() && path.try_message(recipients, now)) { permit->message_sent(); … }
// Taking is all or none: a refused try takes nothing from any scope. A permit is released when it is destroyed,
// whatever happens in between, and keeps its limiters alive, so it may outlive the path.
// Pure.   Threads: all limiters of one path must live on the path's shard; permits are destroyed there.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "base/clock.h"
#include "base/rng.h"
#include "model/outcome.h"
#include "shaping/limiter.h"
#include "shaping/shared_limit.h"

namespace penstock::shaping {

// The right to one connection: a slot in every scope of the path. Move-only; an empty one (moved from) holds nothing.
class ConnectionPermit {
 public:
  ConnectionPermit(ConnectionPermit&& other) noexcept = default;
  ConnectionPermit& operator=(ConnectionPermit&& other) noexcept;
  ~ConnectionPermit() { release(); }

  // Whether the connection may carry one more transaction (Limits::messages_per_connection), and counting it.
  [[nodiscard]] bool message_left() const { return messages_max_ == 0 || messages_ < messages_max_; }
  void message_sent() { ++messages_; }
  [[nodiscard]] std::uint32_t messages() const { return messages_; }

  // Holds these too from now on; no more than `messages_max` (0: no limit) then.
  void hold(HeldLimits limits, std::uint32_t messages_max);

  // Gives the slots back before the destructor does. Nothing happens the second time.
  void release();

 private:
  friend class PathLimiter;
  ConnectionPermit(std::vector<std::shared_ptr<Limiter>> held, std::uint32_t messages_max)
      : held_(std::move(held)), messages_max_(messages_max) {}

  std::vector<std::shared_ptr<Limiter>> held_;
  std::vector<HeldLimits> limits_;
  std::uint32_t messages_max_;
  std::uint32_t messages_ = 0;
};

class PathLimiter {
 public:
  // `scopes`: at least one; the first is the path's own. The order is that of explain().
  explicit PathLimiter(std::vector<std::shared_ptr<Limiter>> scopes);

  // The right to open a connection now, or nothing.
  [[nodiscard]] std::optional<ConnectionPermit> try_open(Time now);
  // The first moment at which try_open may succeed. Nothing: only when a permit is released.
  [[nodiscard]] std::optional<Time> next_open(Time now) const;

  // Takes the rates of one transaction with that many recipients and bytes of body, in every scope or in none.
  [[nodiscard]] bool try_message(std::uint32_t recipients, Time now, std::uint64_t bytes = 0);
  // It was not sent after all, because the connection was at its end: the rates have it back, in every scope.
  void give_back(std::uint32_t recipients, Time now);
  [[nodiscard]] Time next_message(std::uint32_t recipients, Time now, std::uint64_t bytes = 0) const;
  // RCPT commands allowed in one transaction: the smallest of all scopes, or `otherwise` if none sets one.
  [[nodiscard]] std::uint32_t recipients_per_message(std::uint32_t otherwise) const;

  // Passes an outcome, or the fact that a connection is usable, to every scope.
  // OneTooMany: only this connection was too many for some scope; the receiver serves the others. Undecided: no scope
  // knows yet.
  Limiter::Observed observe(const model::Outcome& outcome, Time now, Rng& rng, const AttemptFacts& facts = {});
  void connected(Time now);
  void abandoned(Time now);  // the connection was not tried after all
  // A connection carried its message of that number; the receiver ended one in use right after so many, or refused the
  // next one for now: true if that connection tried more than what is known to be taken, and is better ended.
  void carried(std::uint32_t messages, Time now);
  void ended(std::uint32_t messages, Time now);
  [[nodiscard]] bool refused(std::uint32_t messages, Time now);

  // The worst of all scopes: Suspended before Backoff before Slowed before Normal.
  [[nodiscard]] State state(Time now) const;
  // One explanation per scope that is not Normal; the path's own alone when all are.
  [[nodiscard]] std::vector<Explanation> explain(Time now) const;

  [[nodiscard]] const std::vector<std::shared_ptr<Limiter>>& scopes() const { return scopes_; }

 private:
  std::vector<std::shared_ptr<Limiter>> scopes_;
};

}  // namespace penstock::shaping
