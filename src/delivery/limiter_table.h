// SPDX-License-Identifier: Apache-2.0
// LimiterTable: the limiters of a shard's paths and of what several paths share, one for each (vMTA, group).
//
// A limiter lives as long as a path or a connection uses it, and is remembered after that while it has something to
// remember (tokens owed, a suspension), so that a path that comes back does not start afresh.
// Threads: the shard's.
#pragma once

#include <algorithm>
#include <boost/unordered/unordered_flat_map.hpp>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "delivery/shaping_memory.h"
#include "shaping/limiter.h"
#include "shaping/path_key.h"

namespace penstock::delivery {

class LimiterTable {
 public:
  // Made if it is not there; else its limits and its policy (null: the defaults) are set to these.
  std::shared_ptr<shaping::Limiter> obtain(const shaping::PathKey& key, const std::string& scope,
                                           const shaping::Limits& limits, const shaping::TroublePolicy& trouble,
                                           const shaping::AdaptivePolicyPtr& policy, Time now) {
    static const shaping::AdaptivePolicy defaults;
    const shaping::AdaptivePolicy& adaptive = policy ? *policy : defaults;
    auto& slot = limiters_[key];
    if (!slot) {
      slot = std::make_shared<shaping::Limiter>(scope, limits, trouble, adaptive, neighbours_of(key));
      recall(key, *slot, now);
      return slot;
    }
    if (slot->policy() != adaptive) slot->set_policy(adaptive, now);
    if (slot->limits() != limits) slot->set_limits(limits, now);
    return slot;
  }
  [[nodiscard]] shaping::Limiter* find(const shaping::PathKey& key) const {
    const auto found = limiters_.find(key);
    return found == limiters_.end() ? nullptr : found->second.get();
  }
  // What an operator sets, or takes off. Where there is no limiter yet it begins with it. False: there was nothing to
  // take off.
  bool pin(const shaping::PathKey& key, const std::optional<shaping::Pin>& pin, Time now) {
    if (shaping::Limiter* limiter = find(key)) {
      const bool was_pinned = limiter->pinned().has_value();
      pin ? limiter->pin(*pin, now) : limiter->unpin(now);
      return pin || was_pinned;
    }
    const auto known = remembered_.find(key);
    if (known == remembered_.end()) {
      if (pin) remembered_[key] = {.key = key, .state = {}, .pin = pin};
      return pin.has_value();
    }
    const bool was_pinned = known->second.pin.has_value();
    known->second.pin = pin;
    return pin || was_pinned;
  }
  // Forgets what was learned of it, but not a pin. False: nothing is known.
  bool clear(const shaping::PathKey& key, Time now) {
    const auto known = remembered_.find(key);
    if (known != remembered_.end()) {
      known->second.state = {};
      known->second.trouble.reset();
      known->second.messages = {};
    }
    shaping::Limiter* limiter = find(key);
    if (limiter != nullptr) limiter->reset(now);
    return limiter != nullptr || known != remembered_.end();
  }
  // Calls visit(key, limiter) for each.
  template <class Visit>
  void each(const Visit& visit) const {
    for (const auto& [key, limiter] : limiters_) visit(key, *limiter);
  }
  // Forgets those that nobody uses and that have nothing to remember.
  void drop_unused(Time now) {
    boost::unordered::erase_if(
        limiters_, [now](const auto& entry) { return entry.second.use_count() == 1 && entry.second->idle(now); });
    boost::unordered::erase_if(siblings_, [](const auto& entry) { return entry.second.use_count() == 1; });
  }
  [[nodiscard]] std::size_t size() const { return limiters_.size(); }
  // Groups whose paths tell each other of limits that rose.
  [[nodiscard]] std::size_t families() const { return siblings_.size(); }

