// SPDX-License-Identifier: Apache-2.0
#include "delivery/own_rules.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/check.h"
#include "config/nearest.h"

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

std::vector<PlanWarning> warnings_of_rules(const config::Config& config, const Plan& plan,
                                           const model::NameTable& names) {
  std::vector<PlanWarning> warnings;
  std::vector<std::string> providers, shipped;
  for (const model::NameId provider : plan.provider_names) providers.emplace_back(names.view(provider));
  for (const shaping::ActionRule& rule : shaping::shipped_action_rules()) shipped.push_back(rule.id);
  const auto look_at = [&](std::string part, const char* what, const std::string& given,
                           const std::vector<std::string>& known, const char* otherwise) {
    if (given.empty() || std::find(known.begin(), known.end(), given) != known.end()) return;
    std::string hint = config::did_you_mean(given, known);
    if (hint.empty()) hint = otherwise;
    warnings.push_back({std::move(part), fmt::format("{} \"{}\" is not known", what, given), std::move(hint)});
  };
  const char* const declare = "declare it with [[provider]], or name one of docs/providers.md";
  for (const config::Limit& limit : config.limits) {
    // "*" is each; sites and fixed routes stand in a provider's place under their own name.
    if (limit.provider == "*" || limit.provider.find(':') != std::string::npos) continue;
    look_at("limit " + limit.name, "provider", limit.provider, providers, declare);
  }
  for (std::size_t i = 0; i < config.paths.size(); ++i) {
    look_at(fmt::format("path {}", i + 1), "provider", config.paths[i].provider, providers, declare);
  }
  for (const config::ActionRule& rule : config.actions) {
    if (rule.what != ActionWhat::Off) continue;
    look_at("action " + rule.name, "shipped rule", rule.name, shipped, "docs/shaping.md lists what ships");
  }
  return warnings;
}

}  // namespace penstock::delivery
