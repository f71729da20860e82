// SPDX-License-Identifier: Apache-2.0
#include "spool/counters.h"

#include "base/log.h"

namespace penstock::spool {

Health HealthBoard::health() const {
  const std::lock_guard lock(mutex_);
  return {.state = state_.load(), .reason = reason_};
}

void HealthBoard::set_full(std::string reason) {
  const std::lock_guard lock(mutex_);
  if (state_ == HealthState::Ok) log::warn("spool", "no room: new messages are refused for now: {}", reason);
  if (state_ == HealthState::Unhealthy) return;
  reason_ = std::move(reason);
  state_ = HealthState::Full;
}

void HealthBoard::set_unhealthy(std::string reason) {
  const std::lock_guard lock(mutex_);
  if (state_ == HealthState::Unhealthy) return;
  log::error("spool", "unhealthy: new messages are refused until the disk is mended and Penstock restarted: {}",
             reason);
  reason_ = std::move(reason);
  state_ = HealthState::Unhealthy;
}

void HealthBoard::end_full() {
  const std::lock_guard lock(mutex_);
  if (state_ != HealthState::Full) return;
  log::info("spool", "there is room again: new messages are taken");
  reason_.clear();
  state_ = HealthState::Ok;
}

}  // namespace penstock::spool
