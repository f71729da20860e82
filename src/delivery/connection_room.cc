// SPDX-License-Identifier: Apache-2.0
#include "delivery/connection_room.h"

#include <algorithm>

namespace penstock::delivery {

std::optional<ConnectionRoom::Place> ConnectionRoom::take(std::size_t shard) {
  OfShard& mine = shards_[shard];
  if (!has_place(shard)) return std::nullopt;
  if (open_.fetch_add(1, std::memory_order_relaxed) >= max()) {
    open_.fetch_sub(1, std::memory_order_relaxed);
    return std::nullopt;
  }
  mine.open.fetch_add(1, std::memory_order_relaxed);
  return std::optional<Place>(std::in_place, *this, mine);
}

bool ConnectionRoom::has_place(std::size_t shard) const {
  const std::uint32_t max = this->max();
  if (open() >= max) return false;
  const auto share = std::max<std::uint32_t>(1, max / static_cast<std::uint32_t>(shards_.size()));
  return shards_[shard].open.load(std::memory_order_relaxed) < share || !another_waits(shard);
}

void ConnectionRoom::leave(OfShard& shard) {
  shard.open.fetch_sub(1, std::memory_order_relaxed);
  open_.fetch_sub(1, std::memory_order_relaxed);
}

bool ConnectionRoom::someone_waits() const {
  return std::any_of(shards_.begin(), shards_.end(),
                     [](const OfShard& shard) { return shard.waits.load(std::memory_order_relaxed); });
}

bool ConnectionRoom::another_waits(std::size_t shard) const {
  for (std::size_t i = 0; i < shards_.size(); ++i) {
    if (i != shard && shards_[i].waits.load(std::memory_order_relaxed)) return true;
  }
  return false;
}

}  // namespace penstock::delivery
