// SPDX-License-Identifier: Apache-2.0
// SignalWindow: answers of the last minute, or of another span, by kind, in twelve buckets; a share counts only once
// there is a volume. Pure. Threads: one owner. Cost: no allocation; sums are kept.
#pragma once

#include <array>
#include <cstdint>

#include "base/clock.h"

namespace penstock::shaping {

enum class Signal : std::uint8_t {
  Taken,       // delivered, or refused for the recipient's or the message's sake: the receiver serves us
  Refused,     // for rate
  Deferred,    // trouble of the receiver or of the path
  Reputation,  // it doubts us
};

class SignalWindow {
 public:
  static constexpr std::size_t kBuckets = 12;
  static constexpr Duration kMinute{std::chrono::minutes{1}};

  explicit SignalWindow(Duration span = kMinute) : each_(span / kBuckets) {}

  [[nodiscard]] Duration span() const { return each_ * kBuckets; }

  void add(Signal signal, Time now) {
    roll(now);
    ++buckets_[front_][index(signal)];
    ++sums_[index(signal)];
  }
  [[nodiscard]] std::uint32_t count(Signal signal, Time now) {
    roll(now);
    return sums_[index(signal)];
  }
  [[nodiscard]] std::uint32_t volume(Time now) {
    roll(now);
    return sums_[0] + sums_[1] + sums_[2] + sums_[3];
  }
  // Of all answers; 0 while there are fewer than `volume_floor`.
  [[nodiscard]] double share(Signal signal, std::uint32_t volume_floor, Time now) {
    const std::uint32_t all = volume(now);
    return all == 0 || all < volume_floor ? 0.0 : static_cast<double>(sums_[index(signal)]) / all;
  }
  void clear() { *this = SignalWindow(span()); }

 private:
  using Counts = std::array<std::uint32_t, 4>;
  static std::size_t index(Signal signal) { return static_cast<std::size_t>(signal); }
  void roll(Time now) {
    const std::int64_t bucket = now.time_since_epoch() / each_;
    for (std::size_t steps = 0; bucket_ < bucket && steps < kBuckets; ++steps) {
      ++bucket_;
      front_ = (front_ + 1) % kBuckets;
      for (std::size_t i = 0; i < 4; ++i) sums_[i] -= buckets_[front_][i];
      buckets_[front_] = {};
    }
    if (bucket_ < bucket) bucket_ = bucket;  // all of it was older than the window
  }

  Duration each_;
  std::array<Counts, kBuckets> buckets_{};
  Counts sums_{};
  std::size_t front_ = 0;
  std::int64_t bucket_ = 0;
};

}  // namespace penstock::shaping
