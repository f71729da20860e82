// SPDX-License-Identifier: Apache-2.0
// Plan: how a new sending address is warmed up at a provider: how much may be taken each day, and what a day must have
// been like for the next to bring more.
//
// A plan is asked by allowance, not by date: what follows 400 is what its list or curve has above 400. So a day that is
// repeated, a cut, a restart and a plan that changes on reload need no rules of their own.
// Pure.   Threads: const, any.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/clock.h"

namespace penstock::warmup {

// Allowance by curve: `start` on the first day, then each day `growth` times as much, up to `cap`.
struct Curve {
  std::uint64_t start = 50;
  double growth = 1.5;  // above 1
  std::uint64_t cap = 50'000;
  friend bool operator==(const Curve&, const Curve&) = default;
};

// Shares above which a day is not good. Attempts that the receiver answered are what they are shares of.
struct Bounds {
  double deferral = 0.10;
  double bounce = 0.05;
  double complaint = 0.001;          // of what was taken
  std::uint32_t least_answers = 20;  // below this many answers nothing is concluded
  double least_used = 0.5;           // of the allowance; a day that used less proves nothing
  friend bool operator==(const Bounds&, const Bounds&) = default;
};

// What becomes of recipients beyond the allowance.
enum class Beyond : std::uint8_t {
  Warm,  // other vMTAs of the pool carry them, where they may
  Wait   // they wait for this vMTA
};
[[nodiscard]] std::string_view to_string(Beyond beyond);  // as the configuration names it: "warm", "wait"

struct Plan {
  std::vector<std::uint64_t> days;  // allowances of the days, rising; empty: the curve
  Curve curve;
  Bounds bounds;
  Beyond beyond = Beyond::Warm;
  Duration ahead{std::chrono::hours{1}};  // with Beyond::Warm: how long mail may wait for its turn here

  [[nodiscard]] std::uint64_t first() const;
  [[nodiscard]] std::uint64_t last() const;
  // What a good day with this allowance is followed by; at most last().
  [[nodiscard]] std::uint64_t after(std::uint64_t allowance) const;
  // Allowance of a day, from 1; 0: the plan has no such day.
  [[nodiscard]] std::uint64_t of_day(std::uint32_t day) const;
  // The day whose allowance this is, or that of the next lower one; 1 at least.
  [[nodiscard]] std::uint32_t day_of(std::uint64_t allowance) const;
  [[nodiscard]] std::uint32_t length() const;  // in days
  friend bool operator==(const Plan&, const Plan&) = default;
};

}  // namespace penstock::warmup
