// SPDX-License-Identifier: Apache-2.0
#include "spool/message_cache.h"

namespace penstock::spool {
namespace {
constexpr std::size_t kArrivalsSpare = 64;
}

std::uint64_t MessageCache::cost(const StoredMessage& message) {
  return 512 + message.body->size() + message.envelope->recipients.size() * 96;
}

MessageCache::Stripe& MessageCache::stripe_of(model::MessageId id) {
  // Ids are times with zeros below, so the high bits of a product decide.
  return stripes_[(id.value * 0x9E3779B97F4A7C15ULL >> 40) % kStripes];
}

void MessageCache::add(StoredMessage message, Time now) {
  const std::uint64_t bytes = cost(message);
  const model::MessageId id = message.envelope->id;
  Stripe& stripe = stripe_of(id);
  const std::lock_guard lock(stripe.mutex);
  make_room(stripe, bytes, now);
  if (bytes_.fetch_add(bytes) + bytes > bytes_max_ || !stripe.messages.emplace(id, std::move(message)).second) {
    bytes_ -= bytes;
    return;
  }
  stripe.arrivals.push_back({id, now});
}

std::optional<StoredMessage> MessageCache::find(model::MessageId id) {
  Stripe& stripe = stripe_of(id);
  const std::lock_guard lock(stripe.mutex);
  const auto found = stripe.messages.find(id);
  const bool here = found != stripe.messages.end();
  ++(here ? stripe.uses.hits : stripe.uses.misses);
  return here ? std::optional(found->second) : std::nullopt;
}

std::optional<StoredMessage> MessageCache::peek(model::MessageId id) {
  Stripe& stripe = stripe_of(id);
  const std::lock_guard lock(stripe.mutex);
  const auto found = stripe.messages.find(id);
  return found != stripe.messages.end() ? std::optional(found->second) : std::nullopt;
}

MessageCache::Uses MessageCache::uses() const {
  Uses all;
  for (const Stripe& stripe : stripes_) {
    const std::lock_guard lock(stripe.mutex);
    all.hits += stripe.uses.hits;
    all.misses += stripe.uses.misses;
  }
  return all;
}

void MessageCache::remove(model::MessageId id) {
  StoredMessage gone;  // freed outside the lock
  Stripe& stripe = stripe_of(id);
  const std::lock_guard lock(stripe.mutex);
  const auto found = stripe.messages.find(id);
  if (found == stripe.messages.end()) return;
  bytes_ -= cost(found->second);
  gone = std::move(found->second);
  stripe.messages.erase(found);
}

void MessageCache::remove_locked(Stripe& stripe, model::MessageId id) {
  const auto found = stripe.messages.find(id);
  if (found == stripe.messages.end()) return;
  bytes_ -= cost(found->second);
  stripe.messages.erase(found);
}

void MessageCache::make_room(Stripe& stripe, std::uint64_t bytes, Time now) {
  while (!stripe.arrivals.empty()) {
    const Arrival oldest = stripe.arrivals.front();
    const bool gone = !stripe.messages.contains(oldest.id);
    // Too many of those that are gone may also stand behind one that stays.
    const bool wanted =
        bytes_ + bytes > bytes_max_ || stripe.arrivals.size() > 2 * stripe.messages.size() + kArrivalsSpare;
    if (!gone && (!wanted || now - oldest.at < kGivesWayAfter)) return;
    if (!gone) remove_locked(stripe, oldest.id);
    stripe.arrivals.pop_front();
  }
}

}  // namespace penstock::spool
