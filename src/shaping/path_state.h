// SPDX-License-Identifier: Apache-2.0
// State of an egress path (or any other limited scope) and the words that explain it.
//
// Every decision explains itself: whatever is slowed or suspended names the rule, the reply that caused it, since when
// and until when. The API, the CLI and the console print these fields and no words of their own. Plain values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace penstock::shaping {

enum class State : std::uint8_t {
  Normal,    // only the configured limits hold
  Slowed,    // fewer connections than configured, growing again with success
  Backoff,   // back-off mode: limits of its own; or trouble is probed by one connection until it succeeds
  Suspended  // nothing is opened before `until`
};
[[nodiscard]] std::string_view to_string(State state);  // "normal", "slowed", "backoff", "suspended"

struct Explanation {
  State state = State::Normal;
  std::string scope{};            // what is in this state: "path v1 provider:gmail", "domain slow.example"
  std::string rule{};             // why, in words: "connection-trouble: 3 failed connections in a row"; "" when Normal
  std::string cause{};            // the reply or network trouble that tripped the rule; "" if none
  Time since{};                   // when the state was entered; epoch when Normal
  std::optional<Time> until{};    // when it changes by itself; none: with success, or by a person
  std::uint32_t connections = 0;  // open now
  std::uint32_t connection_limit = 0;  // how many may be open now; 0 when Suspended, kNoLimit when unbounded
  double rate = 0;                     // recipients per second it may attempt now; 0: no adaptive rate
  double rate_ceiling = 0;             // what the receiver was found to take; 0: unknown
  std::uint32_t attempts = 0;          // answers of the last minute; unless Normal, of the minute before `since` …
  std::uint32_t refusals = 0;          // … and how many of them refused or deferred for the path's sake
  std::uint32_t messages_per_connection = 0;  // that a new one may carry, where that moves or was found out; 0: neither
  std::string next{};                         // what happens next: "grows again with each success"; "" when Normal
  std::string by{};                           // the operator who pinned it; "": nobody did
  static constexpr std::uint32_t kNoLimit = 0xFFFFFFFF;
};

}  // namespace penstock::shaping
