// SPDX-License-Identifier: Apache-2.0
// LatencyWatch: notices that a receiver answers more slowly than it usually does, at MAIL, RCPT or end of data.
//
// Two averages per step: what is usual, which follows slowly (over some hundred answers), and what is now (over some
// twenty). Now far above usual is a signal; the usual then takes over what is now, so that a receiver that stays slow
// signals once for each rise and not for ever. Pure. Threads: one owner. Cost: no allocation.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

#include "base/clock.h"
#include "model/reply.h"

namespace penstock::shaping {

class LatencyWatch {
 public:
  static constexpr double kUsualWeight = 1.0 / 256;
  static constexpr Duration kNegligible{std::chrono::milliseconds{250}};  // slower than usual, but who cares

  // Returns true when this answer shows a rise.
  bool observe(model::Step step, Duration latency, double factor, std::uint32_t volume) {
    Average* average = find(step);
    if (average == nullptr || latency <= Duration::zero()) return false;
    const auto value = static_cast<double>(latency.count());
    ++average->count;
    if (average->count == 1) average->now = average->usual = value;
    average->now += (value - average->now) / std::max(1U, volume);
    const double weight = std::max(kUsualWeight, 1.0 / average->count);
    average->usual += (value - average->usual) * weight;
    const double bound = std::max(average->usual * factor, average->usual + static_cast<double>(kNegligible.count()));
    if (average->count < std::uint64_t{volume} * 4 || average->now < bound) return false;
    average->usual = average->now;
    return true;
  }

 private:
  struct Average {
    double usual = 0;
    double now = 0;
    std::uint32_t count = 0;
  };
  Average* find(model::Step step) {
    switch (step) {
      case model::Step::Mail: return averages_.data();
      case model::Step::Rcpt: return &averages_[1];
      case model::Step::EndOfData: return &averages_[2];
      default: return nullptr;
    }
  }
  std::array<Average, 3> averages_{};
};

}  // namespace penstock::shaping
