// SPDX-License-Identifier: Apache-2.0
#include "warmup/verdict.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/check.h"

namespace penstock::warmup {
namespace {

struct Sign {
  std::string_view what;
  std::uint64_t count, of;
  double bound;
  std::uint64_t least;
};

Step step_of(const Sign& sign) {
  if (sign.count < sign.least || sign.of == 0) return Step::Grow;
  const double share = static_cast<double>(sign.count) / static_cast<double>(sign.of);
  // A day is looked at after every answer, and three in thirty are soon together by chance: a cut needs a count that
  // chance explains in one case of twenty at most (of a Poisson count the root has a standard deviation of a half).
  constexpr double kDoubt = 1.645;
  const double root = std::max(0.0, std::sqrt(static_cast<double>(sign.count)) - kDoubt / 2);
  const double surely = root * root / static_cast<double>(sign.of);
  if (surely > sign.bound * kCutHalf) return Step::CutHalf;
  if (surely > sign.bound * kCutQuarter) return Step::CutQuarter;
  return share > sign.bound ? Step::Hold : Step::Grow;
}

}  // namespace

std::string_view to_string(Step step) {
  switch (step) {
    case Step::Unproven: return "unproven";
    case Step::Grow: return "grow";
    case Step::Hold: return "hold";
    case Step::CutQuarter: return "cut by a quarter";
    case Step::CutHalf: return "cut by half";
  }
  PENSTOCK_UNREACHABLE();
}

Verdict judge(const DayCounts& day, std::uint64_t allowance, std::uint64_t taken_before, const Bounds& bounds) {
  const std::uint64_t answers = day.taken + day.deferred + day.bounced;
  // Complaints are about what was sent before; they count even on a day without mail.
  const std::uint64_t complained_of = std::max(day.taken, taken_before);
  Verdict worst{Step::Grow, ""};
  for (const Sign& sign : {Sign{"deferred", day.deferred, answers, bounds.deferral, kLeastSigns},
                           Sign{"bounced", day.bounced, answers, bounds.bounce, kLeastSigns},
                           Sign{"complaints", day.complaints, complained_of, bounds.complaint, kLeastComplaints}}) {
    if (sign.of < bounds.least_answers) continue;
    const Step step = step_of(sign);
    if (step <= worst.step) continue;
    const double share = 100.0 * static_cast<double>(sign.count) / static_cast<double>(sign.of);
    worst = {step, fmt::format("{:.3g} % {}, above {:.3g} %", share, sign.what, 100 * sign.bound)};
  }
  if (worst.step != Step::Grow) return worst;
  const auto wanted = static_cast<double>(allowance) * bounds.least_used;
  if (static_cast<double>(day.taken) < wanted || day.taken == 0) {
    return {Step::Unproven,
            fmt::format("{} of {} taken, less than {:.3g} %", day.taken, allowance, 100 * bounds.least_used)};
  }
  return {Step::Grow, fmt::format("{} of {} taken, no bad signs", day.taken, allowance)};
}

std::uint64_t after_cut(std::uint64_t allowance, Step step) {
  const std::uint64_t left = step == Step::CutQuarter ? allowance - allowance / 4
                             : step == Step::CutHalf  ? allowance / 2
                                                      : allowance;
  return std::max<std::uint64_t>(left, 1);
}

}  // namespace penstock::warmup
