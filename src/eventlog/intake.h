// SPDX-License-Identifier: Apache-2.0
// Intake: where record() puts lines until the writer takes them.
//
// Each thread has a buffer of its own (threads above kStripes share), so recording threads do not meet; the writer
// holds a buffer's lock only to swap it. take() merges the buffers by the lines' times.
// Limits: a buffer takes kStripeBytes. A full one makes its thread wait for take(), `stall_limit` at most; after such a
//         wait events are dropped and counted until the writer has taken again.
// Threads: record() any, take() one at a time.
#pragma once

#include <array>
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "eventlog/line_buffer.h"
#include "model/event.h"

namespace penstock::eventlog {

class Intake {
 public:
  static constexpr std::size_t kStripes = 16;
  static constexpr std::size_t kStripeBytes = 4U << 20;

  // `node` unescaped. `hurry` is called once when a buffer becomes half full: the writer should not wait any longer.
  Intake(std::string_view node, Duration stall_limit, std::function<void()> hurry);

  void record(const model::Event& event);
  // In lines from now on.
  void set_node(std::string_view node);
  // Appends everything recorded before the call; lines of one thread keep their order.
  void take(LineBuffer& out);

  [[nodiscard]] std::uint64_t recorded() const;
  [[nodiscard]] std::uint64_t dropped() const { return dropped_.load(std::memory_order_relaxed); }
  [[nodiscard]] std::uint64_t waits() const { return waits_.load(std::memory_order_relaxed); }
  [[nodiscard]] std::uint64_t waiting_bytes() const;
  [[nodiscard]] std::string node() const;  // escaped

 private:
  struct alignas(64) Stripe {
    mutable std::mutex mutex;
    std::condition_variable room;
    LineBuffer lines;  // guarded by mutex
    std::string node;  // likewise; escaped
    std::uint64_t recorded = 0;
    LineBuffer taken;  // of take()
  };
  Stripe& own_stripe();
  bool wait_for_room(Stripe& stripe, std::unique_lock<std::mutex>& lock);

  const Duration stall_limit_;
  const std::function<void()> hurry_;
  std::array<Stripe, kStripes> stripes_;
  std::atomic<bool> stalled_{false};
  std::atomic<std::uint64_t> dropped_{0};
  std::atomic<std::uint64_t> waits_{0};
};

}  // namespace penstock::eventlog
