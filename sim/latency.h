// SPDX-License-Identifier: Apache-2.0
// Latencies: how long answers took, in buckets that are at most 7 % wide, so that percentiles cost no memory.
//
// From 1 µs to 19 hours; more counts as the last bucket.   Threads: one owner; add_to() merges.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "base/clock.h"

namespace penstock::sim {

class Latencies {
 public:
  void add(Duration span) {
    const auto us = static_cast<std::uint64_t>(span.count() < 0 ? 0 : span.count());
    ++counts_[index_of(us)];
    ++total_;
    if (us > max_) max_ = us;
  }
  void add_to(Latencies& sum) const {
    for (std::size_t i = 0; i < counts_.size(); ++i) sum.counts_[i] += counts_[i];
    sum.total_ += total_;
    if (max_ > sum.max_) sum.max_ = max_;
  }
  // The span that `share` (0 to 1) of the answers did not exceed; zero when there were none.
  [[nodiscard]] Duration percentile(double share) const {
    const auto wanted = static_cast<std::uint64_t>(share * static_cast<double>(total_));
    std::uint64_t seen = 0;
    for (std::size_t i = 0; i < counts_.size(); ++i) {
      seen += counts_[i];
      if (seen > wanted || (seen == total_ && total_ != 0)) {
        return Duration{static_cast<std::int64_t>(std::min(upper_bound(i), max_))};
      }
    }
    return Duration{0};
  }
  [[nodiscard]] Duration max() const { return Duration{static_cast<std::int64_t>(max_)}; }

 private:
  // Below 16 each value has its bucket; above, each power of two has 16.
  static std::size_t index_of(std::uint64_t us) {
    if (us < 16) return us;
    const auto power = static_cast<std::size_t>(std::bit_width(us)) - 1;
    const std::size_t index = (power - 3) * 16 + ((us >> (power - 4)) & 15);
    return index < kBuckets ? index : kBuckets - 1;
  }
  static std::uint64_t upper_bound(std::size_t index) {
    if (index < 16) return index;
    const std::size_t power = index / 16 + 3;
    return ((std::uint64_t{16} + index % 16 + 1) << (power - 4)) - 1;
  }
  static constexpr std::size_t kBuckets = 16 * 34;
  std::array<std::uint64_t, kBuckets> counts_{};
  std::uint64_t total_ = 0;
  std::uint64_t max_ = 0;
};

}  // namespace penstock::sim
