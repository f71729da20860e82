// SPDX-License-Identifier: Apache-2.0
#include "shaping/action_book.h"

#include <algorithm>

#include "base/check.h"

namespace penstock::shaping {
namespace {

using model::OutcomeClass;
using model::Scope;

bool is_about(const ActionRule& rule, const model::Outcome& outcome) {
  if (outcome.kind == model::OutcomeKind::Delivered) return false;
  if (rule.alarms_only && !outcome.alarm) return false;
  if (rule.scope != Scope::None && outcome.scope != rule.scope) return false;
  return rule.classes.empty() ||
         std::find(rule.classes.begin(), rule.classes.end(), outcome.outcome_class) != rule.classes.end();
}

}  // namespace

std::string_view to_string(ActionKind kind) {
  switch (kind) {
    case ActionKind::Slow: return "slow";
    case ActionKind::Backoff: return "backoff";
    case ActionKind::Suspend: return "suspend";
    case ActionKind::Stop: return "stop";
  }
  PENSTOCK_UNREACHABLE();
}

std::vector<ActionRule> shipped_action_rules() {
  using namespace std::chrono_literals;
  const Dimensions domain{Dimension::SenderDomain, Dimension::Provider};
  const Dimensions signer{Dimension::DkimDomain, Dimension::Provider};
  const Dimensions campaign{Dimension::Campaign, Dimension::Provider};
  const std::vector<OutcomeClass> doubts{OutcomeClass::Reputation, OutcomeClass::SpamContent, OutcomeClass::RateLimit,
                                         OutcomeClass::Blocklist, OutcomeClass::Policy};
  return {{.id = "authentication-fails",
           .scope = Scope::SenderDomain,
           .classes = {OutcomeClass::Authentication},
           .per = domain,
           .replies = 5,
           .share = 0.5,
           .volume = 5,
           .kind = ActionKind::Stop,
           .length = 0s,
           .alarm = true},
          {.id = "sender-domain-doubted", .scope = Scope::SenderDomain, .classes = doubts, .per = domain},
          {.id = "dkim-domain-doubted", .scope = Scope::DkimDomain, .classes = doubts, .per = signer},
          {.id = "campaign-doubted",
           .scope = Scope::Campaign,
           .classes = doubts,
           .per = campaign,
           .replies = 10,
           .kind = ActionKind::Suspend,
           .length = 1h},
          {.id = "linked-domain-doubted",
           .scope = Scope::UrlDomain,
           .classes = doubts,
           .per = campaign,
           .replies = 10,
           .kind = ActionKind::Suspend,
           .length = 1h,
           .alarm = true}};
}

std::string Action::next() const {
  if (pinned) return "an operator ends it";
  if (!until) return "a person looks at it and ends it";
  return kind == ActionKind::Suspend ? "then it is tried again; if the replies come again, for twice as long"
                                     : "then its usual limits hold again; if the replies come again, for twice as long";
}

const Action* ActionBook::observe(const model::Outcome& outcome, const LimitKey& facts, Time now) {
  const Action* latest = nullptr;
  const Dimensions said = facts.said();
  for (std::size_t i = 0; i < rules_.size(); ++i) {
    const ActionRule& rule = rules_[i];
    if (!rule.per.within(said)) continue;
    auto& windows = windows_[i];
    if (windows.size() >= kTuplesMost) {
      boost::unordered::erase_if(windows, [now](auto& entry) { return entry.second.volume(now) == 0; });
    }
    const bool counts = is_about(rule, outcome);
    const LimitKey key = facts.only(rule.per);
    SignalWindow& window = windows[key];
    window.add(counts ? Signal::Reputation : Signal::Taken, now);
    if (!counts || window.count(Signal::Reputation, now) < rule.replies) continue;
    if (window.share(Signal::Reputation, rule.volume, now) < rule.share) continue;
    if (const Action* action = act(rule, key, window, outcome, now)) latest = action;
  }
  return latest;
}

const Action* ActionBook::act(const ActionRule& rule, const LimitKey& key, SignalWindow& window,
                              const model::Outcome& outcome, Time now) {
  Action& action = actions_[key];
  const bool there = !action.rule.empty() && in_force(action, now);
  if (there && (action.pinned || action.kind >= rule.kind)) return nullptr;
  const bool again = action.rule == rule.id && action.until && now - *action.until < rule.longest;
  const std::uint32_t repetitions = again ? std::min(action.repetitions + 1, 16U) : 0;
  action = Action{.kind = rule.kind, .key = key, .factor = rule.factor, .rule = rule.id};
  action.reply = outcome.reply.to_string();
  action.replies = window.count(Signal::Reputation, now);
  action.answers = window.volume(now);
  action.since = now;
  action.alarm = rule.alarm || outcome.alarm;
  action.repetitions = repetitions;
  if (rule.length > Duration::zero()) {
    action.until = now + std::min(rule.longest, rule.length * (std::int64_t{1} << repetitions));
  }
  window.clear();
  return &action;
}

const Action* ActionBook::find(const LimitKey& facts, Time now) const {
  const Action* strongest = nullptr;
  for (const auto& [key, action] : actions_) {
    if (!in_force(action, now) || !key.covers(facts)) continue;
    if (strongest == nullptr || action.kind > strongest->kind ||
        (action.kind == strongest->kind && action.factor < strongest->factor)) {
      strongest = &action;
    }
  }
  return strongest;
}

void ActionBook::pin(Action action) {
  action.pinned = true;
  const LimitKey key = action.key;
  actions_[key] = std::move(action);
}

bool ActionBook::clear(const LimitKey& key) {
  for (auto& windows : windows_) windows.erase(key);
  return actions_.erase(key) > 0;
}

std::vector<Action> ActionBook::list(Time now) const {
  std::vector<Action> all;
  for (const auto& [key, action] : actions_) {
    if (in_force(action, now)) all.push_back(action);
  }
  std::sort(all.begin(), all.end(), [](const Action& a, const Action& b) { return a.since < b.since; });
  return all;
}

void ActionBook::restore(std::vector<Action> actions) {
  for (Action& action : actions) {
    const LimitKey key = action.key;
    actions_[key] = std::move(action);
  }
}

}  // namespace penstock::shaping
