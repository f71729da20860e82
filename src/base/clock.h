// SPDX-License-Identifier: Apache-2.0
// Clock: the seam through which time comes in.
//
// Two readings. wall() is the time of day, for timestamps people read; it may step. now() is the time everything is
// scheduled by: it starts equal to wall() when the process starts and then follows the monotonic clock, so a step of
// the system clock neither fires nor stalls a retry. What is scheduled is stored as wall time: see to_wall, from_wall.
//
// Threads: any, for SystemClock. FakeClock: any thread may read, one advances.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

namespace penstock {

using Duration = std::chrono::microseconds;
using Time = std::chrono::time_point<std::chrono::system_clock, Duration>;

class Clock {
 public:
  virtual ~Clock() = default;
  [[nodiscard]] virtual Time now() const = 0;
  [[nodiscard]] virtual Time wall() const = 0;

  // A time of the schedule as it is written to disk, and back.
  [[nodiscard]] Time to_wall(Time scheduled) const { return wall() + (scheduled - now()); }
  [[nodiscard]] Time from_wall(Time stored) const { return now() + (stored - wall()); }
};

class SystemClock final : public Clock {
 public:
  SystemClock() : wall_start_(read_wall()), steady_start_(std::chrono::steady_clock::now()) {}
  [[nodiscard]] Time now() const override {
    return wall_start_ + std::chrono::duration_cast<Duration>(std::chrono::steady_clock::now() - steady_start_);
  }
  [[nodiscard]] Time wall() const override { return read_wall(); }

 private:
  static Time read_wall() { return std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now()); }
  Time wall_start_;
  std::chrono::steady_clock::time_point steady_start_;
};

// A clock that stands still until it is told to move; both readings move together unless step_wall is used.
class FakeClock final : public Clock {
 public:
  explicit FakeClock(Time start = Time{std::chrono::seconds{1'800'000'000}})
      : now_(count(start)), wall_(count(start)) {}
  [[nodiscard]] Time now() const override { return Time{Duration{now_.load()}}; }
  [[nodiscard]] Time wall() const override { return Time{Duration{wall_.load()}}; }
  void advance(Duration by) {
    now_ += by.count();
    wall_ += by.count();
  }
  // The system clock is set: wall time jumps, the schedule does not.
  void step_wall(Duration by) { wall_ += by.count(); }

 private:
  static std::int64_t count(Time t) { return t.time_since_epoch().count(); }
  std::atomic<std::int64_t> now_;
  std::atomic<std::int64_t> wall_;
};

}  // namespace penstock
