// SPDX-License-Identifier: Apache-2.0
#include "spool/catalog.h"

#include "base/check.h"

namespace penstock::spool {

void BatchEffects::clear() {
  added.clear();
  moved.clear();
  finished.clear();
  gone.clear();
}

void Catalog::add_segment(std::shared_ptr<Segment> segment) {
  const std::lock_guard lock(mutex_);
  sequences_.insert(segment->sequence());
  const std::uint32_t slot = segment->slot();
  entries_[slot] = Entry{.segment = std::move(segment)};
}

void Catalog::remove_segment(std::uint32_t slot) {
  const std::lock_guard lock(mutex_);
  const auto entry = entries_.find(slot);
  PENSTOCK_CHECK(entry != entries_.end() && entry->second.live == 0);
  sequences_.erase(entry->second.segment->sequence());
  entries_.erase(entry);
  for (auto& [other, left] : entries_) left.looked_at_live.reset();
}

void Catalog::set_sealed(std::uint32_t slot, std::uint64_t end) {
  const std::lock_guard lock(mutex_);
  Entry& entry = entries_.at(slot);
  entry.sealed = true;
  entry.end = end;
}
void Catalog::set_stuck(std::uint32_t slot) {
  const std::lock_guard lock(mutex_);
  entries_.at(slot).stuck = true;
}
void Catalog::set_not_worth_it(std::uint32_t slot) {
  const std::lock_guard lock(mutex_);
  Entry& entry = entries_.at(slot);
  entry.looked_at_live = entry.live;
}
void Catalog::look_again() {
  const std::lock_guard lock(mutex_);
  for (auto& [slot, entry] : entries_) entry.looked_at_live.reset();
}

void Catalog::leave(std::uint32_t slot) {
  Entry& entry = entries_.at(slot);
  PENSTOCK_CHECK(entry.live > 0);
  --entry.live;
}

void Catalog::apply(std::uint32_t slot, BatchEffects& effects) {
  const std::lock_guard lock(mutex_);
  Entry& here = entries_.at(slot);
  for (const auto& moved : effects.moved) {
    leave(index_.find(moved.id).value().slot);
    index_.move(moved.id, Location::at(slot, moved.offset));
    ++here.live;
    ++here.messages;
  }
  for (const auto& added : effects.added) {
    index_.add(added.id, Location::at(slot, added.offset), added.recipients, {});
    ++here.live;
    ++here.messages;
  }
  for (const auto& recipient : effects.finished) {
    const auto place = index_.find(recipient.message);
    if (index_.finish(recipient) != MessageIndex::Finish::Message) continue;
    leave(place->slot);
    effects.gone.push_back(recipient.message);
  }
}

bool Catalog::add_found(model::MessageId id, Location where, std::uint32_t recipients,
                        std::span<const std::uint32_t> finished) {
  const std::lock_guard lock(mutex_);
  if (index_.find(id)) return false;
  index_.add(id, where, recipients, finished);
  Entry& entry = entries_.at(where.slot);
  ++entry.live;
  ++entry.messages;
  return true;
}

std::optional<Place> Catalog::locate(model::MessageId id) const {
  const std::lock_guard lock(mutex_);
  const auto where = index_.find(id);
  if (!where) return std::nullopt;
  return Place{entries_.at(where->slot).segment, where->offset()};
}

bool Catalog::live(const model::RecipientId& recipient) const {
  const std::lock_guard lock(mutex_);
  return index_.live(recipient);
}

bool Catalog::stands_at(model::MessageId id, Location where) const {
  const std::lock_guard lock(mutex_);
  return index_.find(id) == where;
}

std::vector<std::uint32_t> Catalog::finished(model::MessageId id) const {
  const std::lock_guard lock(mutex_);
  return index_.finished(id);
}

std::optional<std::uint64_t> Catalog::envelope_sequence(const model::RecipientId& recipient) const {
  const std::lock_guard lock(mutex_);
  if (!index_.live(recipient)) return std::nullopt;
  return entries_.at(index_.find(recipient.message)->slot).segment->sequence();
}

bool Catalog::holds(std::uint64_t sequence) const {
  const std::lock_guard lock(mutex_);
  return sequences_.contains(sequence);
}

double Catalog::live_share(const Entry& entry) const {
  if (entry.live == 0) return 0;
  // Messages are counted, not bytes: the exact share is known when the segment is looked at closely.
  const double bytes = static_cast<double>(entry.end - kFirstRecordOffset) * static_cast<double>(entry.live) /
                       static_cast<double>(entry.messages);
  return bytes / static_cast<double>(entry.segment->size() - kFirstRecordOffset);
}

std::shared_ptr<Segment> Catalog::least_live(double share, std::uint64_t sequence_below) const {
  const std::lock_guard lock(mutex_);
  std::shared_ptr<Segment> found;
  for (const auto& [slot, entry] : entries_) {
    if (!entry.sealed || entry.stuck || entry.segment->sequence() >= sequence_below) continue;
    // Each look reads its hint, so not after every message.
    if (entry.looked_at_live && entry.live >= *entry.looked_at_live - *entry.looked_at_live / 8) continue;
    const double its = live_share(entry);
    if (its >= share) continue;
    share = its;
    found = entry.segment;
  }
  return found;
}

Catalog::Numbers Catalog::numbers() const {
  const std::lock_guard lock(mutex_);
  return {.segments = entries_.size(), .messages = index_.messages(), .recipients = index_.recipients()};
}

}  // namespace penstock::spool
