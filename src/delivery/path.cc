// SPDX-License-Identifier: Apache-2.0
#include "delivery/path.h"

#include <algorithm>

namespace penstock::delivery {

Path::Path(shaping::PathKey key, model::NameId home, shaping::PathLimiter limiter, std::vector<shaping::PathKey> scopes,
           Time now)
    : key_(key), home_(home), limiter_(std::move(limiter)), scope_keys_(std::move(scopes)), latest_{now, {}} {}

Lane& Path::lane_to(const DestinationPtr& destination, queue::ChunkPool& pool, const queue::LabelSetTable& labels) {
  auto& slot = lanes_[(destination->lane ? destination->lane : destination->site).value];
  if (!slot) {
    slot = std::make_unique<Lane>(*this, destination, pool, labels);
  } else if (slot->destination != destination) {
    slot->destination = destination;
  }
  return *slot;
}

void Lane::push(const queue::QueuedRecipient& recipient, queue::Priority priority) {
  if (ready.empty()) groups = 0;
  if (ready.empty() || recipient.message != last_pushed) ++groups;
  last_pushed = recipient.message;
  ready.push(recipient, priority);
}

std::uint64_t Lane::transactions(std::uint32_t recipients_max) const {
  const std::uint64_t at_least = (ready.size() + recipients_max - 1) / recipients_max;
  return std::clamp<std::uint64_t>(groups, at_least, ready.size());
}

bool Lane::lacks_connections() const {
  return !flushing && ready.size() > opening &&
         transactions(path.limiter().recipients_per_message(kRecipientsPerMessage)) > opening;
}

void Path::drop_unused_lanes() {
  boost::unordered::erase_if(lanes_, [](const auto& entry) { return entry.second->unused(); });
}

void Path::want(Lane& lane) {
  if (lane.wants) return;
  lane.wants = true;
  wanting_.push_back(&lane);
}

Lane* Path::next_wanting() {
  if (wanting_.empty()) return nullptr;
  Lane* lane = wanting_.front();
  wanting_.pop_front();
  lane->wants = false;
  return lane;
}

void Path::want_first(Lane& lane) {
  if (lane.wants) return;
  lane.wants = true;
  wanting_.push_front(&lane);
}

bool Path::free_idle_slot(const Lane& lane) {
  for (const auto& [site, other] : lanes_) {
    if (other.get() == &lane || other->idle.empty()) continue;
    other->idle.front().wake(true);
    return true;
  }
  return false;
}

std::uint64_t Path::ready() const {
  std::uint64_t sum = 0;
  for (const auto& [site, lane] : lanes_) sum += lane->ready.size();
  return sum;
}

std::uint64_t Path::in_delivery() const {
  std::uint64_t sum = 0;
  for (const auto& [site, lane] : lanes_) sum += lane->in_delivery;
  return sum;
}

std::uint32_t Path::connections() const {
  std::uint32_t sum = 0;
  for (const auto& [site, lane] : lanes_) sum += lane->connections;
  return sum;
}

void Path::count(model::OutcomeKind kind, std::uint64_t recipients) {
  switch (kind) {
    case model::OutcomeKind::Delivered: counts_.delivered += recipients; return;
    case model::OutcomeKind::Deferred: counts_.deferred += recipients; return;
    case model::OutcomeKind::Bounced: counts_.bounced += recipients; return;
  }
}

void Path::sample(Time now) {
  before_ = latest_;
  latest_ = {now, counts_};
}

PathRates Path::rates(Time now) const {
  const Sample& from = before_.at == Time{} ? latest_ : before_;
  if (from.at == Time{}) return {};
  const double seconds = std::max(1.0, std::chrono::duration<double>(now - from.at).count());
  const auto rate = [seconds](std::uint64_t then, std::uint64_t later) {
    return static_cast<double>(later - then) / seconds;
  };
  return {rate(from.counts.delivered, counts_.delivered), rate(from.counts.deferred, counts_.deferred),
          rate(from.counts.bounced, counts_.bounced)};
}

bool Path::idle() const {
  for (const auto& [site, lane] : lanes_) {
    if (!lane->unused()) return false;
  }
  return true;
}

}  // namespace penstock::delivery
