// SPDX-License-Identifier: Apache-2.0
#include "delivery/action_desk.h"

#include <algorithm>

namespace penstock::delivery {

using shaping::Action;
using shaping::ActionKind;
using shaping::LimitKey;

namespace {

constexpr std::size_t kScanEach = 4096;

bool bars(const Action* action) {
  return action != nullptr && action->kind >= ActionKind::Suspend;
}

}  // namespace

const Action* ActionDesk::observe(const model::Outcome& outcome, const LimitKey& facts, Time now) {
  const Action* begun = book_.observe(outcome, facts, now);
  if (begun != nullptr) look_again(now);
  return begun;
}

const Action* ActionDesk::barrier(const LimitKey& facts, Time now) const {
  const Action* action = book_.find(facts, now);
  return bars(action) ? action : nullptr;
}

ActionDesk::Answer ActionDesk::ask(const LimitKey& facts, std::uint32_t recipients, Time now) {
  const Action* action = book_.find(facts, now);
  if (action == nullptr) return {};
  if (bars(action)) return {Answer::What::Hold, {}, action};
  Pace& pace = paces_[action->key];
  if (pace.rate != action->rate) {
    pace.rate = action->rate;
    pace.bucket.set_rate(Rate{action->rate, std::chrono::seconds{1}}, 0, now);
  }
  if (pace.bucket.try_take(recipients, now)) return {};
  // One behind the other: each comes back when there is something for him, and nobody in between.
  const auto each = std::chrono::duration_cast<Duration>(std::chrono::duration<double>(recipients / action->rate));
  pace.line_end = std::max(pace.line_end, now) + each;
  return {Answer::What::Wait, std::max(pace.line_end, pace.bucket.next_available(recipients, now)), action};
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

ActionDesk::Due ActionDesk::due(Time now, const std::function<Time(const queue::QueuedRecipient&)>& expires_at) {
  Due due;
  for (auto entry = waiting_.begin(); entry != waiting_.end();) {
    auto& [key, waiting] = *entry;
    const Action* action = book_.at(key, now);
    const bool over = !bars(action);
    if (over) due.released.push_back({key, {}});
    const bool some_expire = !over && !action->pinned && waiting.first_expiry <= now;
    if (some_expire) waiting.first_expiry = kNever;
    queue::HeldQueue::Cursor cursor;
    while ((over || some_expire) && !cursor.done()) {
      waiting.queue->scan(cursor, kScanEach, [&](const queue::QueuedRecipient& recipient) {
        const Time expires = over ? kNever : expires_at(recipient);
        if (!over && expires > now) {
          waiting.first_expiry = std::min(waiting.first_expiry, expires);
          return queue::Visit::Keep;
        }
        (over ? due.released.back().recipients : due.expired).push_back(recipient);
        return queue::Visit::Take;
      });
    }
    entry = waiting.queue->size() == 0 ? waiting_.erase(entry) : std::next(entry);
  }
  std::erase_if(paces_, [&](const auto& entry) { return book_.at(entry.first, now) == nullptr; });
  look_again(now);
  return due;
}

void ActionDesk::look_again(Time now) {
  next_due_ = book_.next_end(now).value_or(kNever);
  for (const auto& [key, waiting] : waiting_) next_due_ = std::min(next_due_, waiting.first_expiry);
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
