// SPDX-License-Identifier: Apache-2.0
// Sizes, durations and rates as people write them: "10 MiB", "30s", "1h30m", "10/s".
//
// One grammar for the configuration, the command line and the admin API. Pure. A failed parse returns a sentence that
// says what was expected.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "base/clock.h"

namespace penstock {

// Events per span of time; "600/min" has count 600 and span one minute. count 0 means "no limit set".
struct Rate {
  double count = 0;
  Duration per{std::chrono::seconds{1}};
  [[nodiscard]] double per_second() const { return count * 1e6 / static_cast<double>(per.count()); }
  friend bool operator==(const Rate&, const Rate&) = default;
};

template <class T>
using Parsed = tl::expected<T, std::string>;

// "512", "512 B", "10 KiB", "10 MiB", "2 GiB", also kB, MB, GB (powers of 1000).
[[nodiscard]] Parsed<std::uint64_t> parse_size(std::string_view text);
// "250ms", "30s", "5m" or "5min", "2h", "3d", "1h30m". A bare number is refused: the unit is part of the value.
[[nodiscard]] Parsed<Duration> parse_duration(std::string_view text);
// "10/s", "600/min", "5000/h", "100000/d".
[[nodiscard]] Parsed<Rate> parse_rate(std::string_view text);

// The shortest exact form, which parses back to the same value: "10 MiB", "1h30m", "10/s".
[[nodiscard]] std::string format_size(std::uint64_t bytes);
[[nodiscard]] std::string format_duration(Duration duration);
[[nodiscard]] std::string format_rate(const Rate& rate);

}  // namespace penstock
