// SPDX-License-Identifier: Apache-2.0
// The operator's rules: [[action]] beside what ships. Pure.
#pragma once

#include <vector>

#include "config/config.h"
#include "shaping/action_book.h"

namespace penstock::delivery {

// The shipped rules, without those that `own` switches off or replaces, then its own.
[[nodiscard]] std::vector<shaping::ActionRule> action_rules_of(const std::vector<config::ActionRule>& own);

}  // namespace penstock::delivery
