// SPDX-License-Identifier: Apache-2.0
// TokenBucket: holds a flow of events to a Rate, with bursts up to a bound.
//
// Use:  TokenBucket bucket(rate, burst);  if (!bucket.try_take(1, now)) wait_until(bucket.next_available(1, now));
//
// Guarantee: within any span s at most  burst + rate × (s + 1 µs)  tokens are given (see try_take for takes above the
// burst); a caller who waits for next_available each time gets the rate exactly.
// The level is kept in exact integers (a rate is read to a thousandth of an event), so nothing drifts over months.
// Time comes in and should not run backwards; a reading before the last one counts as the last one.
// Threads: one owner.   Limits: 1e9 events per span, spans up to a year; beyond them the value is clamped.
#pragma once

#include <cstdint>

#include "base/clock.h"
#include "base/units.h"

namespace penstock::shaping {

class TokenBucket {
  __extension__ using Wide = __int128;

 public:
  // No limit: everything is given at once.
  TokenBucket() = default;
  // `burst` 0 means one second's worth of the rate, at least 1. Starts full.
  explicit TokenBucket(const Rate& rate, std::uint32_t burst = 0);

  // Takes `tokens` if they are there. More than the burst are given when the bucket is full, and the rest is owed: the
  // next take waits until the debt is paid, so the long-run rate holds.
  [[nodiscard]] bool try_take(std::uint32_t tokens, Time now);
  // Whether try_take would succeed.
  [[nodiscard]] bool has(std::uint32_t tokens, Time now) const;
  // What was taken and not used comes back.
  void give_back(std::uint32_t tokens, Time now);
  // Whole tokens that are there; 0 while some are owed. Precondition: limited.
  [[nodiscard]] std::uint32_t available(Time now) const;
  // The first moment, not before `now`, at which try_take(tokens) succeeds if nobody takes in between. Exact to the
  // microsecond.
  [[nodiscard]] Time next_available(std::uint32_t tokens, Time now) const;
  // Another rate from now on. Tokens there (or owed) are kept as far as the new burst allows; nothing is given twice.
  void set_rate(const Rate& rate, std::uint32_t burst, Time now);

  [[nodiscard]] bool unlimited() const { return gain_ == 0; }
  [[nodiscard]] std::uint32_t burst() const { return burst_; }
  // Nothing was taken that has not come back: a bucket nobody needs to remember.
  [[nodiscard]] bool full(Time now) const { return unlimited() || level_at(now) >= Wide{burst_} * price_; }

 private:
  [[nodiscard]] Wide level_at(Time now) const;
  // The burst, and what comes in less than a microsecond: a wait is rounded up to one, and that must not be lost.
  [[nodiscard]] Wide capacity() const { return Wide{burst_} * price_ + gain_ - 1; }
  [[nodiscard]] Wide needed(std::uint32_t tokens) const;

  // One microsecond adds gain_ units; a token costs price_ units.
  std::int64_t gain_ = 0;
  std::int64_t price_ = 0;
  std::uint32_t burst_ = 0;
  Wide level_ = 0;
  Time at_{};
};

}  // namespace penstock::shaping
