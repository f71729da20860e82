// SPDX-License-Identifier: Apache-2.0
// The near buckets are a ring of two windows: the half of the ring that a window uses is its number's last bit. A
// window is entered only after its own list has been emptied into its seconds, so for the window that front_ is in all
// recipients are in the ring, and for the next one they are in the ring or still in its list.
//
// A scan walks windows in order; within the next window it shows the list before the seconds, because recipients move
// from the first to the second: one that moves between two slices is met again, never missed.
#include "queue/calendar_queue.h"

#include <algorithm>
#include <bit>

#include "base/check.h"

namespace penstock::queue {

CalendarQueue::CalendarQueue(ChunkPool& pool, Time now)
    : pool_(pool), window_(second_of(now) / kWindow), front_(second_of(now)) {}

CalendarQueue::~CalendarQueue() {
  for (ChunkList& bucket : near_) bucket.clear(pool_);
  for (auto& [window, list] : later_) list.clear(pool_);
}

void CalendarQueue::push(const QueuedRecipient& recipient) {
  place(recipient, ChunkList::Origin::Arriving);
  ++size_;
}

void CalendarQueue::place(const QueuedRecipient& recipient, ChunkList::Origin origin) {
  const Second second = std::max(recipient.due, front_);
  const std::uint32_t window = second / kWindow;
  if (window > window_ + 1) {
    later_[window].push(pool_, recipient, origin);
    return;
  }
  const std::uint32_t bucket = second % kNear;
  near_[bucket].push(pool_, recipient, origin);
  near_used_[bucket / 64] |= std::uint64_t{1} << (bucket % 64);
}

void CalendarQueue::move_ahead(std::size_t max) {
  const auto next = later_.find(window_ + 1);
  if (next == later_.end()) return;
  ChunkList& list = next->second;
  for (; max > 0 && !list.empty(); --max) place(list.pop(pool_), ChunkList::Origin::Waiting);
  if (list.empty()) later_.erase(next);
}

void CalendarQueue::enter_next_window() {
  move_ahead(size_);
  ++window_;
  front_ = window_ * kWindow;
}

std::optional<Second> CalendarQueue::first_near(Second from) const {
  const std::uint32_t bucket = from % kNear;
  const std::uint32_t end_word = (bucket / kWindow + 1) * (kWindow / 64);
  std::uint32_t word = bucket / 64;
  std::uint64_t bits = near_used_[word] & (~std::uint64_t{0} << (bucket % 64));
  while (bits == 0) {
    if (++word == end_word) return std::nullopt;
    bits = near_used_[word];
  }
  const auto found = word * 64 + static_cast<std::uint32_t>(std::countr_zero(bits));
  return from - bucket + found;
}

std::size_t CalendarQueue::pop_due(Time now, std::size_t max, std::vector<QueuedRecipient>& out) {
  const Second target = std::max(second_of(now), front_);
  std::size_t popped = 0;
  while (popped < max && size_ > 0) {
    const std::optional<Second> second = first_near(front_);
    if (second && *second > target) break;
    if (!second) {
      if (target / kWindow == window_) break;
      enter_next_window();
      continue;
    }
    front_ = *second;
    const std::uint32_t bucket = front_ % kNear;
    ChunkList& list = near_[bucket];
    for (; popped < max && !list.empty(); ++popped, --size_) out.push_back(list.pop(pool_));
    if (list.empty()) near_used_[bucket / 64] &= ~(std::uint64_t{1} << (bucket % 64));
  }
  if (popped < max) {  // nothing is due any more
    front_ = target;
    window_ = target / kWindow;
  }
  move_ahead(kMoveEach);
  return popped;
}

std::optional<Time> CalendarQueue::next_due() const {
  if (size_ == 0) return std::nullopt;
  if (const auto second = first_near(front_)) return time_of(*second);
  const Second next_window = (window_ + 1) * kWindow;
  if (!later_.empty() && later_.begin()->first == window_ + 1) return time_of(next_window);
  if (const auto second = first_near(next_window)) return time_of(*second);
  PENSTOCK_CHECK(!later_.empty());
  return time_of(later_.begin()->first * kWindow);
}

ChunkList* CalendarQueue::list_at(Cursor& cursor) {
  const auto go_to = [&cursor](std::uint32_t window, std::uint32_t step) {
    if (cursor.window_ == window && cursor.step_ == step) return;
    cursor.window_ = window;
    cursor.step_ = step;
    cursor.list_ = ListCursor{.scan = cursor.list_.scan};
  };
  if (cursor.window_ < window_) go_to(window_, 0);
  while (cursor.window_ <= window_ + 1) {
    const std::uint32_t window = cursor.window_;
    if (cursor.step_ == 0) {
      if (const auto later = later_.find(window); later != later_.end()) return &later->second;
      go_to(window, 1);
    }
    if (cursor.step_ <= kWindow) {
      if (const auto second = first_near(window * kWindow + cursor.step_ - 1)) {
        go_to(window, *second % kWindow + 1);
        return &near_[*second % kNear];
      }
    }
    go_to(window + 1, 0);
  }
  const auto later = later_.lower_bound(cursor.step_ == 0 ? cursor.window_ : cursor.window_ + 1);
  if (later == later_.end()) return nullptr;
  go_to(later->first, 0);
  return &later->second;
}

// After a scan of the cursor's list: a list that became empty must not be found any more.
void CalendarQueue::tidy(const Cursor& cursor) {
  if (cursor.step_ == 0) {
    const auto later = later_.find(cursor.window_);
    if (later != later_.end() && later->second.empty()) later_.erase(later);
    return;
  }
  const std::uint32_t bucket = (cursor.window_ * kWindow + cursor.step_ - 1) % kNear;
  if (near_[bucket].empty()) near_used_[bucket / 64] &= ~(std::uint64_t{1} << (bucket % 64));
}

std::size_t CalendarQueue::scan(Cursor& cursor, std::size_t max, const Visitor& visit) {
  if (cursor.list_.scan == 0) cursor.list_.scan = pool_.next_scan();
  const Visitor count_taken = [&](const QueuedRecipient& recipient) {
    const Visit what = visit(recipient);
    if (what == Visit::Take) --size_;
    return what;
  };
  std::size_t shown = 0;
  while (!cursor.done_ && shown < max) {
    ChunkList* list = list_at(cursor);
    if (list == nullptr) {
      cursor.done_ = true;
      break;
    }
    const auto left = static_cast<std::uint32_t>(std::min<std::size_t>(max - shown, 1U << 30));
    shown += list->scan(pool_, cursor.list_, left, count_taken);
    const bool finished = cursor.list_.done;
    tidy(cursor);
    if (!finished) continue;
    ++cursor.step_;
    cursor.list_ = ListCursor{.scan = cursor.list_.scan};
  }
  return shown;
}

}  // namespace penstock::queue
