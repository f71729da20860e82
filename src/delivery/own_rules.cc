// SPDX-License-Identifier: Apache-2.0
#include "delivery/own_rules.h"

#include <algorithm>

#include "base/check.h"

namespace penstock::delivery {
namespace {

using config::ActionWhat;

shaping::ActionKind kind_of(ActionWhat what) {
  switch (what) {
    case ActionWhat::Slow: return shaping::ActionKind::Slow;
    case ActionWhat::Backoff: return shaping::ActionKind::Backoff;
    case ActionWhat::Suspend: return shaping::ActionKind::Suspend;
    case ActionWhat::Off:
    case ActionWhat::Stop: return shaping::ActionKind::Stop;
  }
  PENSTOCK_UNREACHABLE();
}

// A rule counts where the receiver's mail goes out, so the receiver is always of its tuple. The loader knows the words.
shaping::ActionRule rule_of(const config::ActionRule& from) {
  shaping::ActionRule rule;
  rule.id = from.name;
  rule.scope = model::parse_scope(from.scope).value_or(model::Scope::None);
  for (const std::string& name : from.classes) {
    if (const auto known = model::parse_outcome_class(name)) rule.classes.push_back(*known);
  }
  rule.alarms_only = from.alarms_only;
  rule.per.add(shaping::Dimension::Provider);
  for (const std::string& name : from.per) {
    if (const auto known = shaping::parse_dimension(name)) rule.per.add(*known);
  }
  rule.replies = from.replies;
  rule.share = from.share;
  rule.volume = from.volume;
  rule.span = from.span;
  rule.kind = kind_of(from.what);
  rule.factor = from.factor;
  rule.rate = from.rate.count > 0 ? from.rate.per_second() : 0;
  rule.length = from.length;
  rule.longest = from.longest;
  rule.alarm = from.alarm;
  return rule;
}

}  // namespace

std::vector<shaping::ActionRule> action_rules_of(const std::vector<config::ActionRule>& own) {
  std::vector<shaping::ActionRule> rules = shaping::shipped_action_rules();
  std::erase_if(rules, [&](const shaping::ActionRule& shipped) {
    return std::any_of(own.begin(), own.end(), [&](const auto& other) { return other.name == shipped.id; });
  });
  for (const config::ActionRule& rule : own) {
    if (rule.what != ActionWhat::Off) rules.push_back(rule_of(rule));
  }
  return rules;
}

}  // namespace penstock::delivery
