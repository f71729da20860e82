// SPDX-License-Identifier: Apache-2.0
// Limiter: the limits of one scope (a path, a provider, a domain, a vMTA) and what is in use of them.
//
// Limiters are combined by PathLimiter, which takes from all of them or from none; nothing else should call open(),
// close() and send(). Adaptive control will live here too: it lowers what connection_limit() returns and answers in
// explain(); callers do not change.
// Pure: time and randomness come in.   Threads: the shard that owns the scope.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/rng.h"
#include "model/outcome.h"
#include "shaping/connection_trouble.h"
#include "shaping/limits.h"
#include "shaping/path_state.h"
#include "shaping/token_bucket.h"

namespace penstock::shaping {

class Limiter {
 public:
  // `scope` is how explanations call it: "path v1 provider:gmail". `trouble`: the policy for unreachable receivers;
  // none for scopes that say nothing about a receiver, such as a vMTA.
  Limiter(std::string scope, const Limits& limits, std::optional<TroublePolicy> trouble = std::nullopt);
  Limiter(const Limiter&) = delete;
  Limiter& operator=(const Limiter&) = delete;

  // Whether one more connection may be opened now.
  [[nodiscard]] bool can_open(Time now) const;
  // Takes a slot and a token of the connection rate. Precondition: can_open(now).
  void open(Time now);
  // Gives the slot back. Precondition: one is taken.
  void close();
  // When can_open may next be true: `now` if it is, a later time if a rate or a suspension holds it, nothing if only
  // the end of another connection helps.
  [[nodiscard]] std::optional<Time> next_open(Time now) const;

  // Whether `recipients` more may be attempted now, and taking them. Precondition of send: can_send.
  [[nodiscard]] bool can_send(std::uint32_t recipients, Time now) const;
  void send(std::uint32_t recipients, Time now);
  [[nodiscard]] Time next_send(std::uint32_t recipients, Time now) const;

  // What an attempt over this scope came to. A deferral at Step::Connect, Banner or Ehlo is connection trouble. Other
  // outcomes change nothing yet: here the adaptive limits will learn.
  void observe(const model::Outcome& outcome, Time now, Rng& rng);
  // A connection became usable (EHLO answered). Call it once per connection: recovery counts these.
  void connected(Time now);

  [[nodiscard]] State state(Time now) const;
  [[nodiscard]] Explanation explain(Time now) const;
  // Forget trouble: an operator resumes the scope.
  void reset();

  // New configuration. Open connections above a lowered limit stay; no new one is opened until they are below it.
  void set_limits(const Limits& limits, Time now);
  [[nodiscard]] const Limits& limits() const { return limits_; }
  [[nodiscard]] const std::string& scope() const { return scope_; }
  [[nodiscard]] std::uint32_t connections() const { return connections_; }
  // Nothing in use, nothing owed, Normal: forgetting this limiter loses nothing.
  [[nodiscard]] bool idle(Time now) const;

 private:
  [[nodiscard]] std::uint32_t connection_limit(Time now) const;

  std::string scope_;
  Limits limits_;
  TokenBucket connection_rate_;
  TokenBucket message_rate_;
  std::optional<ConnectionTrouble> trouble_;
  std::uint32_t connections_ = 0;
};

}  // namespace penstock::shaping
