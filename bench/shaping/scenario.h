// SPDX-License-Identifier: Apache-2.0
// Scenario: what one run of bench_shaping plays: providers with hidden limits, how these change, and what we send.
// bench/shaping/README.md describes the files. Plain values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "shaping/limits.h"

namespace penstock::bench {

// A change of hidden limits. Factors multiply what the provider had at the beginning.
struct Step {
  Duration at{0};
  Duration ramp{0};                  // the rate moves over this time; 0: at once
  std::vector<std::uint32_t> vmtas;  // empty: all
  std::optional<double> rate_factor;
  std::optional<double> connection_factor;
  std::optional<double> complaints;  // share from then on (Gmail-like)
  Duration block{0};                 // everything is deferred for so long, and the replies say so (Yahoo-like)
};

struct RandomSteps {
  Duration every{0};  // on average, for each vMTA; 0: none
  double factor_min = 0.5;
  double factor_max = 2.0;
};

enum class Personality : std::uint8_t { Gmail, Microsoft, Yahoo, Apple };

struct Provider {
  std::string name;
  Personality personality = Personality::Gmail;
  double share = 1;                                  // of the recipients
  double rate = 0;                                   // hidden, per source IP and second; 0: none
  double burst_seconds = 1;                          // of the rate, let through at once
  std::uint32_t connections = 0;                     // hidden, per source IP; 0: none
  std::uint32_t messages_per_connection = 0;         // hidden: then the connection is closed without a word; 0: none
  double spread = 0.3;                               // source IPs differ by up to this share
  Duration service{std::chrono::milliseconds{150}};  // what the receiver takes for a message
  Duration rtt{std::chrono::milliseconds{40}};
  double complaints = 0;        // share of complaints at the beginning; the rate falls with it
  double complaints_drift = 0;  // how far it wanders, as a share of itself
  shaping::Limits ours;         // what our configuration says of it
  std::vector<Step> steps;
  RandomSteps random;
};

struct Campaign {
  std::string name;
  double share = 1;
};

struct Scenario {
  std::string name;
  std::uint64_t seed = 1;
  std::uint32_t recipients = 1'000'000;
  std::uint32_t vmtas = 8;
  Duration longest{std::chrono::hours{12}};  // of simulated time
  double transactional_per_second = 5;
  std::vector<Campaign> campaigns;
  std::vector<Provider> providers;
};

// The detail of an error names the file, the line and what is wrong.
[[nodiscard]] Result<Scenario> load_scenario(const std::string& path);

}  // namespace penstock::bench
