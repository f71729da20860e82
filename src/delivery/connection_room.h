// SPDX-License-Identifier: Apache-2.0
// ConnectionRoom: how many connections to receivers the node may have in all, shared by its shards.
//
// Each connection is a descriptor. Without a bound, slow receivers could use all of them up, and the spool, the
// listeners and the operator's socket would have none.
//
// Use:  auto place = room.take(shard);   if (!place) room.set_waiting(shard, true), come back;   … released when
// destroyed While several shards wait for room, none takes more than its share of it. Threads: any; set_waiting(i) only
// shard i's.   Ownership: must outlive its places.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <utility>
#include <vector>

namespace penstock::delivery {

class ConnectionRoom {
  struct OfShard {
    std::atomic<std::uint32_t> open{0};
    std::atomic<bool> waits{false};
  };

 public:
  // The right to one connection. Move-only.
  class Place {
   public:
    Place(ConnectionRoom& room, OfShard& shard) : room_(&room), shard_(&shard) {}
    Place(Place&& other) noexcept : room_(std::exchange(other.room_, nullptr)), shard_(other.shard_) {}
    Place& operator=(Place&&) = delete;
    ~Place() {
      if (room_ != nullptr) room_->leave(*shard_);
    }

   private:
    ConnectionRoom* room_;
    OfShard* shard_;
  };

  explicit ConnectionRoom(std::size_t shards) : shards_(shards) {}

  // Connections that are more than this end by themselves.
  void set_max(std::uint32_t max) { max_.store(max, std::memory_order_relaxed); }
  [[nodiscard]] std::uint32_t max() const { return max_.load(std::memory_order_relaxed); }
  [[nodiscard]] std::uint32_t open() const { return open_.load(std::memory_order_relaxed); }

  // Nothing when there is no room.
  [[nodiscard]] std::optional<Place> take(std::size_t shard);
  [[nodiscard]] bool has_place(std::size_t shard) const;
  // Whether somebody on that shard found no room and comes back.
  void set_waiting(std::size_t shard, bool waits) { shards_[shard].waits.store(waits, std::memory_order_relaxed); }
  [[nodiscard]] bool someone_waits() const;

 private:
  void leave(OfShard& shard);
  [[nodiscard]] bool another_waits(std::size_t shard) const;

  std::atomic<std::uint32_t> max_{std::numeric_limits<std::uint32_t>::max()};
  std::atomic<std::uint32_t> open_{0};
  std::vector<OfShard> shards_;
};

}  // namespace penstock::delivery
