// SPDX-License-Identifier: Apache-2.0
// HiddenLimits: what a simulated provider allows each source address and tells nobody, as a function of time.
//
// Use:  limits.base[index_of(Trait::Rate)] = 50;   limits.changes.push_back({30s, 10s, "127.0.1.*", Trait::Rate, 20});
//       limits.value(Trait::Rate, "127.0.1.3", elapsed)
// A change with a span moves the value in a straight line from what it was when the change began. Later changes go on
// from earlier ones.   Pure; any thread.   Cost: one pass over the changes.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/units.h"

namespace penstock::sim {

enum class Trait : std::uint8_t {
  Rate,                   // messages per second and source; 0: no limit
  Burst,                  // seconds of the rate that pass at once, but always one message
  Connections,            // at the same time from a source; 0: no limit
  MessagesPerConnection,  // 0: no limit
  ComplaintShare,         // of this source's mail, 0 to 1; what the provider's users say
  ComplaintLow,           // from here on the rate falls
  ComplaintHigh,          // at this share a tenth of the rate is left
  ComplaintBlock,         // from here on mail is refused for good
  Tolerance,              // attempts above the rate within a minute that bring a hold; 0: never
  Hold,                   // seconds
  Slow,                   // seconds before a held source is cut off (Microsoft-like)
  Blocked                 // 1: the source is on the provider's block list
};
inline constexpr std::array<std::string_view, 12> kTraitNames{"rate",
                                                              "burst",
                                                              "connections",
                                                              "messages_per_connection",
                                                              "complaint_share",
                                                              "complaint_low",
                                                              "complaint_high",
                                                              "complaint_block",
                                                              "tolerance",
                                                              "hold",
                                                              "slow",
                                                              "blocked"};
[[nodiscard]] constexpr std::size_t index_of(Trait trait) {
  return static_cast<std::size_t>(trait);
}
[[nodiscard]] std::optional<Trait> parse_trait(std::string_view name);
// "50/s" for a rate, "20s" for burst, hold and slow, "true" or "false" for blocked, else a number; "0": none.
[[nodiscard]] Parsed<double> parse_trait_value(Trait trait, std::string_view text);

struct Change {
  Duration at{0};      // since the scenario began
  Duration over{0};    // 0: at once
  std::string source;  // pattern; empty: all sources
  Trait trait = Trait::Rate;
  double value = 0;
};

struct HiddenLimits {
  std::array<double, kTraitNames.size()> base{0, 1, 0, 0, 0, 0.001, 0.003, 0.01, 0, 60, 5, 0};
  std::vector<Change> changes;  // by `at`

  [[nodiscard]] double value(Trait trait, std::string_view source, Duration now) const;
  // Keeps the order.
  void add(Change change);
};

}  // namespace penstock::sim
