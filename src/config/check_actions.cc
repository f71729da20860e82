// SPDX-License-Identifier: Apache-2.0
// Checks of [[action]]. Whether a rule that is switched off ships is seen when the plan is made.
#include "config/checker.h"

namespace penstock::config {
namespace {

void check_action(const ActionRule& rule, const Entity& entity, Checker& checker) {
  const std::string of = fmt::format("action \"{}\"", rule.name);
  const auto useless = [&](const char* key, const std::string& beside) {
    if (!checker.given(entity, key)) return;
    checker.error(entity, key, fmt::format("{} has no effect with {}", key, beside), "leave it out");
  };
  if (rule.what == ActionWhat::Off) {
    for (const char* key : {"per", "scope", "classes", "alarms_only", "replies", "share", "volume", "span", "factor",
                            "rate", "length", "longest", "alarm"}) {
      useless(key, "what = \"off\"");
    }
    return;
  }
  if (rule.what == ActionWhat::Suspend || rule.what == ActionWhat::Stop) {
    for (const char* key : {"factor", "rate"}) useless(key, "an action that lets nothing through");
  }
  if (checker.given(entity, "factor")) {
    if (rule.rate.count > 0) useless("factor", "rate");
  }
  if (rule.length == Duration::zero()) useless("longest", "length = \"off\"");
  if (rule.length > rule.longest) {
    checker.error(entity, checker.given(entity, "longest") ? "longest" : "length",
                  "longest must not be shorter than length", "lengthen longest, or shorten length");
  }
  if (rule.volume > rule.replies && rule.share == 0 && checker.given(entity, "volume")) useless("volume", "share = 0");
  if (rule.scope.empty() && rule.classes.empty() && !rule.alarms_only) {
    checker.error(entity, "", of + " counts every refusal, whatever it is about", "give scope or classes");
  }
}

}  // namespace

void check_actions(const Config& config, Checker& checker) {
  checker.expect_unique("action", config.actions);
  for (std::size_t i = 0; i < config.actions.size(); ++i) {
    check_action(config.actions[i], Checker::entity("action", i, config.actions[i].name), checker);
  }
}

}  // namespace penstock::config
