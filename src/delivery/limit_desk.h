// SPDX-License-Identifier: Apache-2.0
// LimitDesk: one shard's limits on tuples ([[limit]]) and who waits for them.
//
// Use:  if (!desk.empty()) …
//       desk.before_open(facts, pools, now)                  // leases for a new connection
//       if (Room* room = desk.queue_for(facts, now)) …       // before the message is read: a line he has to join
//       desk.take(facts, recipients, bytes, now)             // before MAIL: all limits, or the room of the one that
//                                                            // refused
// A recipient that a limit holds back waits in a room of that limit, in memory, in order of priority, then of arrival;
// the connection goes on with others. Rooms let out as many as the limit has room for (each tick), so nobody asks in
// vain for long. They count as ready: due, and waiting for a permit. Threads: the shard's.
#pragma once

#include <array>
#include <functional>
#include <unordered_map>
#include <vector>

#include "queue/chunk_list.h"
#include "queue/fair_queue.h"
#include "shaping/limit_book.h"

namespace penstock::delivery {

class LimitDesk {
 public:
  static constexpr std::size_t kLines = 3;  // by queue::Priority
  struct Room {
    shaping::LeasePtr lease;
    std::array<queue::ChunkList, kLines> lines;
    std::uint32_t normal_turns = 0;  // of normal mail, while bulk waited
    std::uint32_t tickets = 0;       // so many were let out and have not asked yet
    Time first_expiry{};
    [[nodiscard]] std::size_t size() const;
    // The line whose turn it is: urgent first, then normal, and one of bulk after each eighth of normal. As paths do.
    [[nodiscard]] queue::ChunkList* next();
  };

  // All must outlive it.
  LimitDesk(shaping::SharedLimits& shared, queue::ChunkPool& pool, const model::NameTable& names, const Clock& clock)
      : book_(shared), pool_(pool), names_(names), clock_(clock) {}
  ~LimitDesk();
  LimitDesk(const LimitDesk&) = delete;
  LimitDesk& operator=(const LimitDesk&) = delete;

  // Who waits comes back: the limits may be others.
  [[nodiscard]] std::vector<queue::QueuedRecipient> set_rules(shaping::LimitRules rules);
  [[nodiscard]] bool empty() const { return book_.empty(); }
  [[nodiscard]] bool has(shaping::LimitBook::Part part) const { return book_.has(part); }

  // Leases with limits of connections; `pools` are those that the vMTA is in.
  [[nodiscard]] std::vector<shaping::LeasePtr> before_open(const shaping::LimitKey& facts,
                                                           const std::vector<model::NameId>& pools);
  [[nodiscard]] std::vector<shaping::LeasePtr> before_hop(const shaping::LimitKey& facts);
  // A room with others in it that this one has to join, by what is known without the message; nullptr: go on.
  [[nodiscard]] Room* queue_for(const shaping::LimitKey& facts);
  struct Taken {
    bool granted = false;
    shaping::HeldLimits slots;  // while the transaction lasts
    std::vector<shaping::LeasePtr> leases;
    Room* refused = nullptr;
  };
  [[nodiscard]] Taken take(const shaping::LimitKey& facts, std::uint32_t recipients, std::uint64_t bytes);
  void wait(Room& room, const queue::QueuedRecipient& recipient, queue::Priority priority, Time expires);

  // Those whose turn it is, and those whose time is over.
  [[nodiscard]] std::vector<queue::QueuedRecipient> let_out();
  [[nodiscard]] std::vector<queue::QueuedRecipient> let_out(const std::vector<shaping::LeasePtr>& freed);
  [[nodiscard]] std::vector<queue::QueuedRecipient> take_expired(
      const std::function<Time(const queue::QueuedRecipient&)>& expires_at);
  [[nodiscard]] bool someone_waits() const { return !rooms_.empty(); }
  [[nodiscard]] std::size_t waiting() const;
  void drop_unused();

  // For scans: the lines of rooms there are; a slice of one. False: it has ended, or the room is gone.
  using RoomId = const shaping::LimitLease*;
  struct LineId {
    RoomId room;
    std::size_t line;
  };
  [[nodiscard]] std::vector<LineId> lines() const;
  bool scan(LineId id, queue::ListCursor& cursor, std::uint32_t max, const queue::Visitor& visit);

 private:
  void let_out(Room& room, std::vector<queue::QueuedRecipient>& out);
  Room& room_of(const shaping::LeasePtr& lease);

  shaping::LimitBook book_;
  queue::ChunkPool& pool_;
  const model::NameTable& names_;
  const Clock& clock_;
  std::unordered_map<RoomId, Room> rooms_;
};

}  // namespace penstock::delivery
