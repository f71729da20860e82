// SPDX-License-Identifier: Apache-2.0
// MessageCap: how many messages a new connection may carry. Learned down from connections in use that the receiver
// ended right after the same number of messages, kProofs times with none that carried more in between; tried again for
// a tenth more each hour. With a start it begins there, and tries a tenth more whenever a connection carried all it was
// allowed; never below the floor nor above the ceiling. More than what is known to be taken is tried by one connection
// at a time, and its end says enough: so a limit is found by one refusal and not by one of each open connection. Some
// receivers do not end it, but say "busy" from then on, as they do for other reasons: twice after the same number.
//
// Use:  const std::uint32_t most = cap.take(now);                                    at opening
//       cap.carried(n, now);   or   cap.ended(n, now);   or   cap.refused(n, now);   at each message
// Pure. Threads: one owner.
#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>

#include "base/clock.h"

namespace penstock::shaping {

// Messages over one connection; 0: not given. Without a start it begins at the ceiling.
struct MessageRange {
  std::uint32_t floor = 0, start = 0, ceiling = 0;
};

class MessageCap {
 public:
  static constexpr std::uint32_t kProofs = 3;
  static constexpr Duration kGrowEach{std::chrono::hours{1}};
  // How long a connection that tries more is waited for: it may end early, for want of mail.
  static constexpr Duration kTrial{std::chrono::minutes{1}};

  explicit MessageCap(const MessageRange& range = {}) : range_(range) {}
  void set_range(const MessageRange& range) { range_ = range; }
  // What was learned, not the range.
  void forget() { *this = MessageCap(range_); }

  // What a restart must not forget; zeros: nothing.
  struct Learned {
    std::uint32_t known = 0;  // after so many the receiver ends connections …
    Time since{};             // … as was found then
    std::uint32_t grown = 0;  // as many as were carried, above the start
    [[nodiscard]] bool empty() const { return known == 0 && grown == 0; }
  };
  [[nodiscard]] Learned learned() const { return {known_, since_, grown_}; }
  void restore(const Learned& learned) {
    known_ = learned.known;
    since_ = learned.since;
    grown_ = learned.grown;
  }

  // Messages that a connection which opens now may carry; 0: nothing but a fixed limit is known.
  [[nodiscard]] std::uint32_t take(Time now) {
    const std::uint32_t most = allowed(now);
    if (most <= taken() || now < trial_until_) return std::min(most, taken());
    trial_until_ = now + kTrial;
    return trial_ = most;
  }
  // The receiver ended a connection in use right after so many messages.
  void ended(std::uint32_t messages, Time now) {
    if (messages == 0) return;
    proofs_ = messages == seen_ ? proofs_ + 1 : 1;
    seen_ = messages;
    const bool tried_more = taken() != 0 && messages >= taken() && messages < allowed(now);
    if (!tried_more && proofs_ < kProofs) return;
    known_ = messages;
    since_ = now;
    trial_until_ = Time{};
  }
  // The next one was refused for now, after so many. True: the connection tried more than what is known to be taken,
  // and is better ended.
  [[nodiscard]] bool refused(std::uint32_t messages, Time now) {
    if (taken() == 0 || messages < taken() || messages >= allowed(now)) return false;
    if (messages == std::exchange(refused_, messages)) {
      known_ = messages;
      since_ = now;
    }
    trial_until_ = Time{};
    return true;
  }
  // A connection carried its message of that number.
  void carried(std::uint32_t messages, Time now) {
    if (messages > seen_) proofs_ = 0;
    if (taken() == 0 || messages < taken()) return;
    if (known_ == 0) {
      grown_ = messages;
    } else if (messages > known_) {
      known_ = messages;
      since_ = now;
    }
    if (messages >= trial_) trial_until_ = Time{};
  }
  // What the next one may carry that tries more than what is known to be taken; 0 as above.
  [[nodiscard]] std::uint32_t allowed(Time now) const {
    if (known_ == 0) return grown_ == 0 || range_.start == 0 ? taken() : within(taken() + tenth(taken()));
    const auto steps = std::clamp<std::int64_t>((now - since_) / kGrowEach, 0, 1'000);
    return within(known_ + static_cast<std::uint32_t>(steps) * tenth(known_));
  }

 private:
  [[nodiscard]] static std::uint32_t tenth(std::uint32_t messages) { return std::max(1U, messages / 10); }
  [[nodiscard]] std::uint32_t within(std::uint32_t messages) const {
    const std::uint32_t raised = std::max(messages, range_.floor);
    return range_.ceiling == 0 ? raised : std::min(raised, range_.ceiling);
  }
  // What is known, or was said, to be taken.
  [[nodiscard]] std::uint32_t taken() const {
    if (known_ != 0) return within(known_);
    return range_.start == 0 ? 0 : within(std::max(range_.start, grown_));
  }

  MessageRange range_;
  std::uint32_t seen_ = 0;    // the number of the last end
  std::uint32_t proofs_ = 0;  // ends at that number in a row
  std::uint32_t known_ = 0;
  Time since_{};
  std::uint32_t grown_ = 0;
  std::uint32_t trial_ = 0;    // what the last connection that tries more may carry …
  std::uint32_t refused_ = 0;  // after so many the last one was refused that tried more
  Time trial_until_{};         // … and until when it is waited for
};

}  // namespace penstock::shaping
