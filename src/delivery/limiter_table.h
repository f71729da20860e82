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

 private:
  boost::unordered_flat_map<shaping::PathKey, std::shared_ptr<shaping::Limiter>, std::hash<shaping::PathKey>> limiters_;
};

}  // namespace penstock::delivery
