// SPDX-License-Identifier: Apache-2.0
#include "delivery/action_desk.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace penstock::delivery {

using shaping::Action;
using shaping::ActionKind;
using shaping::LimitKey;

namespace {

bool bars(const Action* action) {
  return action != nullptr && action->kind >= ActionKind::Suspend;
}

// What it will let through at a time to come, if all goes well.
double rate_at(const Action& action, Time time, Time now) {
  if (!action.ramps() && (!action.until || time <= *action.until)) return action.rate;
  const Time from = action.ramps() ? now : *action.until;
  const double grown =
      action.rate * std::exp(shaping::ActionBook::kRampGrowth * std::chrono::duration<double>(time - from).count());
  return std::min(grown, std::max(action.rate, action.enough()));
}

}  // namespace

const Action* ActionDesk::observe(const model::Outcome& outcome, const LimitKey& facts, Time now) {
  const Action* begun = book_.observe(outcome, facts, now);
  if (begun != nullptr) {
    look_again(now);
  } else if (book_.has_turns()) {
    next_due_ = now;
  }
  return begun;
}

const Action* ActionDesk::barrier(const LimitKey& facts, Time now) {
  const Action* action = book_.find(facts, now);
  return bars(action) ? action : nullptr;
}

ActionDesk::Answer ActionDesk::ask(const LimitKey& facts, std::uint32_t recipients, Time now) {
  const Action* action = book_.find(facts, now);
  if (action == nullptr) return {};
  if (bars(action)) return {Answer::What::Hold, {}, action};
  Pace& pace = pace_of(*action, now);
  if (pace.bucket.try_take(recipients, now)) return {};
  // One behind the other: each comes back when there is something for him, and nobody in between. Whoever would be too
  // far behind asks again and takes no place, so that there is one for him then.
  const Time begin = std::max(pace.line_end, now);
  const std::chrono::duration<double> each(recipients / rate_at(*action, begin, now));
  const Time place = begin + std::chrono::duration_cast<Duration>(each);
  const Time turn = std::max(place, pace.bucket.next_available(recipients, now));
  if (begin > now && turn > now + kTurnMost) return {Answer::What::Wait, now + kTurnMost, action};
  pace.line_end = place;
  return {Answer::What::Wait, turn, action};
}

ActionDesk::Pace& ActionDesk::pace_of(const Action& action, Time now) {
  Pace& pace = paces_[action.key];
  if (pace.rate == action.rate) return pace;
  pace.rate = action.rate;
  const Rate rate{action.rate, std::chrono::seconds{1}};
  pace.bucket.set_rate(rate, 0, now);
  pace.out.set_rate(rate, 0, now);
  return pace;
}

void ActionDesk::hold(const queue::QueuedRecipient& recipient, const Action& action, Time expires) {
  Waiting& waiting = waiting_[action.key];
  if (!waiting.queue) {
    waiting.queue = std::make_unique<queue::HeldQueue>(pool_);
    waiting.first_expiry = kNever;
  }
  waiting.queue->push(recipient, queue::HoldReason::Action);
  if (action.pinned) return;
  waiting.first_expiry = std::min(waiting.first_expiry, expires);
  next_due_ = std::min(next_due_, expires);
}

ActionDesk::Due ActionDesk::due(Time now, std::size_t most, const ExpiresAt& expires_at) {
  Due due;
  due.turns = book_.take_turns(now);
  for (const auto& turn : due.turns) {
    if (const auto found = waiting_.find(turn.key); found != waiting_.end()) found->second.releasing = true;
  }
  std::size_t left = most;
  for (auto entry = waiting_.begin(); entry != waiting_.end() && left > 0;) {
    auto& [key, waiting] = *entry;
    const Action* action = book_.at(key, now);
    if (!bars(action)) {
      release(key, waiting, action, now, left, due);
    } else {
      waiting.releasing = false;
      if (!action->pinned) expire(waiting, now, left, expires_at, due);
    }
    entry = waiting.queue->size() == 0 ? waiting_.erase(entry) : std::next(entry);
  }
  std::erase_if(paces_, [&](const auto& entry) { return book_.at(entry.first, now) == nullptr; });
  if (left == 0) {
    next_due_ = now;
  } else {
    look_again(now);
  }
  return due;
}

