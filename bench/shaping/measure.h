// SPDX-License-Identifier: Apache-2.0
// Measure: what a run is judged by. bench/shaping/README.md defines each figure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/clock.h"

namespace penstock::bench {

struct Figures {
  std::uint64_t seed = 0;
  std::string scenario;
  double goodput_share = 0;
  double refused_share = 0;
  double settle_s = 0;        // the 95th percentile …
  double settle_worst_s = 0;  // … and the longest
  std::uint64_t steps = 0;    // that were measured
  double unfairness = 0;
  double transactional_p99_s = 0;
  std::uint64_t snowshoe = 0;
  std::uint64_t delivered = 0, attempts = 0, refused = 0, left = 0;
  double simulated_s = 0, cpu_s = 0;
  struct PerProvider {
    std::string name;
    double taken = 0, allowed = 0, refused = 0, attempts = 0;
  };
  std::vector<PerProvider> providers;
};

// Of one path, second by second.
struct PathMeasure {
  struct Second {
    float allowed = 0;  // 0 while nothing waits
    std::uint32_t taken = 0, refused = 0;
  };
  std::vector<Second> seconds;
  std::vector<std::uint32_t> by_flow;    // taken while all flows waited
  std::uint32_t taken = 0, refused = 0;  // in the second that runs
};

struct Settled {
  double seconds = 0;
  bool whole = true;  // false: the mail or the time ended first
};
// How long after `from` (a second) the path is settled again, looking no further than `until`.
[[nodiscard]] Settled settle_time(const PathMeasure& path, std::size_t from, std::size_t until);

struct Measure {
  std::uint64_t delivered = 0, attempts = 0, refused = 0, snowshoe = 0;
  std::vector<double> transactional;  // delays
};

[[nodiscard]] double percentile(std::vector<double> values, double share);

// For the picture: one path's limits as hidden and as found.
struct PlotSeries {
  std::string title;
  std::string unit;
  std::vector<float> hidden, ours, taken;
};
[[nodiscard]] std::string draw_svg(const std::vector<PlotSeries>& series);

}  // namespace penstock::bench
