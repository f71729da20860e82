// SPDX-License-Identifier: Apache-2.0
// ExpiringCache<V>: values by name, each with an expiry, never more than a set number.
//
// Use:  if (const V* hit = cache.find(name, now)) …   cache.put(name, value, now + ttl, now);
// At the limit a value that has expired or that was not asked for lately makes room (the clock algorithm: a hit costs
// one store, not a list operation).   Threads: one owner.   Time comes in as an argument and must not go backwards.
// Validity: a pointer from find() holds until the next put(), erase() or clear().
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/clock.h"

namespace penstock::dns {

template <class V>
class ExpiringCache {
 public:
  // `limit` of at least 1.
  explicit ExpiringCache(std::size_t limit) : limit_(limit) { PENSTOCK_CHECK(limit >= 1 && limit < UINT32_MAX); }

  // Absent or expired: nullptr.
  [[nodiscard]] const V* find(std::string_view name, Time now) {
    const auto at = index_.find(hash(name));
    if (at == index_.end()) return nullptr;
    Entry& entry = entries_[at->second];
    if (entry.name != name || entry.expires <= now) return nullptr;
    entry.used = true;
    return &entry.value;
  }
  // Replaces what is there; also another name of the same hash, for a cache may forget.
  void put(std::string_view name, V value, Time expires, Time now) {
    Entry entry{std::string(name), std::move(value), expires, hash(name), false};
    if (const auto at = index_.find(entry.hash); at != index_.end()) {
      entries_[at->second] = std::move(entry);
      return;
    }
    if (entries_.size() < limit_) {
      index_.emplace(entry.hash, static_cast<std::uint32_t>(entries_.size()));
      entries_.push_back(std::move(entry));
      return;
    }
    const std::size_t place = find_room(now);
    index_.erase(entries_[place].hash);
    index_.emplace(entry.hash, static_cast<std::uint32_t>(place));
    entries_[place] = std::move(entry);
  }
  void erase(std::string_view name) {
    const auto at = index_.find(hash(name));
    if (at == index_.end() || entries_[at->second].name != name) return;
    const std::uint32_t place = at->second;
    index_.erase(at);
    if (place + 1 != entries_.size()) {  // the last one moves into the gap
      entries_[place] = std::move(entries_.back());
      index_[entries_[place].hash] = place;
    }
    entries_.pop_back();
  }
  void clear() {
    index_.clear();
    entries_.clear();
    hand_ = 0;
  }
  // Expired values that were not yet displaced count too.
  [[nodiscard]] std::size_t size() const { return entries_.size(); }

 private:
  struct Entry {
    std::string name;
    V value;
    Time expires;
    std::uint64_t hash;
    bool used;  // asked for since the hand last passed
  };
  static std::uint64_t hash(std::string_view name) { return std::hash<std::string_view>()(name); }

  // Which entry is to go. Ends within two rounds: the first clears every mark.
  std::size_t find_room(Time now) {
    while (true) {
      if (hand_ >= entries_.size()) hand_ = 0;
      Entry& entry = entries_[hand_];
      if (!entry.used || entry.expires <= now) return hand_++;
      entry.used = false;
      ++hand_;
    }
  }

  const std::size_t limit_;
  std::vector<Entry> entries_;
  boost::unordered_flat_map<std::uint64_t, std::uint32_t> index_;  // hash of the name → place in entries_
  std::size_t hand_ = 0;
};

}  // namespace penstock::dns
