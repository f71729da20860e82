// SPDX-License-Identifier: Apache-2.0
#include "delivery/own_shortage.h"

#include <algorithm>
#include <array>

namespace penstock::delivery {

bool is_own_shortage(const std::error_code& error) {
  constexpr std::array kOurs{std::errc::too_many_files_open, std::errc::too_many_files_open_in_system,
                             std::errc::no_buffer_space, std::errc::not_enough_memory, std::errc::address_in_use};
  return std::any_of(kOurs.begin(), kOurs.end(), [&](std::errc ours) { return error == ours; });
}

bool OwnShortage::note(std::string words, Time wall) {
  const std::lock_guard lock(mutex_);
  const bool anew = state_.count == 0 || wall - state_.last > kLasts;
  if (anew) state_ = {{}, wall, wall, 0};
  state_.words = std::move(words);
  state_.last = wall;
  ++state_.count;
  return anew;
}

OwnShortage::State OwnShortage::state() const {
  const std::lock_guard lock(mutex_);
  return state_;
}

}  // namespace penstock::delivery
