// SPDX-License-Identifier: Apache-2.0
// CalendarQueue: recipients that wait for a time: the deferred and the scheduled ones of a shard.
//
// Use:  calendar.push(recipient);  …  calendar.pop_due(now, 1000, due);  sleep_until(calendar.next_due());
//
// A bucketed calendar: one bucket per second for the window of 4096 s that `now` is in and for the next one, one list
// per window for all later ones. The next window's recipients move to their seconds little by little with each pop_due,
// so no tick has to move a whole window. push and pop are O(1) (in the number of recipients; a push beyond the next
// window also finds its window in a small map). An order is promised between seconds, none within one. Nothing is
// popped before its second.
//
// Threads: one owner.   Limits: those of ChunkPool; fixed cost about 100 KiB.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "base/clock.h"
#include "queue/chunk_list.h"
#include "queue/queued_recipient.h"

namespace penstock::queue {

class CalendarQueue {
 public:
  // `pool` must outlive the queue. The calendar starts at `now`.
  CalendarQueue(ChunkPool& pool, Time now);
  ~CalendarQueue();
  CalendarQueue(const CalendarQueue&) = delete;
  CalendarQueue& operator=(const CalendarQueue&) = delete;

  // Keeps it until recipient.due. A time that has passed means "at the next pop_due".
  void push(const QueuedRecipient& recipient);
  // Appends to `out` at most `max` recipients whose time has come, earliest second first; returns how many.
  // A `now` before the last one counts as the last one.
  std::size_t pop_due(Time now, std::size_t max, std::vector<QueuedRecipient>& out);
  // Nothing is due before this; nothing at all if it is empty. Exact when something is due in this window; else it may
  // be the start of a later window.
  [[nodiscard]] std::optional<Time> next_due() const;
  [[nodiscard]] std::size_t size() const { return size_; }

  // A scan over everything in slices, in the order of due times. See ChunkList for what may change between slices; a
  // recipient whose window moved to its seconds meanwhile may be shown a second time, never not at all.
  class Cursor {
   public:
    [[nodiscard]] bool done() const { return done_; }

   private:
    friend class CalendarQueue;
    bool done_ = false;
    // Where it is: a window, and 0 for the window's own list or 1 + a second of the window.
    std::uint32_t window_ = 0;
    std::uint32_t step_ = 0;
    ListCursor list_;
  };
  // Shows about `max` recipients (never more than max + 15); returns how many were shown. Call until cursor.done().
  // `visit` may push into this queue, but not pop or scan.
  std::size_t scan(Cursor& cursor, std::size_t max, const Visitor& visit);

 private:
  static constexpr std::uint32_t kWindow = 4096;       // seconds
  static constexpr std::uint32_t kNear = 2 * kWindow;  // buckets of one second
  static constexpr std::uint32_t kMoveEach = 4096;     // recipients moved per pop_due

  void place(const QueuedRecipient& recipient, ChunkList::Origin origin);
  // Moves up to `max` of the next window's own list to their seconds.
  void move_ahead(std::size_t max);
  void enter_next_window();
  // The first second at or after `from`, in the same window, whose bucket is not empty.
  [[nodiscard]] std::optional<Second> first_near(Second from) const;
  // The cursor's list, having moved the cursor to the first place at or after its own that has one; else nullptr.
  [[nodiscard]] ChunkList* list_at(Cursor& cursor);
  void tidy(const Cursor& cursor);

  ChunkPool& pool_;
  std::array<ChunkList, kNear> near_{};
  std::array<std::uint64_t, kNear / 64> near_used_{};  // a bit per near bucket that is not empty
  std::map<std::uint32_t, ChunkList> later_;           // by window; those after window_ (the next may be half moved)
  std::uint32_t window_;                               // number of the window that front_ is in
  Second front_;                                       // all near buckets before are empty
  std::size_t size_ = 0;
};

}  // namespace penstock::queue
