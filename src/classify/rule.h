// SPDX-License-Identifier: Apache-2.0
// Rule: one sentence of a rule file, and RuleFile: what one of conf/classify/*.toml says. Plain data;
// docs/classification.md describes every key.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "config/value.h"
#include "model/outcome.h"
#include "model/reply.h"
#include "model/scope.h"

namespace penstock::classify {

// "421", "4xx", "5.7.1", "x.7.28", "5.7.x", "5.7.606-649": which codes a rule is about; "0" is a reply without one.
struct CodePattern {
  bool enhanced = false;
  std::uint16_t code_from = 0, code_to = 0;                          // basic: 400–499 for "4xx"
  std::optional<std::uint16_t> status_class{}, subject{}, detail{};  // enhanced: absent is "x"
  std::optional<std::uint16_t> detail_to{};                          // the last of a range that begins at detail

  [[nodiscard]] bool matches(std::uint16_t code, const model::EnhancedStatus& status) const;
};
[[nodiscard]] std::optional<CodePattern> parse_code_pattern(std::string_view text);

struct Rule {
  std::string_view lasting_id;      // the same, for as long as the process lives
  std::string id;                   // "gmail-unusual-rate"; unique over all files
  std::vector<model::Step> steps;   // empty: any
  std::vector<CodePattern> codes;   // basic codes; any of them; empty: any
  std::vector<CodePattern> status;  // enhanced codes; any of them; empty: any
  // RE2 syntax without captures, over the reply's text in lower case (see said.h). Alternatives are joined already.
  std::string pattern;  // must match; empty: the codes alone decide
  std::string also;     // must match as well, anywhere
  std::string unless;   // must not match
  model::OutcomeClass outcome_class = model::OutcomeClass::Other;
  model::Scope scope = model::Scope::None;
  std::optional<bool> final;             // absent: by class and code
  std::optional<bool> alarm;             // absent: by class
  bool wait_told = false;                // the reply may say how long
  std::optional<Duration> wait;          // when it does not
  bool wait_is_told = false;             // the words ask for `wait` without a number
  std::string reference;                 // address of the page that explains it
  std::vector<std::string> samples;      // replies that must land here
  std::vector<std::string> near_misses;  // replies that must not
  bool everywhere = false;               // asked for every provider: the wording gives its origin away
  config::Place place;
};

struct RuleFile {
  std::string name;                  // "gmail.toml", for problems
  std::string provider;              // "" in a general one
  std::vector<std::string> aliases;  // other names of the provider
  std::int64_t rank = 50;            // general files are asked in this order
  std::vector<Rule> rules;
  config::Place place;
};

}  // namespace penstock::classify
