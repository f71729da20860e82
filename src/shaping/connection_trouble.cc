// SPDX-License-Identifier: Apache-2.0
#include "shaping/connection_trouble.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace penstock::shaping {

void ConnectionTrouble::succeeded(Time now) {
  undecided_ = false;
  // A connection opened before the suspension does not end it: its probe does.
  if (ramp_ > 0 && now < until_) return;
  failures_ = 0;
  if (ramp_ == 0) return;
  const std::uint32_t newly_allowed = std::max(1U, ramp_ / 2);
  if (++ramp_successes_ < newly_allowed) return;
  ramp_successes_ = 0;
  if (ramp_ == 1) since_ = now;
  ramp_ *= 2;
  if (ramp_ > policy_.ramp_limit) reset();
}

ConnectionTrouble::Judged ConnectionTrouble::failed(std::string_view cause, std::uint32_t others, Time now, Rng& rng) {
  if (policy_.failures == 0 || (ramp_ > 0 && now < until_)) return Judged::Yes;
  // A probe is judged alone: what was being opened before the suspension says nothing.
  undecided_ = others > 0 && ramp_ != 1;
  if (undecided_) return Judged::NotYet;
  ++failures_;
  if (ramp_ == 1 || failures_ >= policy_.failures) suspend(cause, now, rng);
  return Judged::Yes;
}

void ConnectionTrouble::suspend(std::string_view cause, Time now, Rng& rng) {
  const auto longest = static_cast<double>(policy_.longest.count());
  const double grown = static_cast<double>(policy_.first.count()) * std::pow(policy_.growth, suspensions_);
  const double taken_off = std::clamp(policy_.jitter, 0.0, 0.9) * rng.unit();
  const double length = std::min(grown, longest) * (1.0 - taken_off);
  until_ = now + Duration{static_cast<std::int64_t>(length)};
  since_ = now;
  cause_ = cause;
  ramp_ = 1;
  ramp_successes_ = 0;
  if (grown < longest) ++suspensions_;
}

std::uint32_t ConnectionTrouble::allowed(Time now) const {
  if (ramp_ == 0) return Explanation::kNoLimit;
  return now < until_ ? 0 : ramp_;
}

State ConnectionTrouble::state(Time now) const {
  if (ramp_ == 0) return State::Normal;
  if (now < until_) return State::Suspended;
  return ramp_ == 1 ? State::Backoff : State::Slowed;
}

Explanation ConnectionTrouble::explain(Time now) const {
  Explanation what;
  what.state = state(now);
  what.connection_limit = allowed(now);
  if (what.state == State::Normal) return what;
  what.cause = cause_;
  what.since = since_;
  what.attempts = what.refusals = failures_;
  switch (what.state) {
    case State::Normal: break;
    case State::Suspended:
      what.rule = fmt::format("connection-trouble: {} failed connections in a row", failures_);
      what.until = until_;
      what.next = "then one connection tries whether the receiver is back";
      break;
    case State::Backoff:
      what.rule = "connection-trouble: one connection tries whether the receiver is back";
      what.next = "with its success more are allowed; if it fails it is suspended again, for longer";
      break;
    case State::Slowed:
      what.rule = "connection-trouble: recovering, more connections with each success";
      what.next = "twice as many once those that are allowed have succeeded";
      break;
  }
  return what;
}

void ConnectionTrouble::reset() {
  *this = ConnectionTrouble(policy_);
}

TroubleState ConnectionTrouble::learned() const {
  return {failures_, suspensions_, ramp_, ramp_successes_, since_, until_, cause_};
}

void ConnectionTrouble::restore(const TroubleState& state) {
  reset();
  if (policy_.failures == 0) return;
  failures_ = state.failures;
  suspensions_ = state.suspensions;
  ramp_ = std::min(state.ramp, policy_.ramp_limit);
  ramp_successes_ = state.ramp_successes;
  since_ = state.since;
  until_ = state.until;
  cause_ = state.cause;
}

}  // namespace penstock::shaping
