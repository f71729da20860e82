// SPDX-License-Identifier: Apache-2.0
// Times as people write them, for tests.
#pragma once

#include <chrono>
#include <cstdint>
#include <fstream>
#include <iterator>
#include <string>

#include "base/clock.h"

namespace penstock::queue {

// Seconds since 1970-01-01 00:00 of a date and time on some clock.
constexpr std::int64_t civil(int year, unsigned month, unsigned day, int hour, int minute = 0, int second = 0) {
  const std::chrono::sys_days date{std::chrono::year{year} / std::chrono::month{month} / std::chrono::day{day}};
  return date.time_since_epoch().count() * std::int64_t{86400} + hour * 3600 + minute * 60 + second;
}

inline Time utc(int year, unsigned month, unsigned day, int hour, int minute = 0, int second = 0) {
  return Time{std::chrono::seconds{civil(year, month, day, hour, minute, second)}};
}

// A file of the system's time zones.
inline std::string zone_bytes(const std::string& name) {
  std::ifstream file("/usr/share/zoneinfo/" + name, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace penstock::queue
