// SPDX-License-Identifier: Apache-2.0
// MessageCache: fresh bodies and envelopes, kept until their first attempt.
//
// Bounded in bytes. A message that finds no room is not kept, unless the oldest have been here for a minute: those
// wait for something, and give way. (Always dropping the oldest would leave nothing useful under a growing backlog,
// because the oldest are attempted first.)
// In stripes by id, each with a lock of its own, so that shards which look up different messages seldom meet.
// Threads: any.
#pragma once

#include <array>
#include <atomic>
#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>

#include "base/clock.h"
#include "model/ids.h"
#include "spool/stored_message.h"

namespace penstock::spool {

class MessageCache {
 public:
  static constexpr Duration kGivesWayAfter{std::chrono::minutes{1}};

  explicit MessageCache(std::uint64_t bytes_max) : bytes_max_(bytes_max) {}
  void add(StoredMessage message, Time now);
  // Counts a hit or a miss.
  [[nodiscard]] std::optional<StoredMessage> find(model::MessageId id);
  // Does not count.
  [[nodiscard]] std::optional<StoredMessage> peek(model::MessageId id);
  void remove(model::MessageId id);
  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }
  struct Uses {
    std::uint64_t hits = 0;
    std::uint64_t misses = 0;
  };
  [[nodiscard]] Uses uses() const;

 private:
  static constexpr std::size_t kStripes = 16;
  struct Arrival {
    model::MessageId id;
    Time at;
  };
  struct alignas(64) Stripe {
    mutable std::mutex mutex;
    // Guarded by mutex.
    boost::unordered_flat_map<model::MessageId, StoredMessage, std::hash<model::MessageId>> messages;
    Uses uses;
    std::deque<Arrival> arrivals;  // oldest first; those removed are skipped when they come to the front
  };
  static std::uint64_t cost(const StoredMessage& message);
  [[nodiscard]] Stripe& stripe_of(model::MessageId id);
  void remove_locked(Stripe& stripe, model::MessageId id);
  void make_room(Stripe& stripe, std::uint64_t bytes, Time now);

  const std::uint64_t bytes_max_;
  std::atomic<std::uint64_t> bytes_{0};  // of all stripes
  std::array<Stripe, kStripes> stripes_;
};

}  // namespace penstock::spool
