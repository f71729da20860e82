// SPDX-License-Identifier: Apache-2.0
// The operator's rules: [[action]] beside what ships, and warnings of names in rules that nothing has. Pure.
#pragma once

#include <vector>

#include "config/config.h"
#include "delivery/make_plan.h"
#include "shaping/action_book.h"

namespace penstock::delivery {

// The shipped rules, without those that `own` switches off or replaces, then its own.
[[nodiscard]] std::vector<shaping::ActionRule> action_rules_of(const std::vector<config::ActionRule>& own);

// Providers that [[limit]] and [[path]] name and nobody knows, and shipped rules that [[action]] switches off and that
// are none. What is said of them never holds; the plan can be used.
[[nodiscard]] std::vector<PlanWarning> warnings_of_rules(const config::Config& config, const Plan& plan,
                                                         const model::NameTable& names);

}  // namespace penstock::delivery
