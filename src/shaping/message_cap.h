// SPDX-License-Identifier: Apache-2.0
// MessageCap: how many messages a receiver takes over one connection, where it ends connections after a number of its
// own. Learned from connections in use that it ended right after the same number of messages, kProofs times with none
// that carried more in between; tried again for a tenth more each hour. Pure. Threads: one owner.
#pragma once

#include <algorithm>
#include <cstdint>

#include "base/clock.h"

namespace penstock::shaping {

class MessageCap {
 public:
  static constexpr std::uint32_t kProofs = 3;
  static constexpr Duration kGrowEach{std::chrono::hours{1}};

  // What a restart must not forget; known 0: nothing.
  struct Learned {
    std::uint32_t known = 0;
    Time since{};
  };
  [[nodiscard]] Learned learned() const { return {known_, since_}; }
  void restore(const Learned& learned) {
    known_ = learned.known;
    since_ = learned.since;
  }

  // The receiver ended a connection in use right after so many messages.
  void ended(std::uint32_t messages, Time now) {
    if (messages == 0) return;
    proofs_ = messages == seen_ ? proofs_ + 1 : 1;
    seen_ = messages;
    const bool tried_more = known_ != 0 && messages >= known_ && messages < allowed(now);
    if (!tried_more && proofs_ < kProofs) return;
    known_ = messages;
    since_ = now;
  }
  // A connection carried its message of that number.
  void carried(std::uint32_t messages) {
    if (messages > seen_) proofs_ = 0;
  }
  // Messages that a new connection may carry; 0: no limit is known.
  [[nodiscard]] std::uint32_t allowed(Time now) const {
    if (known_ == 0) return 0;
    const auto steps = std::clamp<std::int64_t>((now - since_) / kGrowEach, 0, 1'000);
    return known_ + static_cast<std::uint32_t>(steps) * std::max(1U, known_ / 10);
  }

 private:
  std::uint32_t seen_ = 0;    // the number of the last end
  std::uint32_t proofs_ = 0;  // ends at that number in a row
  std::uint32_t known_ = 0;
  Time since_{};
};

}  // namespace penstock::shaping
