// SPDX-License-Identifier: Apache-2.0
// FairQueue: the ready queue of one egress path. It decides who goes next.
//
// Within a priority, flows (one per label set: stream, tenant, campaign) are served by deficit round robin (Shreedhar
// and Varghese, 1995): each round a flow may spend kQuantum; a recipient costs kBaseCost plus a unit per KiB of body.
// So flows share the path's capacity equally by bytes and transactions, however long each is: ten messages of a new
// tenant do not wait behind a campaign's million.
//
// Between priorities: urgent before normal before bulk, but never for ever. While higher ones are busy, at least one
// take in kNormalTurn is normal and one in kBulkTurn is bulk, if any waits. So an urgent recipient waits for at most
// two others of lower priority, and a steady flood of urgent mail still leaves bulk 1/16 of the path.
//
// Paused flows are set aside as a whole and cost nothing per recipient while they wait.
// Within a flow the order is first in, first out. push is O(1) and pop too on average: a recipient of n KiB costs up to
// n / kQuantum turns of the round. A flow disappears when it is empty, and what it owes then is forgotten: equal shares
// are promised to flows while they wait.
// Threads: one owner.   Limits: those of ChunkPool; bodies above kCostKibMax count as that.
#pragma once

#include <array>
#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "queue/chunk_list.h"
#include "queue/label_set.h"
#include "queue/pause_set.h"
#include "queue/queued_recipient.h"

namespace penstock::queue {

enum class Priority : std::uint8_t { Urgent, Normal, Bulk };
[[nodiscard]] const char* to_string(Priority priority);  // "urgent", "normal", "bulk": as in the configuration

class FairQueue {
 public:
  static constexpr std::uint32_t kBaseCost = 16;      // what a recipient costs besides its KiB
  static constexpr std::uint32_t kCostKibMax = 1024;  // a single recipient is not charged for more
  static constexpr std::uint32_t kQuantum = 64;
  static constexpr std::uint32_t kNormalTurn = 8;
  static constexpr std::uint32_t kBulkTurn = 16;

  // `pool` and `labels` must outlive the queue.
  FairQueue(ChunkPool& pool, const LabelSetTable& labels);
  ~FairQueue();
  FairQueue(const FairQueue&) = delete;
  FairQueue& operator=(const FairQueue&) = delete;

  // `priority` is that of the recipient's stream. A flow has the priority it was last pushed with.
  void push(const QueuedRecipient& recipient, Priority priority);
  // The next recipient, or nothing if all are paused or none is there. Pass the shard's one PauseSet each time.
  std::optional<QueuedRecipient> pop(const PauseSet& pauses);
  // After pop: more recipients of the same message and domain that stand next in its flow, for the same transaction,
  // at most `max`, appended to `out`; returns how many. They are charged to the flow like any other.
  std::size_t pop_same_message(const QueuedRecipient& first, std::size_t max, std::vector<QueuedRecipient>& out);
  // Something that is not paused waits.
  [[nodiscard]] bool ready(const PauseSet& pauses);

  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] bool empty() const { return size_ == 0; }
  [[nodiscard]] std::size_t flows() const { return flows_.size(); }
  // Waiting recipients of one flow.
  [[nodiscard]] std::size_t size(LabelSetId labels) const;

  // A scan over everything in slices. See ChunkList for what may change between slices. Flows that appear during the
  // scan may be left out.
  class Cursor {
   public:
    [[nodiscard]] bool done() const { return done_; }

   private:
    friend class FairQueue;
    bool started_ = false;
    bool done_ = false;
    std::vector<LabelSetId> flows_;  // still to be visited, the last one first
    ListCursor list_;
  };
  // Shows about `max` recipients (never more than max + 15); returns how many. `visit` must not touch this queue.
  std::size_t scan(Cursor& cursor, std::size_t max, const Visitor& visit);

 private:
  static constexpr std::size_t kPriorities = 3;
  static constexpr std::uint32_t kNone = 0xFFFFFFFF;
  struct Flow {
    LabelSetId labels;
    Priority priority = Priority::Normal;
    bool paused = false;
    std::uint64_t pauses_version = 0;  // of the PauseSet when it was compared with it
    std::int64_t deficit = 0;
    ChunkList list;
    std::uint32_t previous = kNone;  // neighbours in the round of its priority; a circle
    std::uint32_t next = kNone;
  };

  [[nodiscard]] static std::int64_t cost(const QueuedRecipient& recipient);
  // Lets flows go on whose pause ended.
  void look_at_paused(const PauseSet& pauses);
  // The flow whose turn it would be, having set aside those that are paused; kNone if there is none.
  std::uint32_t unpaused_flow(std::size_t priority, const PauseSet& pauses);
  [[nodiscard]] std::optional<std::size_t> choose_priority(const PauseSet& pauses);
  std::uint32_t choose_flow(std::size_t priority, const PauseSet& pauses);
  void count_turn(std::size_t priority);
  QueuedRecipient take_front(Flow& flow);
  void join_round(std::uint32_t slot);
  void leave_round(std::uint32_t slot);
  void forget_if_empty(std::uint32_t slot);

  ChunkPool& pool_;
  const LabelSetTable& labels_;
  std::deque<Flow> slots_;  // flows by slot; freed slots are used again
  std::vector<std::uint32_t> free_slots_;
  boost::unordered_flat_map<LabelSetId, std::uint32_t, std::hash<LabelSetId>> flows_;
  std::array<std::uint32_t, kPriorities> current_{kNone, kNone, kNone};  // whose turn it is in each round
  std::array<std::uint32_t, kPriorities> passed_over_{};  // takes of others since this priority waits unserved
  std::vector<std::uint32_t> paused_;                     // slots of paused flows
  std::uint64_t pauses_version_ = 0;                      // that paused_ was looked at with
  std::size_t size_ = 0;
};

}  // namespace penstock::queue
