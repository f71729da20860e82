// SPDX-License-Identifier: Apache-2.0
#include "spool/message_cache.h"

namespace penstock::spool {
namespace {
constexpr std::size_t kArrivalsSpare = 1024;
}

std::uint64_t MessageCache::cost(const CachedMessage& message) {
  return 512 + message.body->size() + message.envelope->recipients.size() * 96;
}

void MessageCache::add(CachedMessage message, Time now) {
  const std::uint64_t bytes = cost(message);
  const std::lock_guard lock(mutex_);
  make_room(bytes, now);
  if (bytes_ + bytes > bytes_max_) return;
  const model::MessageId id = message.envelope->id;
  if (!messages_.emplace(id, std::move(message)).second) return;
  bytes_ += bytes;
  arrivals_.push_back({id, now});
}

std::optional<CachedMessage> MessageCache::find(model::MessageId id) const {
  const std::lock_guard lock(mutex_);
  const auto found = messages_.find(id);
  if (found == messages_.end()) return std::nullopt;
  return found->second;
}

void MessageCache::remove(model::MessageId id) {
  CachedMessage gone;  // freed outside the lock
  const std::lock_guard lock(mutex_);
  const auto found = messages_.find(id);
  if (found == messages_.end()) return;
  bytes_ -= cost(found->second);
  gone = std::move(found->second);
  messages_.erase(found);
}

void MessageCache::remove_locked(model::MessageId id) {
  const auto found = messages_.find(id);
  if (found == messages_.end()) return;
  bytes_ -= cost(found->second);
  messages_.erase(found);
}

void MessageCache::make_room(std::uint64_t bytes, Time now) {
  while (!arrivals_.empty()) {
    const Arrival& oldest = arrivals_.front();
    const bool gone = !messages_.contains(oldest.id);
    // Too many of those that are gone may also stand behind one that stays.
    const bool wanted = bytes_ + bytes > bytes_max_ || arrivals_.size() > 2 * messages_.size() + kArrivalsSpare;
    if (!gone && (!wanted || now - oldest.at < kGivesWayAfter)) return;
    if (!gone) remove_locked(oldest.id);
    arrivals_.pop_front();
  }
}

std::uint64_t MessageCache::bytes() const {
  const std::lock_guard lock(mutex_);
  return bytes_;
}

}  // namespace penstock::spool
