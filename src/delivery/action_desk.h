// SPDX-License-Identifier: Apache-2.0
// ActionDesk: one shard's actions (slow, back off, suspend, stop) on sender domains, campaigns, … and who waits for
// their end.
//
// Use:  desk.observe(outcome, facts, now);                       // each answer
//       if (!desk.empty()) { switch (desk.ask(facts, recipients, now).what) … }   // before MAIL
//       desk.hold(recipient, *answer.action, expires);           // it waits until due() hands it out again
// Who is suspended or stopped lies in a list of his own action and costs nothing until that ends; then the list is let
// out at the rate of the action's ramp. Who is slowed waits for his turn in the calendar, one behind the other. Rules
// count per provider, and all paths of a provider are one shard's, so counting needs no other shard; what an operator
// sets is told to each of them. Threads: the shard's.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "queue/chunk_list.h"
#include "queue/held_queue.h"
#include "shaping/action_book.h"
#include "shaping/token_bucket.h"

namespace penstock::delivery {

class ActionDesk {
 public:
  // `pool` must outlive it.
  explicit ActionDesk(queue::ChunkPool& pool, std::vector<shaping::ActionRule> rules = shaping::shipped_action_rules())
      : pool_(pool), book_(std::move(rules)) {}

  // See ActionBook::set_rules; due() hands out those whose action has ended with that.
  void set_rules(std::vector<shaping::ActionRule> rules);
  // Nothing is in force or remembered: there is nothing to ask.
  [[nodiscard]] bool empty() const { return book_.empty(); }
  // An answer, good or bad, may matter.
  [[nodiscard]] bool watches(const model::Outcome& outcome) const {
    return outcome.kind != model::OutcomeKind::Delivered || book_.watching();
  }
  // The action that this answer began or prolonged, or nullptr; valid until the next call.
  const shaping::Action* observe(const model::Outcome& outcome, const shaping::LimitKey& facts, Time now);

  struct Answer {
    enum class What : std::uint8_t { Go, Wait, Hold } what = What::Go;
    Time until{};                             // Wait: its turn
    const shaping::Action* action = nullptr;  // why not Go
  };
  // Whether so many recipients may be attempted now; Go takes them from the rate of what is slowed.
  [[nodiscard]] Answer ask(const shaping::LimitKey& facts, std::uint32_t recipients, Time now);
  // The suspension or stop that covers these facts, or nullptr; takes nothing.
  [[nodiscard]] const shaping::Action* barrier(const shaping::LimitKey& facts, Time now);

  // Keeps it until the action on that tuple ends, or until `expires`.
  void hold(const queue::QueuedRecipient& recipient, const shaping::Action& action, Time expires);
  // Takes out those whose action has ended, as fast as its ramp lets them, and those whose time is over (never under
  // what an operator set: that is his to let go). Looks at about `most`; next_due() is not later than `now` while there
  // is more. Also what has ended since the last call.
  struct Due {
    struct Group {
      shaping::LimitKey key;
      bool begins = false;  // the first of them, and no turn tells of it
      std::vector<queue::QueuedRecipient> recipients{};
    };
    std::vector<shaping::ActionBook::Turn> turns;
    std::vector<Group> released;
    std::vector<queue::QueuedRecipient> expired;
  };
  using ExpiresAt = std::function<Time(const queue::QueuedRecipient&)>;
  [[nodiscard]] Due due(Time now, std::size_t most, const ExpiresAt& expires_at);
  // The first moment at which due() may have something.
  [[nodiscard]] Time next_due() const { return next_due_; }

  // What an operator sets and clears.
  void pin(shaping::Action action);
  bool clear(const shaping::LimitKey& key);
  void restore(std::vector<shaping::Action> actions);
  void forget_old(Time now) { book_.forget_old(now); }
  [[nodiscard]] std::vector<shaping::Action> list(Time now) const { return book_.list(now); }
  [[nodiscard]] std::size_t held(const shaping::LimitKey& key) const;
  [[nodiscard]] std::size_t held() const;

  // For scans over what is held: the tuples somebody waits for, and each one's queue (nullptr: nobody any more).
  [[nodiscard]] std::vector<shaping::LimitKey> tuples() const;
  [[nodiscard]] queue::HeldQueue* queue_of(const shaping::LimitKey& key);

 private:
  struct Waiting {
    std::unique_ptr<queue::HeldQueue> queue;
    Time first_expiry{};
    std::optional<queue::HeldQueue::Cursor> expiring{};  // under way: who is over is being looked for
    bool releasing = false;                              // that it ended has been told
  };
  struct Pace {
    shaping::TokenBucket bucket;  // of attempts
    shaping::TokenBucket out;     // of those let out of the list
    double rate = 0;
    Time line_end{};  // the turn of the last who waits
  };
  static constexpr Time kNever = Time::max();
  // Whoever waits for his turn asks again after this: more may be let through by then.
  static constexpr Duration kTurnMost{std::chrono::minutes{15}};
  void look_again(Time now);
  [[nodiscard]] Pace& pace_of(const shaping::Action& action, Time now);
  // These take from `left` what they looked at.
  void release(const shaping::LimitKey& key, Waiting& waiting, const shaping::Action* action, Time now,
               std::size_t& left, Due& due);
  void expire(Waiting& waiting, Time now, std::size_t& left, const ExpiresAt& expires_at, Due& due);

  queue::ChunkPool& pool_;
  shaping::ActionBook book_;
  std::unordered_map<shaping::LimitKey, Waiting> waiting_;
  std::unordered_map<shaping::LimitKey, Pace> paces_;
  Time next_due_ = kNever;
};

}  // namespace penstock::delivery
