// SPDX-License-Identifier: Apache-2.0
// HeldQueue: recipients that wait for a person, a resumed pause or a wave; time alone does not free them.
//
// Order is that of arrival, so what has waited longest is released first. Release is a scan in slices whose visitor
// takes what it wants and pushes it where it belongs.
// Threads: one owner.   Limits: those of ChunkPool.
#pragma once

#include <array>
#include <cstdint>

#include "queue/chunk_list.h"
#include "queue/queued_recipient.h"

namespace penstock::queue {

class HeldQueue {
 public:
  // `pool` must outlive the queue.
  explicit HeldQueue(ChunkPool& pool) : pool_(pool) {}
  ~HeldQueue() { list_.clear(pool_); }
  HeldQueue(const HeldQueue&) = delete;
  HeldQueue& operator=(const HeldQueue&) = delete;

  // Keeps it. `reason` is written into the descriptor and must not be None.
  void push(QueuedRecipient recipient, HoldReason reason);
  [[nodiscard]] std::size_t size() const { return list_.size(); }
  [[nodiscard]] std::size_t size(HoldReason reason) const { return counts_[static_cast<std::size_t>(reason)]; }

  class Cursor {
   public:
    [[nodiscard]] bool done() const { return list_.done; }

   private:
    friend class HeldQueue;
    ListCursor list_;
  };
  // Shows about `max` recipients (never more than max + 15); returns how many. Call until cursor.done(). The visitor
  // must not touch this queue; see ChunkList for what may change between slices.
  std::size_t scan(Cursor& cursor, std::size_t max, const Visitor& visit);

 private:
  static constexpr std::size_t kReasons = 6;
  ChunkPool& pool_;
  ChunkList list_;
  std::array<std::size_t, kReasons> counts_{};
};

}  // namespace penstock::queue
