// SPDX-License-Identifier: Apache-2.0
// What the parts of the spool count, and how it feels. Spool::stats() and Spool::health() show it.
// Threads: any.
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>

#include "spool/spool.h"

namespace penstock::spool {

struct Counters {
  std::atomic<std::uint64_t> batches{0}, bytes_written{0}, syncs{0}, records{0}, accepted{0}, refused{0};
  std::atomic<std::uint64_t> damaged_records{0}, torn_tails{0}, compacted_segments{0}, recycled_segments{0};
  std::atomic<std::uint64_t> sync_us_max{0}, sync_us_total{0};
};

// Full ends by itself; Unhealthy stays, and outranks Full.
class HealthBoard {
 public:
  [[nodiscard]] HealthState state() const { return state_.load(std::memory_order_acquire); }
  [[nodiscard]] Health health() const;
  // Each logs when the state changes.
  void set_full(std::string reason);
  void set_unhealthy(std::string reason);
  void end_full();

 private:
  std::atomic<HealthState> state_{HealthState::Ok};
  mutable std::mutex mutex_;
  std::string reason_;  // guarded by mutex_
};

}  // namespace penstock::spool
