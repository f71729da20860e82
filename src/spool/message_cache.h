// SPDX-License-Identifier: Apache-2.0
// MessageCache: fresh bodies and envelopes, kept until their first attempt.
//
// Bounded in bytes. A message that finds no room is not kept, unless the oldest have been here for a minute: those
// wait for something, and give way. (Always dropping the oldest would leave nothing useful under a growing backlog,
// because the oldest are attempted first.)
// Threads: any; one lock inside.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "base/clock.h"
#include "model/envelope.h"

namespace penstock::spool {

struct CachedMessage {
  std::shared_ptr<const model::Envelope> envelope;
  std::shared_ptr<const std::string> body;
};

class MessageCache {
 public:
  static constexpr Duration kGivesWayAfter{std::chrono::minutes{1}};

  explicit MessageCache(std::uint64_t bytes_max) : bytes_max_(bytes_max) {}
  void add(CachedMessage message, Time now);
  [[nodiscard]] std::optional<CachedMessage> find(model::MessageId id) const;
  void remove(model::MessageId id);
  [[nodiscard]] std::uint64_t bytes() const;

 private:
  struct Arrival {
    model::MessageId id;
    Time at;
  };
  static std::uint64_t cost(const CachedMessage& message);
  void remove_locked(model::MessageId id);
  void make_room(std::uint64_t bytes, Time now);

  const std::uint64_t bytes_max_;
  // Guarded by mutex_.
  mutable std::mutex mutex_;
  boost::unordered_flat_map<model::MessageId, CachedMessage, std::hash<model::MessageId>> messages_;
  std::deque<Arrival> arrivals_;  // oldest first; those removed are skipped when they come to the front
  std::uint64_t bytes_ = 0;
};

}  // namespace penstock::spool
