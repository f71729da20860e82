// SPDX-License-Identifier: Apache-2.0
// ConnectionController: finds how many connections a receiver lets us have at the same time.
//
// A refused connection while others are open names the ceiling: what was open and accepted. The ceiling is forgotten
// slowly: after a while one connection more is tried; if it carries mail the next follow, in growing steps. A number
// that was proven is lowered only after several refusals.
//
// Pure: time comes in, and never runs backwards. Threads: one owner. Cost: no allocation.
#pragma once

#include <cstdint>

#include "base/clock.h"
#include "shaping/adaptive_policy.h"

namespace penstock::shaping {

// ceiling 0: none.
struct ConnectionRange {
  std::uint32_t floor = 1;
  std::uint32_t start = 2;
  std::uint32_t ceiling = 0;
};

class ConnectionController {
 public:
  ConnectionController(const ConnectionRange& range, const AdaptivePolicy& policy, Time now);

  enum class Effect : std::uint8_t { None, ProbeEnded, Cut };
  // Mail was carried while `open` connections were open. `wanted`: more of them would carry more.
  void carried(std::uint32_t open, bool wanted, Time now);
  // One was one too many; `accepted` others were open.
  Effect refused(std::uint32_t accepted, Time now);
  // Another signal: multiply by `factor` (0 to 1), and stay there for `hold`.
  void cut(double factor, Duration hold, Time now);
  // Nothing is opened meanwhile; afterwards it is recovered from `share` (0 to 1) of the number.
  void rest_until(Time until, double share, Time now);

  [[nodiscard]] std::uint32_t limit() const { return limit_; }
  // How many were found to be taken; 0 while unknown.
  [[nodiscard]] std::uint32_t ceiling() const { return learned_; }
  [[nodiscard]] bool at_floor() const { return limit_ <= range_.floor; }
  void set_range(const ConnectionRange& range);
  void set_policy(const AdaptivePolicy& policy) { policy_ = policy; }
  void restore(std::uint32_t limit, std::uint32_t ceiling, Time now);

 private:
  [[nodiscard]] std::uint32_t bounded(std::uint32_t limit) const;
  static constexpr std::uint32_t kProofEach = 2;
  [[nodiscard]] bool probe_is_due(Time now) const;
  [[nodiscard]] bool proven(Time now) const;
  void raise(std::uint32_t by, Time now);

  ConnectionRange range_;
  AdaptivePolicy policy_;
  std::uint32_t limit_;
  std::uint32_t learned_ = 0;
  std::uint32_t step_ = 1;
  Time raised_{};         // when limit_ grew last
  bool reached_ = false;  // so many were open since
  Time reached_at_{};
  std::uint32_t carried_since_ = 0;
  Time hold_until_{};
  Time quiet_from_{};           // since the last refusal …
  std::uint64_t attempts_ = 0;  // … so much was carried
  std::uint32_t refusals_ = 0;  // of a proven number, lately
  Time refused_at_{};
};

}  // namespace penstock::shaping
