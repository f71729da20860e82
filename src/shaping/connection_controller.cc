// SPDX-License-Identifier: Apache-2.0
#include "shaping/connection_controller.h"

#include <algorithm>
#include <cmath>

namespace penstock::shaping {

ConnectionController::ConnectionController(const ConnectionRange& range, const AdaptivePolicy& policy, Time now)
    : range_(range), policy_(policy), limit_(1), raised_(now), quiet_from_(now) {
  limit_ = bounded(range.start);
}

std::uint32_t ConnectionController::bounded(std::uint32_t limit) const {
  const std::uint32_t high = range_.ceiling == 0 ? 0xFFFFFF : range_.ceiling;
  return std::clamp(limit, std::min(std::max(range_.floor, 1U), high), high);
}

void ConnectionController::set_range(const ConnectionRange& range) {
  range_ = range;
  limit_ = bounded(limit_);
}

bool ConnectionController::probe_is_due(Time now) const {
  const Duration quiet = now - quiet_from_;
  if (quiet >= policy_.probe_never_later) return true;
  if (quiet >= policy_.probe_latest) return attempts_ >= policy_.probe_attempts_least;
  return quiet >= policy_.probe_soonest && attempts_ >= policy_.probe_attempts;
}

void ConnectionController::raise(std::uint32_t by, Time now) {
  limit_ = bounded(limit_ + by);
  raised_ = now;
  reached_ = false;
  carried_since_ = 0;
}

// As many were open for a while, or, while a higher ceiling is being looked for, each of them has carried some
// messages.
bool ConnectionController::proven(Time now) const {
  const Duration since = now - reached_at_;
  return since >= policy_.settle || (step_ > 1 && since >= policy_.settle / 4 && carried_since_ >= kProofEach * limit_);
}

void ConnectionController::carried(std::uint32_t open, bool wanted, Time now) {
  ++attempts_;
  if (!reached_ && open >= limit_) {
    reached_ = true;
    reached_at_ = now;
  }
  if (reached_) ++carried_since_;
  if (!wanted || now < hold_until_ || !reached_) return;
  if (learned_ == 0 && now - reached_at_ >= policy_.settle / 2) return raise(std::max(1U, limit_ / 2), now);
  if (learned_ == 0 || !proven(now)) return;
  if (limit_ < learned_) return raise(std::clamp(learned_ / 4, 1U, learned_ - limit_), now);
  if (limit_ > learned_) {  // the probe was carried: the ceiling has moved
    learned_ = limit_;
    raise(step_, now);
    step_ = std::min(step_ * 2, std::max(1U, limit_ / 2));
    return;
  }
  if (probe_is_due(now)) {
    step_ = 1;
    raise(1, now);
  }
}

ConnectionController::Effect ConnectionController::refused(std::uint32_t accepted, Time now) {
  const bool proven = learned_ != 0 && limit_ <= learned_;
  if (proven) {
    if (now - refused_at_ > policy_.refusals_within) refusals_ = 0;
    refused_at_ = now;
    if (++refusals_ < policy_.refusals) return Effect::None;
  }
  // Several that were opened together are refused together: each takes one off, but what is open was accepted.
  const std::uint32_t found = std::max(1U, std::min(accepted, limit_));
  learned_ = std::max(found, range_.floor);
  limit_ = bounded(found);
  raised_ = now;
  reached_ = false;
  step_ = 1;
  quiet_from_ = now;
  attempts_ = 0;
  return proven ? Effect::Cut : Effect::ProbeEnded;
}

void ConnectionController::cut(double factor, Duration hold, Time now) {
  if (learned_ == 0) learned_ = limit_;
  limit_ = bounded(static_cast<std::uint32_t>(std::floor(limit_ * factor)));
  hold_until_ = now + hold;
  raised_ = now;
  reached_ = false;
}

void ConnectionController::rest_until(Time until, double share, Time now) {
  cut(share, until - now, now);
}

void ConnectionController::restore(std::uint32_t limit, std::uint32_t ceiling, Time now) {
  learned_ = ceiling;
  limit_ = bounded(limit);
  raised_ = quiet_from_ = now;
}

}  // namespace penstock::shaping
