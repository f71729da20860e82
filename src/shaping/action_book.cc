// SPDX-License-Identifier: Apache-2.0
#include "shaping/action_book.h"

#include <algorithm>
#include <utility>

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

// Its time is over, and what follows from that has not been done yet.
bool has_ended(const Action& action, Time now) {
  return action.recovery == Recovery::Ahead && action.until && now >= *action.until;
}

bool holds(const Action& action) {
  return action.recovery != Recovery::Over;
}

// It begins its ramp; if nobody looked for long, that is over, too.
void come_out(Action& action, Time now) {
  if (now - *action.until > ActionBook::kRampLatest) {
    action.recovery = Recovery::Over;
    return;
  }
  const bool had_rate = action.kind == ActionKind::Slow || action.kind == ActionKind::Backoff;
  const double share = action.usual > 0 ? action.usual * ActionBook::kRampShare : ActionBook::kRampRate;
  action.rate = action.ramp_from = std::max(ActionBook::kRateLeast, had_rate && action.rate > 0 ? action.rate : share);
  action.kind = ActionKind::Slow;
  action.recovery = Recovery::Ramp;
  action.answered = now;
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
           .alarm = true},
          {.id = "address-listed",
           .scope = Scope::SourceIp,
           .classes = {OutcomeClass::Blocklist},
           .per = Dimensions{Dimension::Vmta, Dimension::Provider},
           .replies = 10,
           .share = 0.5,
           .kind = ActionKind::Suspend,
           .length = 1h,
           .alarm = true}};
}

double Action::enough() const {
  return usual > 0 ? 2 * usual : std::max(50.0, 4 * ramp_from);
}

std::string Action::next() const {
  if (ramps()) return "it has ended; its rate grows with each recipient taken, until its usual limits hold again";
  if (pinned) return until ? "then its rate grows with each recipient taken" : "an operator ends it";
  if (!until) return "a person looks at it and ends it";
  return "then its rate grows with each recipient taken; if the replies come again, it is for twice as long";
}

void ActionBook::set_rules(std::vector<ActionRule> rules) {
  if (rules == rules_) return;
  std::vector<Watches> windows(rules.size());
  watched_ = 0;
  for (std::size_t i = 0; i < rules.size(); ++i) {
    const ActionRule& rule = rules[i];
    for (std::size_t old = 0; old < rules_.size(); ++old) {
      const ActionRule& before = rules_[old];
      if (before.id == rule.id && before.per == rule.per && before.span == rule.span) windows[i].swap(windows_[old]);
    }
    watched_ += windows[i].size();
  }
  const auto has = [](const std::vector<ActionRule>& all, const std::string& id) {
    return std::any_of(all.begin(), all.end(), [&](const ActionRule& rule) { return rule.id == id; });
  };
  std::erase_if(actions_, [&](const auto& entry) {
    const Action& action = entry.second;
    return !action.pinned && has(rules_, action.rule) && !has(rules, action.rule);
  });
  if (actions_.empty()) shapes_.clear();
  count_ramps();
  rules_ = std::move(rules);
  windows_ = std::move(windows);
}

const Action* ActionBook::observe(const model::Outcome& outcome, const LimitKey& facts, Time now) {
  const Action* latest = nullptr;
  const Dimensions said = facts.said();
  for (std::size_t i = 0; i < rules_.size(); ++i) {
    const ActionRule& rule = rules_[i];
    if (!rule.per.within(said)) continue;
    auto& windows = windows_[i];
    const bool counts = is_about(rule, outcome);
    if (!counts && windows.empty()) continue;
    const LimitKey key = facts.only(rule.per);
    auto found = windows.find(key);
    if (found == windows.end()) {
      if (!counts) continue;
      if (windows.size() >= kTuplesMost) forget_old(now);
      if (windows.size() >= kTuplesMost) continue;
      found = windows.emplace(key, Watch{SignalWindow(rule.span), now}).first;
      ++watched_;
    }
    SignalWindow& window = found->second.window;
    if (window.volume(now) == 0) found->second.since = now;
    window.add(counts ? Signal::Reputation : Signal::Taken, now);
    if (!counts || window.count(Signal::Reputation, now) < rule.replies) continue;
    if (window.share(Signal::Reputation, rule.volume, now) < rule.share) continue;
    if (const Action* action = act(rule, key, found->second, outcome, now)) latest = action;
  }
  if (ramps_ == 0) return latest;
  for (const Dimensions shape : shapes_) {
    if (!shape.within(said)) continue;
    const auto found = actions_.find(facts.only(shape));
    if (found != actions_.end() && found->second.ramps()) feed(found->second, outcome, now);
  }
  return latest;
}

void ActionBook::feed(Action& action, const model::Outcome& outcome, Time now) {
  if (outcome.kind == model::OutcomeKind::Delivered) {
    action.answered = now;
    action.rate += kRampGrowth;
    if (action.rate >= action.enough()) end_ramp(action);
    return;
  }
  const auto counts = [&](const ActionRule& rule) { return rule.id == action.rule && is_about(rule, outcome); };
  if (std::none_of(rules_.begin(), rules_.end(), counts)) return;
  action.answered = now;
  action.rate = std::max(action.ramp_from, action.rate / 2);
}

bool ActionBook::in_force(Action& action, Time now) {
  if (!has_ended(action, now)) return holds(action);
  const ActionKind kind = action.kind;
  come_out(action, now);
  if (action.ramps()) {
    turns_.push_back({action.key, kind, action.rate});
    ++ramps_;
  }
  return holds(action);
}

