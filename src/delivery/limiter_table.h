// SPDX-License-Identifier: Apache-2.0
// LimiterTable: the limiters of a shard's paths and of what several paths share, one for each (vMTA, group).
//
// A limiter lives as long as a path or a connection uses it, and is remembered after that while it has something to
// remember (tokens owed, a suspension), so that a path that comes back does not start afresh.
// Threads: the shard's.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <memory>
#include <string>

#include "delivery/shaping_memory.h"
#include "shaping/limiter.h"
#include "shaping/path_key.h"

namespace penstock::delivery {

class LimiterTable {
 public:
  // Made if it is not there; else its limits are set to these.
  std::shared_ptr<shaping::Limiter> obtain(const shaping::PathKey& key, const std::string& scope,
                                           const shaping::Limits& limits, const shaping::TroublePolicy& trouble,
                                           Time now) {
    auto& slot = limiters_[key];
    if (!slot) {
      slot = std::make_shared<shaping::Limiter>(scope, limits, trouble);
      recall(key, *slot, now);
    } else if (!(slot->limits() == limits)) {
      slot->set_limits(limits, now);
    }
    return slot;
  }
  // Forgets those that nobody uses and that have nothing to remember.
  void drop_unused(Time now) {
    boost::unordered::erase_if(
        limiters_, [now](const auto& entry) { return entry.second.use_count() == 1 && entry.second->idle(now); });
  }
  [[nodiscard]] std::size_t size() const { return limiters_.size(); }

  // Of the last run: a limiter with that key begins with it.
  void remember(LearnedPath path) {
    const shaping::PathKey key = path.key;
    remembered_[key] = std::move(path);
  }
  // What there is to remember now. What nobody asked for since the start is told by one of `shards` shards.
  [[nodiscard]] std::vector<LearnedPath> learned(std::size_t shard, std::size_t shards) const {
    std::vector<LearnedPath> all;
    for (const auto& [key, limiter] : limiters_) {
      if (const auto state = limiter->learned()) all.push_back({key, *state, limiter->pinned()});
    }
    for (const auto& [key, path] : remembered_) {
      if (std::hash<shaping::PathKey>()(key) % shards == shard) all.push_back(path);
    }
    return all;
  }

 private:
  void recall(const shaping::PathKey& key, shaping::Limiter& limiter, Time now) {
    if (remembered_.empty()) return;
    const auto found = remembered_.find(key);
    if (found == remembered_.end()) return;
    if (found->second.pin) limiter.pin(*found->second.pin, now);
    limiter.restore(found->second.state, now);
    remembered_.erase(found);
  }

  boost::unordered_flat_map<shaping::PathKey, LearnedPath, std::hash<shaping::PathKey>> remembered_;
  boost::unordered_flat_map<shaping::PathKey, std::shared_ptr<shaping::Limiter>, std::hash<shaping::PathKey>> limiters_;
};

}  // namespace penstock::delivery
