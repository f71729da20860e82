// SPDX-License-Identifier: Apache-2.0
// Checks of warm-up plans. Whether a provider is known is seen when the plan is made, by who knows the providers.
#include <algorithm>
#include <map>
#include <string>
#include <utility>

#include "config/check.h"
#include "config/checker.h"

namespace penstock::config {
namespace {

void check_allowances(const Warmup& plan, const Entity& entity, Checker& checker) {
  for (std::size_t day = 1; day < plan.days.size(); ++day) {
    if (plan.days[day] > plan.days[day - 1]) continue;
    checker.error(entity, "days",
                  fmt::format("days must rise: day {} has {} after {}", day + 1, plan.days[day], plan.days[day - 1]));
    return;
  }
  for (const char* key : {"start", "growth", "cap"}) {
    if (plan.days.empty() || !checker.given(entity, key)) continue;
    checker.error(entity, key, fmt::format("{} has no effect beside days", key), "leave one of them out");
    return;
  }
  if (plan.days.empty() && plan.cap < plan.start) {
    checker.error(entity, checker.given(entity, "cap") ? "cap" : "start", "cap must not be below start");
  }
}

}  // namespace

void check_warmup(const Config& config, Checker& checker) {
  std::map<std::pair<std::string, std::string>, std::size_t> owner;
  const std::vector<std::string> vmtas = Checker::names_of(config.vmtas);
  for (std::size_t i = 0; i < config.warmups.size(); ++i) {
    const Warmup& plan = config.warmups[i];
    const Entity entity = Checker::entity("warmup", i, std::to_string(i + 1));
    check_allowances(plan, entity, checker);
    if (checker.given(entity, "ahead") && plan.beyond == WarmupBeyond::Wait) {
      checker.error(entity, "ahead", "ahead has no effect with beyond = \"wait\"", "leave it out");
    }
    for (const std::string& vmta : plan.vmta) {
      checker.expect_known(entity, "vmta", vmta, "vmta", vmtas, "a warm-up");
      for (const std::string& provider : plan.provider) {
        const auto [earlier, is_new] = owner.try_emplace(std::pair(vmta, provider), i);
        if (is_new) continue;
        checker.error(entity, "provider",
                      fmt::format("vmta \"{}\" has two warm-ups at \"{}\"; the first is at {}", vmta, provider,
                                  checker.where(Checker::entity("warmup", earlier->second, ""), "provider")));
      }
    }
  }
}

}  // namespace penstock::config
