// SPDX-License-Identifier: Apache-2.0
// LoadPlan: which messages the load generator sends. The n-th message is the same for the same options and seed,
// but for its sim id, whose first part is the run's name.
//
// Use:  const LoadPlan plan(options);   Draft draft;   plan.fill(n, draft);   send draft.head, then draft.body
// Bodies are slices of one text made once, so a message costs only its header.
// Threads: const, any. A Draft belongs to one session and is used again for the next message.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "base/units.h"

namespace penstock::sim {

struct SizeShare {
  std::uint64_t bytes = 0;  // of the whole message, header included; see kSizeMin
  double weight = 1;
};
struct DomainShare {
  std::string name;
  double weight = 1;
};
// "10KiB" or "2KiB:50,10KiB:40,100KiB:10". Errors: Errc::BadArgument.
[[nodiscard]] Result<std::vector<SizeShare>> parse_sizes(std::string_view text);
// "a.test=40,d{1..1000}.test=60": a family shares its weight evenly. Without "=" the weight is 1.
[[nodiscard]] Result<std::vector<DomainShare>> parse_domains(std::string_view text);

struct PlanOptions {
  std::vector<SizeShare> sizes{{10240, 1}};
  std::vector<DomainShare> domains{{"example.test", 1}};
  std::uint32_t recipients_per_message = 1;
  std::vector<std::string> headers;  // "Name: value"
  std::string from = "sender@sim.test";
  std::string recipient;  // pattern of the local part; empty: user{n}, or user{n}-{i} for several recipients
  std::string run = "run";
  std::uint64_t seed = 1;
};

struct Draft {
  std::string sim_id;
  std::string sender;
  std::vector<std::string> recipients;
  std::string head;       // header fields and the empty line
  std::string_view body;  // ends with CRLF, needs no dot-stuffing
};

class LoadPlan {
 public:
  static constexpr std::uint64_t kSizeMin = 64;            // less is made into this much body
  static constexpr std::uint64_t kSizeMax = 100ULL << 20;  // larger sizes are refused by parse_sizes

  explicit LoadPlan(PlanOptions options);
  void fill(std::uint64_t number, Draft& draft) const;
  [[nodiscard]] const PlanOptions& options() const { return options_; }

 private:
  const PlanOptions options_;
  std::vector<double> size_bounds_;    // cumulative weights
  std::vector<double> domain_bounds_;  // cumulative weights
  std::string fixed_;                  // header fields that are the same in all messages
  std::string text_;                   // bodies are slices from its start
};

// Writes `pattern` with {n} and {i} replaced.
void append_pattern(std::string& out, std::string_view pattern, std::uint64_t n, std::uint64_t i);

}  // namespace penstock::sim
