// SPDX-License-Identifier: Apache-2.0
#include "queue/retry_plan.h"

#include <algorithm>
#include <cmath>

namespace penstock::queue {
namespace {

constexpr Duration kWithoutSchedule = std::chrono::minutes{15};

Duration wait_of(const RetrySchedule& schedule, std::uint32_t attempts) {
  if (schedule.waits.empty()) return kWithoutSchedule;
  return schedule.waits[std::min<std::size_t>(attempts, schedule.waits.size()) - 1];
}

Duration wait_of(const RetryGrowth& growth, std::uint32_t attempts) {
  const double grown = static_cast<double>(growth.first.count()) * std::pow(growth.factor, attempts - 1);
  return grown < static_cast<double>(growth.cap.count()) ? Duration{static_cast<std::int64_t>(grown)} : growth.cap;
}

}  // namespace

Duration RetryPlan::wait(std::uint32_t attempts) const {
  return std::visit([&](const auto& how) { return wait_of(how, std::max(1U, attempts)); }, waits);
}

Time RetryPlan::next_due(std::uint32_t attempts, Time received, Time now, Rng& rng) const {
  const double stretch = 1.0 + std::clamp(jitter, 0.0, 0.9) * (2.0 * rng.unit() - 1.0);
  const Duration jittered{static_cast<std::int64_t>(static_cast<double>(wait(attempts).count()) * stretch)};
  const Time due = now + std::max(jittered, kShortest);
  return std::min(due, std::max(expires_at(received), now));
}

}  // namespace penstock::queue
