// SPDX-License-Identifier: Apache-2.0
#include "delivery/judge.h"

#include <algorithm>
#include <iterator>

#include "base/check.h"
#include "base/log.h"

namespace penstock::delivery {
namespace {

bool to_be_judged(const model::Outcome& outcome) {
  return outcome.kind != model::OutcomeKind::Delivered && outcome.reply.code >= 400;
}

constexpr std::string_view kSignInRule = "relay-sign-in";

}  // namespace

void Judge::judge(std::span<model::Outcome> outcomes, std::string_view provider) {
  PENSTOCK_CHECK(classifier_ != nullptr);
  const model::Outcome* last = nullptr;
  for (model::Outcome& outcome : outcomes) {
    if (!to_be_judged(outcome)) continue;
    if (last != nullptr && last->step == outcome.step && last->reply == outcome.reply) {
      outcome = *last;
    } else {
      classify::apply(classifier_->classify(outcome.reply, outcome.step, provider), outcome);
    }
    if (outcome.alarm) raise(outcome, provider);
    last = &outcome;
  }
}

void Judge::judge_connection(model::Outcome& failure, std::string_view provider) {
  PENSTOCK_CHECK(classifier_ != nullptr);
  if (!to_be_judged(failure)) return;
  classify::apply(classifier_->classify(failure.reply, failure.step, provider), failure);
  failure.kind = model::OutcomeKind::Deferred;  // as no verdict before MAIL is final; and whatever the step
  if (failure.alarm) raise(failure, provider);
}

void Judge::sign_in_failed(model::Outcome& failure, std::string_view host) {
  failure.kind = model::OutcomeKind::Deferred;
  // A lost link says nothing about the account.
  if (failure.outcome_class != model::OutcomeClass::Authentication) return;
  failure.alarm = true;
  failure.rule = kSignInRule;
  raise(failure, host);
}

std::vector<ConfigurationAlarm> Judge::alarms() const {
  const Time wall = clock_.wall();
  std::vector<ConfigurationAlarm> recent;
  std::copy_if(alarms_.begin(), alarms_.end(), std::back_inserter(recent),
               [wall](const ConfigurationAlarm& alarm) { return wall - alarm.last < kAlarmKept; });
  return recent;
}

void Judge::keep(const model::Outcome& outcome, std::string_view provider) {
  const Time wall = clock_.wall();
  auto found = std::find_if(alarms_.begin(), alarms_.end(), [&](const ConfigurationAlarm& alarm) {
    return alarm.rule == outcome.rule && alarm.provider == provider;
  });
  if (found != alarms_.end() && wall - found->last >= kAlarmKept) {
    alarms_.erase(found);  // begins anew
    found = alarms_.end();
  }
  if (found == alarms_.end()) {
    if (alarms_.size() == kAlarmsMax) {
      alarms_.erase(std::min_element(alarms_.begin(), alarms_.end(),
                                     [](const auto& a, const auto& b) { return a.last < b.last; }));
    }
    found = alarms_.insert(
        alarms_.end(), {std::string(outcome.rule), std::string(provider), outcome.outcome_class, 0, wall, wall, {}});
  }
  ++found->count;
  found->last = wall;
  found->reply = outcome.reply.to_string();
}

void Judge::raise(const model::Outcome& outcome, std::string_view provider) {
  probe_.configuration_alarms.add();
  keep(outcome, provider);
  const Time now = clock_.now();
  const auto [at, is_new] = raised_.emplace(outcome.rule, now);
  if (!is_new && now - at->second < kAlarmEvery) return;
  at->second = now;
  log::warn("delivery", "our configuration is at fault for {}: {} (rule {}, {})",
            provider.empty() ? "a receiver" : provider, outcome.reply.to_string(), outcome.rule,
            to_string(outcome.outcome_class));
}

}  // namespace penstock::delivery