  // Of the last run: a limiter with that key begins with it.
  void remember(LearnedPath path) {
    const shaping::PathKey key = path.key;
    remembered_[key] = std::move(path);
  }
  // Another shard has that path: what it finds there counts.
  void forget(const shaping::PathKey& key) { remembered_.erase(key); }
  // Those whose memory obtain() has put to use since the last call: the other shards are to forget it.
  [[nodiscard]] std::vector<shaping::PathKey> take_recalled() { return std::exchange(recalled_, {}); }
  // Why mail with that key would wait, whether it has a limiter now or is only remembered. Nothing: nothing is known.
  [[nodiscard]] std::optional<shaping::Explanation> explain(const shaping::PathKey& key, const std::string& scope,
                                                            const shaping::TroublePolicy& trouble, Time now) const {
    if (const shaping::Limiter* limiter = find(key)) return limiter->explain(now);
    const auto known = remembered_.find(key);
    if (known == remembered_.end()) return std::nullopt;
    // Its limits are known once somebody sends there; what was learned stands for them.
    shaping::Limits limits;
    limits.connections = std::max(1U, known->second.state.connections);
    limits.connections_floor = 1;
    shaping::Limiter limiter(scope, limits, trouble, {});
    put(known->second, limiter, now);
    return limiter.explain(now);
  }
  // Calls visit(key) for each that is only remembered, by one of `shards` shards.
  template <class Visit>
  void each_remembered(std::size_t shard, std::size_t shards, const Visit& visit) const {
    for (const auto& [key, path] : remembered_) {
      if (std::hash<shaping::PathKey>()(key) % shards == shard) visit(key);
    }
  }
  // What there is to remember now. What nobody asked for since the start is told by one of `shards` shards.
  [[nodiscard]] std::vector<LearnedPath> learned(std::size_t shard, std::size_t shards) const {
    std::vector<LearnedPath> all;
    for (const auto& [key, limiter] : limiters_) {
      const auto state = limiter->learned();
      const auto trouble = limiter->trouble();
      const auto messages = limiter->message_cap().learned();
      if (!state && !trouble && messages.empty()) continue;
      all.push_back({.key = key,
                     .state = state.value_or(shaping::LearnedState{}),
                     .pin = limiter->pinned(),
                     .trouble = trouble,
                     .messages = messages});
    }
    for (const auto& [key, path] : remembered_) {
      if (std::hash<shaping::PathKey>()(key) % shards == shard) all.push_back(path);
    }
    return all;
  }

 private:
  // All vMTAs' paths to a group are siblings; all paths of the shard save refusals for each other.
  [[nodiscard]] shaping::Neighbours neighbours_of(const shaping::PathKey& key) {
    auto& siblings = siblings_[key.group];
    if (!siblings) siblings = std::make_shared<shaping::Siblings>();
    return {pool_, siblings};
  }
  void recall(const shaping::PathKey& key, shaping::Limiter& limiter, Time now) {
    if (remembered_.empty()) return;
    const auto found = remembered_.find(key);
    if (found == remembered_.end()) return;
    put(found->second, limiter, now);
    remembered_.erase(found);
    recalled_.push_back(key);
  }
  static void put(const LearnedPath& from, shaping::Limiter& limiter, Time now) {
    if (from.pin) limiter.pin(*from.pin, now);
    limiter.restore(from.state, now);
    if (from.trouble) limiter.restore(*from.trouble, now);
    limiter.message_cap().restore(from.messages);
  }

  boost::unordered_flat_map<shaping::PathKey, LearnedPath, std::hash<shaping::PathKey>> remembered_;
  std::vector<shaping::PathKey> recalled_;
  const std::shared_ptr<shaping::RefusalPool> pool_ = std::make_shared<shaping::RefusalPool>();
  boost::unordered_flat_map<model::NameId, std::shared_ptr<shaping::Siblings>, std::hash<model::NameId>> siblings_;
  boost::unordered_flat_map<shaping::PathKey, std::shared_ptr<shaping::Limiter>, std::hash<shaping::PathKey>> limiters_;
};

}  // namespace penstock::delivery
