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

void warn_if_in_no_pool(const Config& config, const std::string& vmta, const Entity& entity, Checker& checker) {
  const bool pooled = std::any_of(config.pools.begin(), config.pools.end(), [&](const Pool& pool) {
    return std::any_of(pool.members.begin(), pool.members.end(),
                       [&](const PoolMember& member) { return member.vmta == vmta; });
  });
  if (pooled || config.find_vmta(vmta) == nullptr) return;
  checker.warn(entity, "vmta",
               fmt::format("vmta \"{}\" is in no pool: its warm-up counts only mail that asks for it by name", vmta),
               "add it to a [[pool]], or take it out of the warm-up");
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
      warn_if_in_no_pool(config, vmta, entity, checker);
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