void ActionDesk::release(const LimitKey& key, Waiting& waiting, const Action* action, Time now, std::size_t& left,
                         Due& due) {
  Pace* pace = action == nullptr ? nullptr : &pace_of(*action, now);
  const std::size_t may = pace == nullptr ? left : std::min<std::size_t>(left, pace->out.available(now));
  if (may == 0) return;
  due.released.push_back({key, !std::exchange(waiting.releasing, true)});
  std::vector<queue::QueuedRecipient>& out = due.released.back().recipients;
  queue::HeldQueue::Cursor cursor;
  while (out.size() < may && !cursor.done()) {
    waiting.queue->scan(cursor, may - out.size(), [&](const queue::QueuedRecipient& recipient) {
      if (out.size() == may) return queue::Visit::Keep;
      out.push_back(recipient);
      return queue::Visit::Take;
    });
  }
  left -= out.size();
  if (pace != nullptr) static_cast<void>(pace->out.try_take(static_cast<std::uint32_t>(out.size()), now));
}

void ActionDesk::expire(Waiting& waiting, Time now, std::size_t& left, const ExpiresAt& expires_at, Due& due) {
  if (!waiting.expiring) {
    if (waiting.first_expiry > now) return;
    waiting.expiring.emplace();
    waiting.first_expiry = kNever;
  }
  while (left > 0 && !waiting.expiring->done()) {
    const std::size_t seen = waiting.queue->scan(*waiting.expiring, left, [&](const queue::QueuedRecipient& recipient) {
      const Time expires = expires_at(recipient);
      if (expires > now) {
        waiting.first_expiry = std::min(waiting.first_expiry, expires);
        return queue::Visit::Keep;
      }
      due.expired.push_back(recipient);
      return queue::Visit::Take;
    });
    left -= std::min(left, seen);
  }
  if (waiting.expiring->done()) waiting.expiring.reset();
}

void ActionDesk::look_again(Time now) {
  next_due_ = book_.next_end(now).value_or(kNever);
  for (const auto& [key, waiting] : waiting_) {
    const Action* action = book_.at(key, now);
    if (action == nullptr || waiting.expiring) {
      next_due_ = now;
    } else if (!bars(action)) {
      next_due_ = std::min(next_due_, pace_of(*action, now).out.next_available(1, now));
    } else if (!action->pinned) {
      next_due_ = std::min(next_due_, waiting.first_expiry);
    }
  }
}

void ActionDesk::set_rules(std::vector<shaping::ActionRule> rules) {
  book_.set_rules(std::move(rules));
  next_due_ = Time{};
}

void ActionDesk::pin(Action action) {
  book_.pin(std::move(action));
  next_due_ = Time{};  // who waited for something stronger may go
}

bool ActionDesk::clear(const LimitKey& key) {
  next_due_ = Time{};
  paces_.erase(key);
  return book_.clear(key);
}

void ActionDesk::restore(std::vector<Action> actions) {
  book_.restore(std::move(actions));
  next_due_ = Time{};
}

std::size_t ActionDesk::held(const LimitKey& key) const {
  const auto found = waiting_.find(key);
  return found == waiting_.end() ? 0 : found->second.queue->size();
}

std::size_t ActionDesk::held() const {
  std::size_t sum = 0;
  for (const auto& [key, waiting] : waiting_) sum += waiting.queue->size();
  return sum;
}

std::vector<LimitKey> ActionDesk::tuples() const {
  std::vector<LimitKey> all;
  all.reserve(waiting_.size());
  for (const auto& [key, waiting] : waiting_) all.push_back(key);
  return all;
}

queue::HeldQueue* ActionDesk::queue_of(const LimitKey& key) {
  const auto found = waiting_.find(key);
  return found == waiting_.end() ? nullptr : found->second.queue.get();
}

}  // namespace penstock::delivery
