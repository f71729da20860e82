// SPDX-License-Identifier: Apache-2.0
#include "delivery/limit_desk.h"

#include <algorithm>

namespace penstock::delivery {

using shaping::LeasePtr;
using shaping::LimitBook;

namespace {

constexpr std::uint32_t kScanEach = 4096;
constexpr std::uint32_t kOutMost = 10'000;  // of a room at a time
constexpr std::size_t kUrgent = static_cast<std::size_t>(queue::Priority::Urgent);
constexpr std::size_t kNormal = static_cast<std::size_t>(queue::Priority::Normal);
constexpr std::size_t kBulk = static_cast<std::size_t>(queue::Priority::Bulk);

}  // namespace

std::size_t LimitDesk::Room::size() const {
  std::size_t sum = 0;
  for (const queue::ChunkList& line : lines) sum += line.size();
  return sum;
}

queue::ChunkList* LimitDesk::Room::next() {
  if (!lines[kUrgent].empty()) return &lines[kUrgent];
  const bool bulk = !lines[kBulk].empty();
  if (!lines[kNormal].empty() && (!bulk || normal_turns < queue::FairQueue::kNormalTurn)) {
    if (bulk) ++normal_turns;
    return &lines[kNormal];
  }
  normal_turns = 0;
  return bulk ? &lines[kBulk] : nullptr;
}

LimitDesk::~LimitDesk() {
  for (auto& [id, room] : rooms_) {
    for (queue::ChunkList& line : room.lines) line.clear(pool_);
  }
}

std::vector<queue::QueuedRecipient> LimitDesk::set_rules(shaping::LimitRules rules) {
  std::vector<queue::QueuedRecipient> out;
  for (auto& [id, room] : rooms_) {
    while (queue::ChunkList* line = room.next()) out.push_back(line->pop(pool_));
  }
  rooms_.clear();
  book_.set_rules(std::move(rules), clock_.now());
  return out;
}

std::vector<LeasePtr> LimitDesk::before_open(const shaping::LimitKey& facts, const std::vector<model::NameId>& pools) {
  if (pools.empty()) return book_.find(facts, LimitBook::Part::Path, names_, clock_.now());
  std::vector<LeasePtr> all;
  for (const model::NameId pool : pools) {
    shaping::LimitKey with = facts;
    with[shaping::Dimension::Pool] = pool;
    for (LeasePtr& lease : book_.find(with, LimitBook::Part::Path, names_, clock_.now())) {
      if (std::find(all.begin(), all.end(), lease) == all.end()) all.push_back(std::move(lease));
    }
  }
  return all;
}

std::vector<LeasePtr> LimitDesk::before_hop(const shaping::LimitKey& facts) {
  return book_.find(facts, LimitBook::Part::Hop, names_, clock_.now());
}

LimitDesk::Room* LimitDesk::queue_for(const shaping::LimitKey& facts) {
  if (rooms_.empty()) return nullptr;
  for (const LeasePtr& lease : book_.find(facts, LimitBook::Part::Message, names_, clock_.now())) {
    const auto found = rooms_.find(lease.get());
    if (found == rooms_.end()) continue;
    if (found->second.tickets == 0) return &found->second;
    --found->second.tickets;
  }
  return nullptr;
}

LimitDesk::Taken LimitDesk::take(const shaping::LimitKey& facts, std::uint32_t recipients, std::uint64_t bytes) {
  const Time now = clock_.now();
  Taken taken;
  taken.leases = book_.find(facts, LimitBook::Part::Message, names_, now);
  const auto refuses = std::find_if(taken.leases.begin(), taken.leases.end(),
                                    [&](const LeasePtr& lease) { return !lease->can_send(recipients, bytes, now); });
  if (refuses != taken.leases.end()) {
    taken.refused = &room_of(*refuses);
    return taken;
  }
  // Slots are asked for in order too; the first that has none is the one to wait for.
  std::vector<LeasePtr> counted;
  for (const LeasePtr& lease : taken.leases) {
    if (lease->counts_transactions()) counted.push_back(lease);
  }
  if (!taken.slots.take(counted, clock_)) {
    const auto full = std::find_if(counted.begin(), counted.end(),
                                   [](const LeasePtr& lease) { return lease->shared().free_slots() == 0; });
    taken.refused = &room_of(full == counted.end() ? counted.front() : *full);
    return taken;
  }
  for (const LeasePtr& lease : taken.leases) lease->send(recipients, bytes);
  taken.granted = true;
  return taken;
}

LimitDesk::Room& LimitDesk::room_of(const LeasePtr& lease) {
  Room& room = rooms_[lease.get()];
  if (!room.lease) {
    room.lease = lease;
    room.first_expiry = Time::max();
  }
  return room;
}

void LimitDesk::wait(Room& room, const queue::QueuedRecipient& recipient, queue::Priority priority, Time expires) {
  room.lines[static_cast<std::size_t>(priority)].push(pool_, recipient);
  room.first_expiry = std::min(room.first_expiry, expires);
}

void LimitDesk::let_out(Room& room, std::vector<queue::QueuedRecipient>& out) {
  const Time now = clock_.now();
  room.tickets = 0;
  queue::ChunkList* line = room.next();
  const std::uint64_t bytes = line == nullptr ? 0 : std::uint64_t{line->front(pool_).body_kib} * 1024;
  for (std::uint32_t left = std::min(kOutMost, room.lease->room(bytes, now)); left > 0 && line != nullptr; --left) {
    out.push_back(line->pop(pool_));
    ++room.tickets;
    line = room.next();
  }
}

std::vector<queue::QueuedRecipient> LimitDesk::let_out() {
  std::vector<queue::QueuedRecipient> out;
  for (auto entry = rooms_.begin(); entry != rooms_.end();) {
    let_out(entry->second, out);
    entry = entry->second.size() == 0 ? rooms_.erase(entry) : std::next(entry);
  }
  return out;
}

std::vector<queue::QueuedRecipient> LimitDesk::let_out(const std::vector<LeasePtr>& freed) {
  std::vector<queue::QueuedRecipient> out;
  for (const LeasePtr& lease : freed) {
    const auto found = rooms_.find(lease.get());
    if (found != rooms_.end()) let_out(found->second, out);
  }
  return out;
}

std::vector<queue::QueuedRecipient> LimitDesk::take_expired(
    const std::function<Time(const queue::QueuedRecipient&)>& expires_at) {
  const Time now = clock_.now();
  std::vector<queue::QueuedRecipient> over;
  for (auto& [id, room] : rooms_) {
    if (room.first_expiry > now) continue;
    room.first_expiry = Time::max();
    const auto see = [&](const queue::QueuedRecipient& recipient) {
      const Time expires = expires_at(recipient);
      if (expires <= now) over.push_back(recipient);
      if (expires > now) room.first_expiry = std::min(room.first_expiry, expires);
      return expires <= now ? queue::Visit::Take : queue::Visit::Keep;
    };
    for (queue::ChunkList& line : room.lines) {
      queue::ListCursor cursor;
      cursor.scan = pool_.next_scan();
      while (!cursor.done) line.scan(pool_, cursor, kScanEach, see);
    }
  }
  return over;
}

std::size_t LimitDesk::waiting() const {
  std::size_t sum = 0;
  for (const auto& [id, room] : rooms_) sum += room.size();
  return sum;
}

void LimitDesk::drop_unused() {
  book_.drop_unused(clock_.now());
}

std::vector<LimitDesk::LineId> LimitDesk::lines() const {
  std::vector<LineId> all;
  for (const auto& [id, room] : rooms_) {
    for (std::size_t line = 0; line < kLines; ++line) all.push_back({id, line});
  }
  return all;
}

bool LimitDesk::scan(LineId id, queue::ListCursor& cursor, std::uint32_t max, const queue::Visitor& visit) {
  const auto found = rooms_.find(id.room);
  if (found == rooms_.end()) return false;
  if (cursor.scan == 0) cursor.scan = pool_.next_scan();
  found->second.lines[id.line].scan(pool_, cursor, max, visit);
  return !cursor.done;
}

}  // namespace penstock::delivery
