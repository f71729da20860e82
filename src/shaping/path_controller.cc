// SPDX-License-Identifier: Apache-2.0
#include "shaping/path_controller.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "model/class_policy.h"

namespace penstock::shaping {
namespace {

using model::OutcomeClass;
using model::Scope;

ConnectionRange connection_range(const Limits& limits, const AdaptivePolicy& policy) {
  ConnectionRange range{limits.connections_floor, limits.connections_start, limits.connections};
  if (range.floor == 0) range.floor = 1;
  if (range.start == 0) range.start = std::max(range.floor, policy.connections_start);
  return range;
}

RateRange rate_range(const Limits& limits) {
  RateRange range{limits.message_rate_floor.per_second(), limits.message_rate_start.per_second(),
                  limits.message_rate.per_second()};
  if (range.start <= 0) range.start = range.floor;
  if (range.floor <= 0) range.floor = std::min(range.start, 1.0) / 20;
  return range;
}

Scope scope_of(const model::Outcome& outcome) {
  return outcome.scope == Scope::None ? model::policy_of(outcome.outcome_class).scope : outcome.scope;
}

bool speaks_of_path(Scope scope) {
  return scope == Scope::SourceIp || scope == Scope::IpRange || scope == Scope::ReceivingHost;
}

Signal signal_of(const model::Outcome& outcome) {
  if (outcome.kind == model::OutcomeKind::Delivered || !speaks_of_path(scope_of(outcome))) return Signal::Taken;
  switch (outcome.outcome_class) {
    case OutcomeClass::RateLimit:
    case OutcomeClass::TooManyConnections: return Signal::Refused;
    case OutcomeClass::Reputation:
    case OutcomeClass::Blocklist:
    case OutcomeClass::SpamContent:
    case OutcomeClass::Policy: return Signal::Reputation;
    default: return Signal::Deferred;
  }
}

}  // namespace

PathController::PathController(const Limits& limits, const AdaptivePolicy& policy, Time now)
    : limits_(limits), policy_(policy) {
  if (limits.adaptive_rate()) rate_.emplace(rate_range(limits), policy, now);
  if (limits.adaptive_connections()) connections_.emplace(connection_range(limits, policy), policy, now);
}

void PathController::observe(const model::Outcome& outcome, const AttemptFacts& facts, std::uint32_t connections,
                             bool pressed, Time now) {
  remember_good();
  const Signal signal = signal_of(outcome);
  window_.add(signal, now);
  if (facts.whole > Duration::zero()) transaction_ += (facts.whole - transaction_) / 16;
  if (signal == Signal::Taken) {
    served_at_ = now;
    if (rate_) rate_->answered(pressed, facts.whole, now);
    if (connections_) connections_->carried(connections, facts.backlog && !pressed, now);
    if (slowed_) make_good();
  } else if (outcome.outcome_class == OutcomeClass::TooManyConnections) {
    connection_refused(outcome, connections == 0 ? 0 : connections - 1, now);
  } else if (signal == Signal::Refused && rate_) {
    if (rate_->refused(now) == RateController::Effect::Cut) {
      note(fmt::format("rate: refused for rate; now {:.3g}/s", rate_->rate()), outcome, now);
    }
  }
  if (signal != Signal::Taken) {
    keep_wait(outcome, now);
    watch_shares(outcome, now);
  }
  const std::pair<model::Step, Duration> steps[] = {
      {model::Step::Mail, facts.mail}, {model::Step::Rcpt, facts.rcpt}, {model::Step::EndOfData, facts.end_of_data}};
  for (const auto& [step, took] : steps) {
    if (!latency_.observe(step, took, policy_.latency_factor, policy_.latency_volume) || now < hold_until_) continue;
    slow(fmt::format("latency: answers at {} take {:.1f} times as long as usual, or more", model::to_string(step),
                     policy_.latency_factor),
         outcome, now);
  }
}

void PathController::connection_refused(const model::Outcome& outcome, std::uint32_t accepted, Time now) {
  if (!connections_) return;
  remember_good();
  if (connections_->refused(accepted, now) == ConnectionController::Effect::None) return;
  note(fmt::format("connections: {} are taken, one more was refused", connections_->limit()), outcome, now);
}

void PathController::keep_wait(const model::Outcome& outcome, Time now) {
  if (!outcome.wait || *outcome.wait <= Duration::zero()) return;
  const Time until = now + *outcome.wait;
  if (until <= suspended_until_) return;
  suspended_until_ = until;
  rest_until(until, policy_.backoff_share, now);
  note(fmt::format("wait: the receiver asks for {}", format_duration(*outcome.wait)), outcome, now);
}

void PathController::watch_shares(const model::Outcome& outcome, Time now) {
  if (now < hold_until_ || suspended(now)) return;
  const double doubts = window_.share(Signal::Reputation, policy_.deferral_volume, now);
  const double refused = window_.share(Signal::Refused, policy_.deferral_volume, now);
  const double deferred = window_.share(Signal::Deferred, policy_.deferral_volume, now);
  if (doubts >= policy_.reputation_share && window_.count(Signal::Reputation, now) >= policy_.reputation_replies) {
    return back_off(fmt::format("reputation: {:.0f} % of the last minute's {} answers doubt this sender", doubts * 100,
                                window_.volume(now)),
                    outcome, now);
  }
  if (refused >= policy_.floor_share && at_floor()) {
    return back_off(fmt::format("rate: {:.0f} % refused at the lowest rate", refused * 100), outcome, now);
  }
  if (deferred < policy_.deferral_share) return;
  slow(fmt::format("deferrals: {:.0f} % of the last minute's {} answers", deferred * 100, window_.volume(now)), outcome,
       now);
}

// An episode lasts from its first signal until the limits are what they were before it.
void PathController::remember_good() {
  if (slowed_) return;
  good_rate_ = rate_ ? rate_->rate() : 0;
  good_connections_ = connections_ ? connections_->limit() : 0;
}

void PathController::make_good() {
  if (rate_ && rate_->rate() < good_rate_ * policy_.near_ceiling) return;
  if (connections_ && connections_->limit() < good_connections_) return;
  slowed_ = false;
}

bool PathController::at_floor() const {
  return (!rate_ || rate_->at_floor()) && (!connections_ || connections_->at_floor() || rate_);
}

void PathController::slow(std::string rule, const model::Outcome& outcome, Time now) {
  if (rate_) rate_->cut(policy_.cut, policy_.hold_after_cut, now);
  if (connections_) connections_->cut(policy_.cut, policy_.hold_after_cut, now);
  hold_until_ = now + policy_.hold_after_cut;
  window_.clear();
  note(std::move(rule), outcome, now);
}

void PathController::back_off(std::string rule, const model::Outcome& outcome, Time now) {
  const double grown = static_cast<double>(policy_.backoff_first.count()) * std::pow(2.0, backoffs_);
  const double length = std::min(grown, static_cast<double>(policy_.backoff_longest.count()));
  // A good spell of the same length forgives.
  if (backoff_until_ != Time{} && now - backoff_until_ > Duration{static_cast<std::int64_t>(length)}) backoffs_ = 0;
  if (grown < static_cast<double>(policy_.backoff_longest.count())) ++backoffs_;
  backoff_until_ = now + Duration{static_cast<std::int64_t>(length)};
  hold_until_ = backoff_until_;
  rest_until(backoff_until_, policy_.backoff_share, now);
  window_.clear();
  note(std::move(rule), outcome, now);
}

void PathController::rest_until(Time until, double share, Time now) {
  if (rate_) rate_->rest_until(until, share, now);
  if (connections_) connections_->rest_until(until, share, now);
}

void PathController::note(std::string rule, const model::Outcome& outcome, Time now) {
  slowed_ = true;
  rule_ = std::move(rule);
  if (!outcome.rule.empty()) rule_ += fmt::format(" (rule {})", outcome.rule);
  cause_ = outcome.reply.code != 0 ? outcome.reply.to_string() : outcome.reply.text;
  since_ = now;
}

std::uint32_t PathController::connection_limit(Time now) const {
  if (suspended(now)) return 0;
  if (pinned(now) && pin_->connections) return *pin_->connections;
  std::uint32_t limit = connections_ ? connections_->limit() : Explanation::kNoLimit;
  if (now < backoff_until_ && policy_.backoff_connections != 0) limit = std::min(limit, policy_.backoff_connections);
  return limit;
}

double PathController::rate(Time now) const {
  if (pinned(now) && pin_->rate) return *pin_->rate;
  if (!rate_) return 0;
  if (now < backoff_until_ && policy_.backoff_rate > 0) return std::min(rate_->rate(), policy_.backoff_rate);
  return rate_->rate();
}

std::uint32_t PathController::useful_connections(Time now) const {
  const double per_second = rate(now);
  if (per_second <= 0) return Explanation::kNoLimit;
  const double busy = per_second * std::chrono::duration<double>(transaction_).count();
  return 1 + static_cast<std::uint32_t>(std::min(1e6, std::ceil(busy * 1.25)));
}

Time PathController::suspended_until(Time now) const {
  if (!pinned(now) || !pin_->suspended) return suspended_until_;
  return std::max(suspended_until_, pin_->until.value_or(kFar));
}

State PathController::state(Time now) const {
  if (suspended(now)) return State::Suspended;
  if (now < backoff_until_) return State::Backoff;
  return slowed_ || pinned(now) ? State::Slowed : State::Normal;
}

Explanation PathController::explain(Time now) {
  Explanation what;
  what.state = state(now);
  what.connection_limit = connection_limit(now);
  what.rate = rate(now);
  what.rate_ceiling = rate_ ? rate_->ceiling() : 0;
  what.attempts = window_.volume(now);
  what.refusals = what.attempts - window_.count(Signal::Taken, now);
  if (what.state == State::Normal) return what;
  what.rule = rule_;
  what.cause = cause_;
  what.since = since_;
  switch (what.state) {
    case State::Normal: break;
    case State::Suspended:
      what.until = suspended_until(now);
      what.next = "then it begins again with a part of its limits, which grow with success";
      break;
    case State::Backoff:
      what.until = backoff_until_;
      what.next = "its limits stay low until then, and grow with success after that";
      break;
    case State::Slowed: what.next = "probes for more from time to time, grows with success"; break;
  }
  if (pinned(now)) {
    what.by = pin_->by;
    what.rule = pin_->reason.empty() ? "pinned by an operator" : "pinned by an operator: " + pin_->reason;
    what.until = pin_->until;
    what.next = "what the controller finds holds again once the pin is taken off or ends";
  }
  return what;
}

void PathController::set_limits(const Limits& limits) {
  limits_ = limits;
  if (rate_) rate_->set_range(rate_range(limits));
  if (connections_) connections_->set_range(connection_range(limits, policy_));
}

void PathController::clear(Time now) {
  const std::optional<Pin> pin = std::move(pin_);
  *this = PathController(limits_, policy_, now);
  if (pin) this->pin(*pin);
}

LearnedState PathController::learned() const {
  LearnedState state;
  if (rate_) {
    state.rate = rate_->rate();
    state.rate_ceiling = rate_->ceiling();
    state.rate_credit = rate_->credit();
  }
  if (connections_) {
    state.connections = connections_->limit();
    state.connection_ceiling = connections_->ceiling();
  }
  state.suspended_until = suspended_until_;
  state.backoff_until = backoff_until_;
  state.backoffs = backoffs_;
  state.since = since_;
  if (slowed_) {
    state.rule = rule_;
    state.cause = cause_;
  }
  return state;
}

void PathController::restore(const LearnedState& state, Time now) {
  if (rate_ && state.rate > 0) rate_->restore(state.rate, state.rate_ceiling, state.rate_credit, now);
  if (connections_ && state.connections > 0) connections_->restore(state.connections, state.connection_ceiling, now);
  suspended_until_ = state.suspended_until;
  backoff_until_ = state.backoff_until;
  backoffs_ = state.backoffs;
  const Time rests = std::max(suspended_until_, backoff_until_);
  if (rests > now) {
    if (rate_) rate_->rest_until(rests, 1.0, now);
    if (connections_) connections_->rest_until(rests, 1.0, now);
  }
  if (state.rule.empty()) return;
  slowed_ = true;
  rule_ = state.rule;
  cause_ = state.cause;
  since_ = state.since;
}

}  // namespace penstock::shaping