void ActionBook::end_ramp(Action& action) {
  action.recovery = Recovery::Over;
  --ramps_;
  turns_.push_back({action.key, action.kind, 0});
}

void ActionBook::count_ramps() {
  ramps_ = static_cast<std::size_t>(
      std::count_if(actions_.begin(), actions_.end(), [](const auto& entry) { return entry.second.ramps(); }));
}

const Action* ActionBook::act(const ActionRule& rule, const LimitKey& key, Watch& watch, const model::Outcome& outcome,
                              Time now) {
  const auto before = actions_.find(key);
  const bool known = before != actions_.end();
  if (known && in_force(before->second, now) && !before->second.ramps() &&
      (before->second.pinned || before->second.kind >= rule.kind)) {
    return nullptr;
  }
  const bool again =
      known && before->second.rule == rule.id && before->second.until && now - *before->second.until < rule.longest;
  Action action{.kind = rule.kind, .key = key, .rule = rule.id};
  action.repetitions = again ? std::min(before->second.repetitions + 1, 16U) : 0;
  action.reply = outcome.reply.to_string();
  action.replies = watch.window.count(Signal::Reputation, now);
  action.answers = watch.window.volume(now);
  action.since = now;
  action.alarm = rule.alarm || outcome.alarm;
  const auto counted = std::chrono::duration<double>(now - watch.since).count();
  const double sent =
      action.answers / std::clamp(counted, 1.0, std::max(1.0, std::chrono::duration<double>(rule.span).count()));
  // Who was slowed until now sent no more than that; before it he sent more.
  const bool was_slowed = known && in_force(before->second, now);
  action.usual = was_slowed ? std::max(sent, before->second.usual) : sent;
  if (rule.kind == ActionKind::Slow || rule.kind == ActionKind::Backoff) {
    action.rate = std::max(kRateLeast, rule.rate > 0 ? rule.rate : sent * rule.factor);
  }
  if (rule.length > Duration::zero()) {
    action.until = now + std::min(rule.longest, rule.length * (std::int64_t{1} << action.repetitions));
  }
  watch = {SignalWindow(rule.span), now};
  put(std::move(action));
  return &actions_.find(key)->second;
}

void ActionBook::put(Action action) {
  const Dimensions shape = action.key.said();
  if (std::find(shapes_.begin(), shapes_.end(), shape) == shapes_.end()) shapes_.push_back(shape);
  const bool has_rate = action.kind == ActionKind::Slow || action.kind == ActionKind::Backoff;
  if (has_rate && !action.pinned) action.rate = std::max(action.rate, kRateLeast);
  Action& slot = actions_[LimitKey{action.key}];
  slot = std::move(action);
  count_ramps();
}

const Action* ActionBook::at(const LimitKey& key, Time now) {
  const auto found = actions_.find(key);
  return found == actions_.end() || !in_force(found->second, now) ? nullptr : &found->second;
}

const Action* ActionBook::find(const LimitKey& facts, Time now) {
  const Action* strongest = nullptr;
  const Dimensions said = facts.said();
  for (const Dimensions shape : shapes_) {
    if (!shape.within(said)) continue;
    const Action* action = at(facts.only(shape), now);
    if (action == nullptr) continue;
    if (strongest == nullptr || action->kind > strongest->kind ||
        (action->kind == strongest->kind && action->rate < strongest->rate)) {
      strongest = action;
    }
  }
  return strongest;
}

void ActionBook::pin(Action action) {
  action.pinned = true;
  put(std::move(action));
}

bool ActionBook::clear(const LimitKey& key) {
  for (auto& windows : windows_) watched_ -= windows.erase(key);
  const bool was_there = actions_.erase(key) > 0;
  if (actions_.empty()) shapes_.clear();
  count_ramps();
  return was_there;
}

void ActionBook::forget_old(Time now) {
  watched_ = 0;
  for (auto& windows : windows_) {
    boost::unordered::erase_if(windows, [now](auto& entry) { return entry.second.window.volume(now) == 0; });
    watched_ += windows.size();
  }
  Duration memory{0};
  for (const ActionRule& rule : rules_) memory = std::max(memory, rule.longest);
  for (auto& [key, action] : actions_) {
    if (in_force(action, now) && action.ramps() && now - action.answered > kRampQuiet) end_ramp(action);
  }
  std::erase_if(actions_, [&](const auto& entry) {
    return !entry.second.ramps() && entry.second.until && *entry.second.until + memory < now;
  });
  if (actions_.empty()) shapes_.clear();
}

std::vector<ActionBook::Turn> ActionBook::take_turns(Time now) {
  for (auto& [key, action] : actions_) static_cast<void>(in_force(action, now));
  return std::exchange(turns_, {});
}

std::optional<Time> ActionBook::next_end(Time now) const {
  std::optional<Time> next;
  for (const auto& [key, action] : actions_) {
    if (!action.until || action.recovery != Recovery::Ahead) continue;
    const Time at = std::max(*action.until, now);
    if (!next || at < *next) next = at;
  }
  return turns_.empty() ? next : now;
}

std::vector<Action> ActionBook::list(Time now) const {
  std::vector<Action> all;
  for (const auto& [key, action] : actions_) {
    Action then = action;
    if (has_ended(then, now)) come_out(then, now);
    if (holds(then)) all.push_back(std::move(then));
  }
  std::sort(all.begin(), all.end(), [](const Action& a, const Action& b) { return a.since < b.since; });
  return all;
}

void ActionBook::restore(std::vector<Action> actions) {
  for (Action& action : actions) put(std::move(action));
}

}  // namespace penstock::shaping
