// SPDX-License-Identifier: Apache-2.0
// ConnectionTrouble: reacts to hosts that cannot be reached, for one egress path or one receiving host.
//
// After `failures` connections in a row that came to nothing the scope is Suspended for a short time that grows with
// each repetition, with jitter so that thousands of paths do not come back in one second. Then one connection probes
// (Backoff). If it succeeds the scope is Slowed: 2, 4, 8, … connections, doubled each time the newly allowed ones have
// succeeded, until `ramp_limit` or a caller's own limit no longer binds; then Normal, and the growth is forgotten. A
// failed probe suspends again, for longer; so do `failures` in a row while Slowed.
//
// What counts as failed: no TCP connection, no banner, a banner or EHLO that turns us away, or a transaction that was
// not answered in time while no other one was. The caller decides. Connections that are opened side by side fail
// together: all of them are one failure, judged when none of them is being opened any more, and none if one of them
// came through. After a failure one at a time should be opened (in_doubt), so that the next failures are others. Pure:
// time and randomness come in.   Threads: one owner.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/rng.h"
#include "shaping/path_state.h"

namespace penstock::shaping {

struct TroublePolicy {
  std::uint32_t failures = 3;                   // in a row, before the first suspension; 0: never suspend
  Duration first = std::chrono::seconds{30};    // length of the first suspension
  double growth = 2.0;                          // each further one is this much longer
  Duration longest = std::chrono::minutes{15};  // and never longer than this
  double jitter = 0.2;                          // random share, 0 to 0.9, that is taken off each length
  std::uint32_t ramp_limit = 64;                // recovery ends when this many connections were allowed
};

// What a restart must not forget. Times are those of the schedule's clock.
struct TroubleState {
  std::uint32_t failures = 0, suspensions = 0;
  std::uint32_t ramp = 0, ramp_successes = 0;  // ramp 0: no trouble
  Time since{}, until{};
  std::string cause{};
};

class ConnectionTrouble {
 public:
  explicit ConnectionTrouble(TroublePolicy policy = {}) : policy_(policy) {}

  // A connection was usable (EHLO answered).
  void succeeded(Time now);
  // A connection came to nothing, while `others` more were being opened; `cause` is kept for the explanation. Failures
  // of connections that were being opened when the scope was suspended already add nothing.
  enum class Judged : std::uint8_t { Yes, NotYet };
  Judged failed(std::string_view cause, std::uint32_t others, Time now, Rng& rng);
  // One failed, and none has succeeded since.
  [[nodiscard]] bool in_doubt() const { return undecided_ || failures_ > 0; }

  // How many connections may be open now: 0 while Suspended, 1 while probing, kNoLimit when Normal.
  [[nodiscard]] std::uint32_t allowed(Time now) const;
  [[nodiscard]] State state(Time now) const;
  // When the suspension ends; `now` or earlier if it is over or there is none.
  [[nodiscard]] Time suspended_until() const { return until_; }
  // Fills state, rule, cause, since, until, next and the failures in a row; leaves scope and connections to the caller.
  [[nodiscard]] Explanation explain(Time now) const;
  // An operator says it is fine again: Normal at once.
  void reset();
  [[nodiscard]] TroubleState learned() const;
  void restore(const TroubleState& state);

 private:
  void suspend(std::string_view cause, Time now, Rng& rng);

  TroublePolicy policy_;
  std::uint32_t failures_ = 0;     // in a row
  bool undecided_ = false;         // one failed, others with it were still being opened
  std::uint32_t suspensions_ = 0;  // since the last full recovery
  std::uint32_t ramp_ = 0;         // connections allowed while recovering; 0: not in trouble
  std::uint32_t ramp_successes_ = 0;
  Time since_{};
  Time until_{};
  std::string cause_;
};

}  // namespace penstock::shaping
