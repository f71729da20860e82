// SPDX-License-Identifier: Apache-2.0
// CalendarQueue: recipients that wait for a time: the deferred and the scheduled ones of a shard.
//
// Use:  calendar.push(recipient);  …  calendar.pop_due(now, 1000, due);  sleep_until(calendar.next_due());
//
// A bucketed calendar: one bucket per second for the window of 4096 s that `now` is in and for the next one, one bucket
// per window for the 512 windows (24 days) after, and one list for what is later. The next window's recipients move to
// their seconds little by little with each pop_due, so no tick has to move a whole window. push and pop are O(1).
// An order is promised between seconds, none within one. Nothing is popped before its second.
//
// Threads: one owner.   Limits: those of ChunkPool; fixed cost about 110 KiB.
#pragma once

#include <array>
#include <cstdint>
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
    bool started_ = false;
    bool done_ = false;
    std::uint64_t place_ = 0;  // first second (kFar: the far list) that is not finished
    ListCursor list_;
  };
  // Shows about `max` recipients (never more than max + 15); returns how many were shown. Call until cursor.done().
  // `visit` may push into this queue, but not pop or scan.
  std::size_t scan(Cursor& cursor, std::size_t max, const Visitor& visit);

 private:
  static constexpr std::uint32_t kWindow = 4096;       // seconds
  static constexpr std::uint32_t kNear = 2 * kWindow;  // buckets of one second
  static constexpr std::uint32_t kOuter = 512;         // buckets of one window
  static constexpr std::uint32_t kMoveEach = 4096;     // recipients moved per pop_due
  static constexpr std::uint64_t kFar = std::uint64_t{1} << 40;
  // Which list, and the first second after those it holds.
  struct Bucket {
    ChunkList* list;
    std::uint64_t end;
  };

  void place(const QueuedRecipient& recipient);
  void enter_window(std::uint32_t window);
  void move_from(ChunkList& list, std::uint64_t max);
  [[nodiscard]] std::optional<Second> first_near(Second from) const;
  [[nodiscard]] Bucket bucket_at(std::uint64_t second);
  void mark(Second second);

  ChunkPool& pool_;
  std::array<ChunkList, kNear> near_{};
  std::array<std::uint64_t, kNear / 64> near_used_{};  // a bit per near bucket that may be non-empty
  std::array<ChunkList, kOuter> outer_{};
  ChunkList far_;
  std::uint32_t window_;  // number of the window `front_` is in
  Second front_;          // all near buckets before are empty
  std::size_t size_ = 0;
};

}  // namespace penstock::queue
