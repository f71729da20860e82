// SPDX-License-Identifier: Apache-2.0
#include "shaping/connection_trouble.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace penstock::shaping {

void ConnectionTrouble::succeeded(Time now) {
  failures_ = 0;
  // A connection opened before the suspension does not end it: its probe does.
  if (ramp_ == 0 || now < until_) return;
  const std::uint32_t newly_allowed = std::max(1U, ramp_ / 2);
  if (++ramp_successes_ < newly_allowed) return;
  ramp_successes_ = 0;
  if (ramp_ == 1) since_ = now;
  ramp_ *= 2;
  if (ramp_ > policy_.ramp_limit) reset();
}

void ConnectionTrouble::failed(std::string_view cause, Time now, Rng& rng) {
  if (policy_.failures == 0 || (ramp_ > 0 && now < until_)) return;
  ++failures_;
  if (ramp_ == 1 || failures_ >= policy_.failures) suspend(cause, now, rng);
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
  switch (what.state) {
    case State::Normal: break;
    case State::Suspended:
      what.rule = fmt::format("connection-trouble: {} failed connections in a row", failures_);
      what.until = until_;
      break;
    case State::Backoff: what.rule = "connection-trouble: one connection tries whether the receiver is back"; break;
    case State::Slowed: what.rule = "connection-trouble: recovering, more connections with each success"; break;
  }
  return what;
}

void ConnectionTrouble::reset() {
  *this = ConnectionTrouble(policy_);
}

}  // namespace penstock::shaping
