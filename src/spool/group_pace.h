// SPDX-License-Identifier: Apache-2.0
// GroupPace says how long messages wait for others, so that one sync serves several. Nobody who sends by SMTP feels a
// millisecond, and at 9,000 messages a second it saves a tenth of the daemon's CPU (bench/relay; 0.19 syncs a message
// became 0.08).
//
// Use:  when messages were taken to be written:  pace.taken(now, how_many);
//       the next ones are taken at pace.gather_until(), or when there are kGroupFull of them.
// A message that comes after a pause never waits: the time it would wait until is over.
// Threads: one owner; not synchronised.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>

#include "base/clock.h"

namespace penstock::spool {

class GroupPace {
 public:
  using SteadyTime = std::chrono::steady_clock::time_point;
  static constexpr std::chrono::milliseconds kGather{1};  // from one taking to the next, unless told otherwise
  static constexpr std::size_t kGroupFull = 256;
  static constexpr double kWorthIt = 4;  // waiting pays when so many come meanwhile

  explicit GroupPace(Duration gather = kGather) : gather_(gather) {}

  void taken(SteadyTime now, std::size_t messages) {
    const std::chrono::duration<double> since = std::max<SteadyTime::duration>(now - taken_at_, kTick);
    const double come = static_cast<double>(messages) * std::chrono::duration<double>(gather_) / since;
    come_ = 0.75 * come_ + 0.25 * come;
    taken_at_ = now;
    gather_until_ = come_ < kWorthIt ? now : now + gather_;
  }
  [[nodiscard]] SteadyTime gather_until() const { return gather_until_; }

 private:
  static constexpr std::chrono::microseconds kTick{1};
  const Duration gather_;
  SteadyTime taken_at_{};
  SteadyTime gather_until_{};
  double come_ = 0;  // messages that come in gather_: a running average
};

}  // namespace penstock::spool
