// SPDX-License-Identifier: Apache-2.0
// RetryPlan: when a stream's deferred recipients are tried again, and when it gives up (RFC 5321 §4.5.4.1).
//
// Either a list of waits ("5m", "15m", "45m": the last one repeats) or exponential growth with a cap. Jitter spreads
// recipients that were deferred together; it makes waits longer or shorter by at most its share.
// Pure: time and randomness come in.   Threads: const, any.
#pragma once

#include <cstdint>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/rng.h"

namespace penstock::queue {

// The wait after the n-th attempt is the n-th of these, after that the last. An empty list means 15 minutes.
struct RetrySchedule {
  std::vector<Duration> waits{};
};

// The wait after the n-th attempt is first × factor^(n−1), at most cap.
struct RetryGrowth {
  Duration first = std::chrono::minutes{5};
  double factor = 2.0;
  Duration cap = std::chrono::hours{4};
};

struct RetryPlan {
  std::variant<RetrySchedule, RetryGrowth> waits = RetryGrowth{};
  double jitter = 0.1;                           // 0 to 0.9
  Duration expire = std::chrono::hours{24 * 5};  // from acceptance

  static constexpr Duration kShortest = std::chrono::seconds{1};

  // The wait without jitter after `attempts` attempts (0 counts as 1).
  [[nodiscard]] Duration wait(std::uint32_t attempts) const;
  // When to try again after `attempts` attempts. Never after the moment of expiry, so that a failure notice goes out on
  // time, and never before now + kShortest unless expiry is nearer.
  [[nodiscard]] Time next_due(std::uint32_t attempts, Time received, Time now, Rng& rng) const;
  [[nodiscard]] Time expires_at(Time received) const { return received + expire; }
  [[nodiscard]] bool expired(Time received, Time now) const { return now >= expires_at(received); }
};

}  // namespace penstock::queue
