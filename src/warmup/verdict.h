// SPDX-License-Identifier: Apache-2.0
// Verdict: what a day's answers say of a warm-up: go on growing, hold, or cut.
//
// One odd answer decides nothing: fewer than Bounds::least_answers answers give no verdict, and a sign counts only
// when it came kLeastSigns times (complaints kLeastComplaints). A share above its bound holds; when it is surely above
// kCutQuarter times the bound the allowance is cut by a quarter, above kCutHalf times by half.   Pure.
#pragma once

#include <cstdint>
#include <string>

#include "warmup/plan.h"

namespace penstock::warmup {

inline constexpr std::uint64_t kLeastSigns = 3;
inline constexpr std::uint64_t kLeastComplaints = 2;
inline constexpr double kCutQuarter = 1.5;
inline constexpr double kCutHalf = 3.0;

// Of one day.
struct DayCounts {
  std::uint64_t taken = 0;       // recipients the receiver took responsibility for
  std::uint64_t deferred = 0;    // attempts it deferred for what we are or send
  std::uint64_t bounced = 0;     // recipients it refused for good
  std::uint64_t complaints = 0;  // that came in
  friend bool operator==(const DayCounts&, const DayCounts&) = default;
};

enum class Step : std::uint8_t {
  Unproven,  // too little to tell: the same again
  Grow,
  Hold,        // the same again
  CutQuarter,  // less at once
  CutHalf
};
[[nodiscard]] std::string_view to_string(Step step);  // "grow", "hold", …

struct Verdict {
  Step step = Step::Unproven;
  std::string why;  // "12.4 % deferred, above 10 %"
};

// `taken_before`: what the day before took, whose complaints come in today.
[[nodiscard]] Verdict judge(const DayCounts& day, std::uint64_t allowance, std::uint64_t taken_before,
                            const Bounds& bounds);

// What is left of an allowance after that step; 1 at least.
[[nodiscard]] std::uint64_t after_cut(std::uint64_t allowance, Step step);

}  // namespace penstock::warmup
