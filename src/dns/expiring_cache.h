// SPDX-License-Identifier: Apache-2.0
// ExpiringCache<V>: values by name, each with an expiry, never more than a set number.
//
// Use:  if (const V* hit = cache.find(name, now)) …   cache.put(name, value, now + ttl, now);
// At the limit a value that has expired or that was not asked for lately makes room (the clock algorithm: a hit costs
// one store, not a list operation).   Threads: one owner.   Time comes in as an argument and must not go backwards.
// Validity: a pointer from find() holds until the next put(), erase() or clear().
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/clock.h"

namespace penstock::dns {

template <class V>
class ExpiringCache {
 public:
  // `limit` of at least 1.
  explicit ExpiringCache(std::size_t limit) : limit_(limit) { PENSTOCK_CHECK(limit >= 1); }

  // Absent or expired: nullptr.
  [[nodiscard]] const V* find(std::string_view name, Time now) {
    const auto found = entries_.find(name);
    if (found == entries_.end() || found->second.expires <= now) return nullptr;
    found->second.used = true;
    return &found->second.value;
  }
  // Replaces what is there.
  void put(std::string_view name, V value, Time expires, Time now) {
    const auto found = entries_.find(name);
    if (found != entries_.end()) {
      found->second.value = std::move(value);
      found->second.expires = expires;
      return;
    }
    const std::size_t slot = ring_.size() < limit_ ? ring_.size() : make_room(now);
    const auto added = entries_.emplace(std::string(name), Entry{std::move(value), expires, slot, false}).first;
    if (slot == ring_.size()) {
      ring_.push_back(&*added);
    } else {
      ring_[slot] = &*added;
    }
  }
  void erase(std::string_view name) {
    const auto found = entries_.find(name);
    if (found == entries_.end()) return;
    const std::size_t slot = found->second.slot;  // the last of the ring moves into the gap
    ring_[slot] = ring_.back();
    ring_[slot]->second.slot = slot;
    ring_.pop_back();
    entries_.erase(found);
  }
  void clear() {
    entries_.clear();
    ring_.clear();
    hand_ = 0;
  }
  // Expired values that were not yet displaced count too.
  [[nodiscard]] std::size_t size() const { return entries_.size(); }

 private:
  struct Entry {
    V value;
    Time expires;
    std::size_t slot;
    bool used;
  };
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view s) const { return std::hash<std::string_view>()(s); }
  };
  using Map = std::unordered_map<std::string, Entry, Hash, std::equal_to<>>;

  // Drops one value and says which slot is free. Ends within two rounds: the first clears every mark.
  std::size_t make_room(Time now) {
    for (;; ++hand_) {
      if (hand_ >= ring_.size()) hand_ = 0;
      Entry& entry = ring_[hand_]->second;
      if (entry.used && entry.expires > now) {
        entry.used = false;
        continue;
      }
      const std::size_t slot = hand_++;
      entries_.erase(entries_.find(ring_[slot]->first));
      return slot;
    }
  }

  const std::size_t limit_;
  Map entries_;
  std::vector<typename Map::value_type*> ring_;  // nodes of entries_, whose addresses do not change
  std::size_t hand_ = 0;
};

}  // namespace penstock::dns
