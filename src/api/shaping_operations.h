// SPDX-License-Identifier: Apache-2.0
// ShapingOperations: what the admin API asks of actions (on sender domains, campaigns, …) and of the limits of paths.
// Part of Operations; threads, errors and audit as said there.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "api/types.h"
#include "base/result.h"

namespace penstock::api {

// Places of a tuple, in their order.
inline constexpr std::array<std::string_view, 9> kTupleKeys{
    "vmta", "pool", "stream", "tenant", "campaign", "sender_domain", "dkim_domain", "provider", "site"};
// (key, name), in the order of kTupleKeys.
using Tuple = std::vector<std::pair<std::string, std::string>>;

struct ActionRow {
  std::string kind;  // "slow", "backoff", "suspend", "stop"
  Tuple tuple;
  double rate = 0;    // slow, backoff: recipients per second that may still be attempted, on all shards
  std::string rule;   // what made it; of an operator's action the reason
  std::string reply;  // the last that counted …
  std::uint32_t replies = 0, answers = 0;  // … of so many, of so many answers
  Time since, until;                       // until: epoch: until a person ends it
  bool alarm = false, pinned = false;      // pinned: by an operator
  bool recovering = false;                 // it has ended, and comes back in a ramp
  std::string by, next;
  std::uint64_t held = 0;  // recipients that wait for its end
};

struct ActionRequest {
  std::string kind;
  Tuple tuple;
  double rate = 0;
  std::string reason;
  Time until;  // epoch: until cleared
};

struct PathPin {
  std::string path;
  std::optional<std::uint32_t> connections;
  double rate = 0;  // recipients per second; 0: not pinned
  bool suspend = false;
  std::string reason;
  Time until;  // epoch: until unpinned
};

class ShapingOperations {
 public:
  virtual ~ShapingOperations() = default;
  // Those in force, the oldest first.
  virtual std::vector<ActionRow> actions() = 0;
  // Replaces what stands on that tuple.
  virtual Result<ActionRow> set_action(const ActionRequest& request, const Actor& actor) = 0;
  // On exactly this tuple, or all of them; returns those that ended. NotFound: there was none.
  virtual Result<std::vector<ActionRow>> clear_actions(const Tuple& tuple, bool all, const Actor& actor) = 0;
  // A path may be pinned before anything is sent on it. NotFound: the vMTA or the provider is not known; to unpin:
  // nobody has pinned it; to clear: nothing is known of it.
  virtual Result<> pin_path(const PathPin& pin, const Actor& actor) = 0;
  virtual Result<> unpin_path(const std::string& path, const Actor& actor) = 0;
  // Forgets what was learned there, suspension and back-off.
  virtual Result<> clear_path(const std::string& path, const Actor& actor) = 0;
};

}  // namespace penstock::api
