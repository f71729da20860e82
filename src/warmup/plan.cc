// SPDX-License-Identifier: Apache-2.0
#include "warmup/plan.h"

#include <algorithm>
#include <cmath>

#include "base/check.h"

namespace penstock::warmup {
namespace {

// A curve that hardly rises ends nevertheless.
constexpr std::uint32_t kLongest = 10'000;

}  // namespace

std::string_view to_string(Beyond beyond) {
  switch (beyond) {
    case Beyond::Warm: return "warm";
    case Beyond::Wait: return "wait";
  }
  PENSTOCK_UNREACHABLE();
}

std::uint64_t Plan::first() const {
  return days.empty() ? std::min(curve.start, curve.cap) : days.front();
}

std::uint64_t Plan::last() const {
  return days.empty() ? curve.cap : days.back();
}

std::uint64_t Plan::after(std::uint64_t allowance) const {
  if (!days.empty()) {
    const auto next = std::upper_bound(days.begin(), days.end(), allowance);
    return next == days.end() ? days.back() : *next;
  }
  const double grown = std::ceil(static_cast<double>(allowance) * curve.growth);
  if (grown >= static_cast<double>(curve.cap)) return curve.cap;
  return std::max(static_cast<std::uint64_t>(grown), std::min(allowance + 1, curve.cap));
}

std::uint64_t Plan::of_day(std::uint32_t day) const {
  if (day == 0) return 0;
  if (!days.empty()) return day <= days.size() ? days[day - 1] : 0;
  std::uint64_t allowance = first();
  for (std::uint32_t i = 1; i < day; ++i) {
    if (allowance == last()) return 0;
    allowance = after(allowance);
  }
  return allowance;
}

std::uint32_t Plan::day_of(std::uint64_t allowance) const {
  std::uint32_t day = 1;
  for (std::uint64_t at = first(); at != last() && day < kLongest; ++day) {
    at = after(at);
    if (at > allowance) break;
  }
  return day;
}

std::uint32_t Plan::length() const {
  return day_of(last());
}

}  // namespace penstock::warmup
