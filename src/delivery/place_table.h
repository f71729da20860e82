// SPDX-License-Identifier: Apache-2.0
// PlaceTable: where the mail of domains goes that are found by MX, as far as any shard knows it. One per node.
//
// A shard resolves the domains whose mail it carries; what operators ask is about all mail, wherever it waits. So each
// DestinationTable writes its conclusions here, and all of them read it. It outlasts the look-up: what a domain
// resolved to last still says where its deferred mail would go.
// Threads: any; readers do not wait for each other.   Limits: kKept domains, 16 bytes each; then it forgets them all,
// and a command looks up anew what it has to know (Dispatcher::learn_places).
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <functional>
#include <optional>
#include <shared_mutex>

#include "model/name_table.h"

namespace penstock::delivery {

class PlaceTable {
 public:
  static constexpr std::size_t kKept = 1'000'000;

  struct Known {
    model::NameId provider{};  // 0: none
    model::NameId group{};     // of its egress paths
    bool operator==(const Known&) const = default;
  };
  [[nodiscard]] std::optional<Known> find(model::NameId domain) const;
  void set(model::NameId domain, Known known);
  // What providers and rules were may not be what they are.
  void clear();

 private:
  mutable std::shared_mutex mutex_;
  boost::unordered_flat_map<model::NameId, Known, std::hash<model::NameId>> by_domain_;  // guarded by mutex_
};

}  // namespace penstock::delivery
