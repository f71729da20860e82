// SPDX-License-Identifier: Apache-2.0
#include "delivery/place_table.h"

#include <mutex>

namespace penstock::delivery {

std::optional<PlaceTable::Known> PlaceTable::find(model::NameId domain) const {
  const std::shared_lock lock(mutex_);
  const auto found = by_domain_.find(domain);
  return found == by_domain_.end() ? std::nullopt : std::optional(found->second);
}

void PlaceTable::set(model::NameId domain, Known known) {
  const std::unique_lock lock(mutex_);
  if (by_domain_.size() >= kKept && !by_domain_.contains(domain)) by_domain_.clear();
  by_domain_[domain] = known;
}

void PlaceTable::clear() {
  const std::unique_lock lock(mutex_);
  by_domain_.clear();
}

}  // namespace penstock::delivery
