// SPDX-License-Identifier: Apache-2.0
// Limiter: the limits of one scope (a path, a provider, a domain, a vMTA) and what is in use of them.
//
// Limiters are combined by PathLimiter, which takes from all of them or from none; nothing else should call open(),
// close() and send(). Where the limits name a range (Limits::adaptive_connections, adaptive_rate) a PathController
// moves them; otherwise they stand still.
// Pure: time and randomness come in.   Threads: the shard that owns the scope.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/rng.h"
#include "model/outcome.h"
#include "shaping/connection_trouble.h"
#include "shaping/limits.h"
#include "shaping/message_cap.h"
#include "shaping/path_controller.h"
#include "shaping/path_state.h"
#include "shaping/token_bucket.h"

namespace penstock::shaping {

class Limiter {
 public:
  // A connection waits no longer than this for the rate, and none is opened when it would have to.
  static constexpr Duration kRateWait{std::chrono::seconds{30}};

  // `scope` is how explanations call it: "path v1 provider:gmail". `trouble`: the policy for unreachable receivers;
  // none for scopes that say nothing about a receiver, such as a vMTA.
  Limiter(std::string scope, const Limits& limits, std::optional<TroublePolicy> trouble = std::nullopt,
          const AdaptivePolicy& adaptive = {}, const Neighbours& neighbours = {});
  Limiter(const Limiter&) = delete;
  Limiter& operator=(const Limiter&) = delete;

  // Whether one more connection may be opened now.
  [[nodiscard]] bool can_open(Time now) const;
  // Takes a slot and a token of the connection rate. Precondition: can_open(now).
  void open(Time now);
  // Gives the slot back. Precondition: one is taken.
  void close();
  // When can_open may next be true: `now` if it is, a later time if a rate or a suspension holds it, nothing if only
  // the end of another connection helps.
  [[nodiscard]] std::optional<Time> next_open(Time now) const;

  // Whether a transaction with so many recipients, and a body of so many bytes, may be attempted now; and taking it.
  // Precondition of send: can_send. Suspended: none before the suspension ends.
  [[nodiscard]] bool can_send(std::uint32_t recipients, Time now, std::uint64_t bytes = 0) const;
  void send(std::uint32_t recipients, Time now, std::uint64_t bytes = 0);
  // What was taken for a transaction that the receiver never heard of comes back, but for its bytes.
  void give_back(std::uint32_t recipients, Time now);
  [[nodiscard]] Time next_send(std::uint32_t recipients, Time now, std::uint64_t bytes = 0) const;

  // What an attempt over this scope came to. A deferral at Step::Connect, Banner or Ehlo is connection trouble, unless
  // the receiver serves other connections of ours: then that one was too many, and OneTooMany comes back. While others
  // are being opened it says nothing yet: Undecided, as it is where nobody looks for trouble.
  enum class Observed : std::uint8_t { Undecided, Counted, OneTooMany };
  Observed observe(const model::Outcome& outcome, Time now, Rng& rng, const AttemptFacts& facts = {});
  // A connection became usable (EHLO answered). Call it once per connection: recovery counts these.
  void connected(Time now);
  // One that was being opened was not tried after all: it counts neither way, and its token comes back.
  void abandoned(Time now);

  [[nodiscard]] State state(Time now) const;
  [[nodiscard]] Explanation explain(Time now) const;
  // Back-off or suspension that the log has been told of; Normal: none. For whoever writes the log.
  [[nodiscard]] State told() const { return told_; }
  [[nodiscard]] Time told_at() const { return told_at_; }
  void set_told(State state, Time now);
  // Forget trouble and what was learned: an operator resumes the scope.
  void reset(Time now);
  // An operator's limits instead of the controller's, until unpin() or the pin's end.
  void pin(Pin pin, Time now);
  void unpin(Time now);
  [[nodiscard]] std::optional<Pin> pinned() const;
  // What a new connection may carry.
  [[nodiscard]] MessageCap& message_cap() { return message_cap_; }
  // What a restart must not forget; nothing when these limits are not adaptive.
  [[nodiscard]] std::optional<LearnedState> learned() const;
  void restore(const LearnedState& state, Time now);
  // Likewise of connection trouble; nothing when there is none.
  [[nodiscard]] std::optional<TroubleState> trouble() const;
  void restore(const TroubleState& state, Time now);

  // New configuration. Open connections above a lowered limit stay; no new one is opened until they are below it.
  void set_limits(const Limits& limits, Time now);
  void set_policy(const AdaptivePolicy& policy, Time now);
  [[nodiscard]] const Limits& limits() const { return limits_; }
  [[nodiscard]] const AdaptivePolicy& policy() const { return adaptive_; }
  [[nodiscard]] const std::string& scope() const { return scope_; }
  [[nodiscard]] std::uint32_t connections() const { return connections_; }
  // Nothing in use, nothing owed, Normal: forgetting this limiter loses nothing.
  [[nodiscard]] bool idle(Time now) const;

 private:
  // More than this brings nothing while mail waits for the rate.
  static constexpr Duration kLookAgain{std::chrono::milliseconds{500}};
  // Those that carry few messages are many, and end all the time.
  static constexpr Duration kLookSoon{std::chrono::milliseconds{50}};
  static constexpr std::uint32_t kOpened = 8;
  static constexpr Duration kPressed{std::chrono::milliseconds{500}};
  static constexpr Duration kPressedMost{std::chrono::seconds{2}};

  [[nodiscard]] std::uint32_t connection_limit(Time now) const;
  [[nodiscard]] bool waits_for_others() const;
  [[nodiscard]] bool enough_connections(Time now) const;
  [[nodiscard]] bool pressed(Time now) const;
  [[nodiscard]] Duration opening_share(Time now) const;
  void count_opening(Time now);
  void end_opening(bool usable, Time now);
  void note_answer(const model::Outcome& outcome, Time now, Rng& rng, const AttemptFacts& facts);
  void apply_rate(Time now);
  // The log was told of what is restored.
  void note_told(Time since, Time now);
  // Made at the first need where there is none yet: a pin on static limits.
  PathController& controller(Time now);

  std::string scope_;
  Limits limits_;
  AdaptivePolicy adaptive_;
  Neighbours neighbours_;
  TokenBucket connection_rate_;
  TokenBucket message_rate_;  // of recipients
  TokenBucket pace_;          // of an adaptive rate: nearly the same in smaller bursts
  TokenBucket transaction_rate_;
  TokenBucket byte_rate_;
  std::optional<ConnectionTrouble> trouble_;
  Time answered_at_{};   // a transaction, in whatever words
  bool silent_ = false;  // transactions were not, though connections are opened: only an answer ends that trouble
  mutable std::optional<PathController> controller_;  // explain() ages its counts
  MessageCap message_cap_;
  double rate_ = 0;  // that message_rate_ was set to by the controller
  std::uint32_t connections_ = 0;
  std::uint32_t opening_ = 0;  // of these, neither usable nor failed yet
  Duration opening_sum_{};     // that those being opened took
  Duration opening_time_{};    // of one
  std::uint32_t opened_ = 0;   // since the sum is counted
  Time opening_seen_{};
  mutable Time pressed_at_{};  // mail had to wait for the rate
  State told_ = State::Normal;
  Time told_at_{};  // since then it is not Normal
};

}  // namespace penstock::shaping
