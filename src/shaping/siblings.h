// SPDX-License-Identifier: Apache-2.0
// Siblings: what the paths from several addresses to one receiver tell each other of its limits.
//
// A receiver has a limit for each of our addresses, and often moves all of them at the same time. So siblings take
// turns with looking for more, instead of all at once after a limit that fell for all; and when one finds more, the
// others look too. That has to prove right: where the others find nothing, only one of them looks from then on, until
// that proves right again. A sibling's refusals change nothing for the others.
//
// Use:  me = siblings.join();   hold until siblings.turn(me, wait, now);
//       siblings.rose(me, seen, now);   if (siblings.worth_a_look(me, seen, rose, now)) …look…; siblings.proved(right);
// Pure.   Threads: that of the paths which share it.   Limits: forgets who has not looked for three waits.   Cost of a
// turn: a step for each sibling.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "base/clock.h"

namespace penstock::shaping {

class Siblings {
 public:
  // A number for each of them; numbers are not used again.
  [[nodiscard]] std::uint32_t join() { return ++last_; }

  // When to look next, for one that would wait for `wait` if he were alone: turns are so far apart that each waits
  // about as long as it would alone. After something that all of them learned at the same time the first one looks
  // sooner.
  [[nodiscard]] Time turn(std::uint32_t who, Duration wait, Time now) {
    std::erase_if(waiting_, [&](const Waiting& one) { return one.who == who || now - one.since > 3 * wait; });
    waiting_.push_back({who, now});
    const auto all = static_cast<std::int64_t>(waiting_.size());
    next_ = std::max(next_, now + wait * (all - 1) / all / 4) + wait / all;
    return next_ = std::min(next_, now + wait + wait / 4);
  }

  // `who` found that his limit rose since he was refused last, at `seen`.
  void rose(std::uint32_t who, Time seen, Time now) {
    news_ = {who, now, seen};
    if (trust_ < kTrusted) tries_ = 1;
  }
  // Another one found more after `seen`, when `who` was refused last; not the rise that `who` found at `rose`.
  [[nodiscard]] bool worth_a_look(std::uint32_t who, Time seen, Time rose, Time now) {
    if (news_.who == 0 || news_.who == who || news_.at <= seen || now - news_.at > kFresh) return false;
    if (rose > news_.seen) return false;
    if (trust_ >= kTrusted) return true;
    if (tries_ == 0) return false;
    --tries_;
    return true;
  }
  // What came of such a look.
  void proved(bool right) { trust_ += ((right ? 1.0 : 0.0) - trust_) * kLearn; }
  // 0 to 1: how often it was right lately.
  [[nodiscard]] double trust() const { return trust_; }

 private:
  static constexpr double kTrusted = 0.4;
  static constexpr double kLearn = 0.2;
  static constexpr Duration kFresh{std::chrono::minutes{1}};
  struct Waiting {
    std::uint32_t who;
    Time since;
  };
  struct News {
    std::uint32_t who = 0;  // nobody
    Time at{}, seen{};
  };
  std::uint32_t last_ = 0;
  std::vector<Waiting> waiting_;
  Time next_{};  // the last turn that was given
  News news_;
  std::uint32_t tries_ = 0;  // left for the news, where there is little trust
  double trust_ = 0.5;
};

}  // namespace penstock::shaping
