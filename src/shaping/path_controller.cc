// SPDX-License-Identifier: Apache-2.0
#include "shaping/path_controller.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "model/class_policy.h"

namespace penstock::shaping {
namespace {

using model::OutcomeClass;

ConnectionRange connection_range(const Limits& limits, const AdaptivePolicy& policy) {
  ConnectionRange range{limits.connections_floor, limits.connections_start, limits.connections};
  if (range.floor == 0) range.floor = 1;
  if (range.start == 0) range.start = std::max(range.floor, policy.connections_start);
  return range;
}

RateRange rate_range(const Limits& limits, const AdaptivePolicy& policy) {
  RateRange range{limits.message_rate_floor.per_second(), limits.message_rate_start.per_second(),
                  limits.message_rate.per_second()};
  if (!limits.adaptive_rate()) range.floor = policy.found_floor;
  if (range.start <= 0) range.start = range.floor;
  if (range.floor <= 0) range.floor = std::min(range.start, 1.0) / 20;
  return range;
}

Signal signal_of(const model::Outcome& outcome) {
  if (outcome.kind == model::OutcomeKind::Delivered || !model::speaks_of_path(outcome)) return Signal::Taken;
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

PathController::PathController(const Limits& limits, const AdaptivePolicy& policy, Time now,
                               const Neighbours& neighbours)
    : limits_(limits), policy_(policy), neighbours_(neighbours) {
  if (limits.adaptive_rate()) rate_.emplace(rate_range(limits, policy), policy, now, neighbours_);
  if (limits.adaptive_connections()) connections_.emplace(connection_range(limits, policy), policy, now);
}

void PathController::observe(const model::Outcome& outcome, const AttemptFacts& facts, std::uint32_t connections,
                             bool pressed, Time now) {
  remember_good();
  Signal signal = signal_of(outcome);
  if (facts.late && signal == Signal::Refused) signal = Signal::Deferred;
  if (window_.volume(now) == 0) counted_from_ = now;
  const bool of_rate = rate_ && outcome.outcome_class != OutcomeClass::TooManyConnections &&
                       (signal == Signal::Refused || (pressed && doubts_the_rate(signal, outcome, now)));
  const auto effect = of_rate ? rate_->refused(now, facts.whole) : RateController::Effect::None;
  // Who looks for the rate must expect to be refused; what that is called says nothing of him.
  const bool expected = effect == RateController::Effect::ProbeEnded || effect == RateController::Effect::Late;
  window_.add(expected ? Signal::Refused : signal, now);
  if (facts.whole > Duration::zero()) transaction_ += (facts.whole - transaction_) / 16;
  if (neighbours_.pool && !rate_) neighbours_.pool->add(policy_.refused_share);
  if (signal == Signal::Taken) {
    served_at_ = now;
    taken_at_floor(now);
    if (rate_) rate_->answered(pressed, facts.whole, now, facts.mail);
    if (connections_) connections_->carried(connections, facts.backlog && !pressed, now);
    if (slowed_) make_good();
  } else if (outcome.outcome_class == OutcomeClass::TooManyConnections && !facts.late) {
    connection_refused(outcome, connections == 0 ? 0 : connections - 1, now);
  } else if (signal == Signal::Refused && may_begin_rate()) {
    if (!outcome.wait_told) begin_rate(outcome, now);  // a wait that is named is all it asks for
  } else if (effect == RateController::Effect::Cut) {
    note(fmt::format("rate: refused; now {:.3g}/s", rate_->rate()), outcome, now);
  }
  if (signal != Signal::Taken) {
    if (signal == Signal::Refused && outcome.outcome_class != OutcomeClass::TooManyConnections) {
      refused_at_floor(outcome, now);
    }
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
  if (neighbours_.pool) neighbours_.pool->add(-1);
  remember_good();
  if (connections_->refused(accepted, now) == ConnectionController::Effect::None) return;
  note(fmt::format("connections: {} are taken, one more was refused", connections_->limit()), outcome, now);
}

// A receiver that names no rate is sent to as fast as it takes mail, until it says that this was too fast.
void PathController::begin_rate(const model::Outcome& outcome, Time now) {
  if (window_.count(Signal::Refused, now) < policy_.refusals) return;
  const double before = carried(now);
  begin_rate_at(before, now);
  static_cast<void>(rate_->refused(now));
  note(fmt::format("rate: {} of {} answers refuse {:.3g}/s; now {:.3g}/s", window_.count(Signal::Refused, now),
                   window_.volume(now), before, rate_->rate()),
       outcome, now);
}

double PathController::carried(Time now) {
  const double counted = std::clamp(std::chrono::duration<double>(now - counted_from_).count(), 1.0, 60.0);
  return window_.volume(now) / counted;
}

void PathController::begin_rate_at(double carried, Time now) {
  RateRange range = rate_range(limits_, policy_);
  range.start = std::max(carried, range.floor);
  rate_.emplace(range, policy_, now, neighbours_);
  good_rate_ = range.start;
}

void PathController::keep_wait(const model::Outcome& outcome, Time now) {
  if (!outcome.wait_told || !outcome.wait || *outcome.wait <= Duration::zero()) return;
  const Time until = now + *outcome.wait;
  if (until <= suspended_until_) return;
  suspended_until_ = until;
  rest_until(until, policy_.backoff_share, now);
  note(fmt::format("wait: the receiver asks for {}", format_duration(*outcome.wait)), outcome, now);
}

void PathController::watch_shares(const model::Outcome& outcome, Time now) {
  if (now < hold_until_ || suspended(now)) return;
  const double doubts = window_.share(Signal::Reputation, policy_.deferral_volume, now);
  const double deferred = window_.share(Signal::Deferred, policy_.deferral_volume, now);
  if (doubts >= policy_.reputation_share && window_.count(Signal::Reputation, now) >= policy_.reputation_replies) {
    trickles_ = false;
    return back_off(fmt::format("reputation: {:.0f} % of the last minute's {} answers doubt this sender", doubts * 100,
                                window_.volume(now)),
                    outcome, now);
  }
  if (deferred < policy_.deferral_share) return;
  slow(fmt::format("deferrals: {:.0f} % of the last minute's {} answers", deferred * 100, window_.volume(now)), outcome,
       now);
}

// Some refuse for rate in words of reputation: "rate limited due to IP reputation". At a rate that was proven one such
// reply is an odd one. Whoever doubts us for other reasons goes on at any rate, and brings about back-off mode.
bool PathController::doubts_the_rate(Signal signal, const model::Outcome& outcome, Time now) {
  return signal == Signal::Reputation && outcome.kind == model::OutcomeKind::Deferred &&
         (rate_->probing() || window_.count(Signal::Reputation, now) + 1 >= policy_.refusals);
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

// More is refused than taken, at the lowest rate: only time helps. Few are tried meanwhile.
void PathController::refused_at_floor(const model::Outcome& outcome, Time now) {
  if (!rate_ || !rate_->at_floor() || now < hold_until_ || suspended(now) || pinned(now)) return;
  if (++floor_refused_ < policy_.floor_refusals) return;
  floor_refused_ /= 2;
  trickles_ = true;
  back_off(fmt::format("rate: {} more refused than taken at the lowest rate", policy_.floor_refusals), outcome, now);
}

// One that is taken ends it: what was known of the limit is of another time, so it is looked for anew.
void PathController::taken_at_floor(Time now) {
  if (floor_refused_ > 0) --floor_refused_;
  if (!std::exchange(trickles_, false)) return;
  if (now < backoff_until_) backoff_until_ = hold_until_ = now;
  RateRange range = rate_range(limits_, policy_);
  range.start = range.floor;
  rate_.emplace(range, policy_, now, neighbours_);
}

void PathController::slow(std::string rule, const model::Outcome& outcome, Time now) {
  if (rate_) rate_->cut(policy_.cut, policy_.hold_after_cut, now);
  if (connections_) connections_->cut(policy_.cut, policy_.hold_after_cut, now);
  hold_until_ = now + policy_.hold_after_cut;
  note(std::move(rule), outcome, now);
  window_.clear();
}

void PathController::back_off(std::string rule, const model::Outcome& outcome, Time now) {
  const double grown = static_cast<double>(policy_.backoff_first.count()) * std::pow(2.0, backoffs_);
  double length = std::min(grown, static_cast<double>(policy_.backoff_longest.count()));
  if (outcome.wait) length = std::max(length, static_cast<double>(outcome.wait->count()));
  // A good spell of the same length forgives.
  if (backoff_until_ != Time{} && now - backoff_until_ > Duration{static_cast<std::int64_t>(length)}) backoffs_ = 0;
  if (grown < static_cast<double>(policy_.backoff_longest.count())) ++backoffs_;
  backoff_until_ = now + Duration{static_cast<std::int64_t>(length)};
  hold_until_ = backoff_until_;
  const auto share = [this](double value, double normal) {
    return value > 0 && normal > 0 ? std::min(1.0, value / normal) : policy_.backoff_share;
  };
  // Connections alone say little where each carries many a second.
  if (may_begin_rate() && policy_.backoff_rate <= 0) begin_rate_at(carried(now), now);
  if (rate_) rate_->rest_until(backoff_until_, share(policy_.backoff_rate, rate_->rate()), now);
  if (connections_ && !trickles_) {
    // A quarter more, which the controller rounds off: a share may be a little less than it is by itself.
    const double wanted = policy_.backoff_connections == 0 ? 0 : policy_.backoff_connections + 0.25;
    connections_->rest_until(backoff_until_, share(wanted, connections_->limit()), now);
  }
  note(std::move(rule), outcome, now);
  window_.clear();
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
  noted_attempts_ = window_.volume(now);
  noted_refusals_ = noted_attempts_ - window_.count(Signal::Taken, now);
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
  if (trickles(now)) {
    const double tries = 1 / std::chrono::duration<double>(policy_.floor_tries).count();
    return std::min({rate_->rate(), tries, policy_.backoff_rate > 0 ? policy_.backoff_rate : tries});
  }
  if (!rate_) {
    if (now >= backoff_until_ || policy_.backoff_rate <= 0) return 0;
    return limits_.message_rate.count > 0 ? std::min(limits_.message_rate.per_second(), policy_.backoff_rate)
                                          : policy_.backoff_rate;
  }
  if (now < backoff_until_ && policy_.backoff_rate > 0) return std::min(rate_->rate(), policy_.backoff_rate);
  return rate_->rate();
}

std::uint32_t PathController::useful_connections(Time now, Duration opening) const {
  const double per_second = rate(now);
  if (per_second <= 0) return Explanation::kNoLimit;
  const double busy = per_second * std::chrono::duration<double>(transaction_ + opening).count();
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
  what.rate_ceiling = rate_ceiling();
  what.attempts = window_.volume(now);
  what.refusals = what.attempts - window_.count(Signal::Taken, now);
  if (what.state == State::Normal) return what;
  what.rule = rule_;
  what.cause = cause_;
  what.since = since_;
  what.attempts = noted_attempts_;
  what.refusals = noted_refusals_;
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
    what.since = pin_->since;
    what.until = pin_->until;
    what.next = "what the controller finds holds again once the pin is taken off or ends";
  }
  return what;
}

void PathController::set_limits(const Limits& limits) {
  limits_ = limits;
  if (rate_) rate_->set_range(rate_range(limits, policy_));
  if (connections_) connections_->set_range(connection_range(limits, policy_));
}

void PathController::set_policy(const AdaptivePolicy& policy) {
  policy_ = policy;
  if (rate_) rate_->set_policy(policy);
  if (connections_) connections_->set_policy(policy);
}

void PathController::pin(Pin pin, Time now) {
  const bool rests = pinned(now) && pin_->suspended;
  if (pin.suspended && !rests) rest_for_pin(pin, pin.until.value_or(now), now);
  if (pin.suspended && rests) rest_until(pin.until.value_or(now), 1.0, now);  // it may have another end
  if (!pin.suspended && rests) rest_until(now, 1.0, now);
  pin_ = std::move(pin);
}

void PathController::unpin(Time now) {
  if (pinned(now) && pin_->suspended) rest_until(now, 1.0, now);
  pin_.reset();
}

// What was learned before says less the longer nothing was sent.
void PathController::rest_for_pin(const Pin& pin, Time until, Time now) {
  remember_good();
  rest_until(until, policy_.backoff_share, now);
  slowed_ = rate_ || connections_;
  rule_ = pin.by.empty() ? "pin: it was suspended by an operator" : "pin: it was suspended by " + pin.by;
  cause_ = pin.reason;
  since_ = now;
  noted_attempts_ = noted_refusals_ = 0;
}

void PathController::clear(Time now) {
  const std::optional<Pin> pin = std::move(pin_);
  *this = PathController(limits_, policy_, now, neighbours_);
  if (pin) this->pin(*pin, now);
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
  if (state.rate > 0 && may_begin_rate()) rate_.emplace(rate_range(limits_, policy_), policy_, now, neighbours_);
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
