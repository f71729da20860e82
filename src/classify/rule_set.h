// SPDX-License-Identifier: Apache-2.0
// RuleSet: rules in order of precedence; finds the first that matches.
//
// One pass over the text finds which literals of all patterns occur in it (LiteralFinder); only the patterns whose
// literals do are then tried, each by its own RE2, in order, until a rule matches. One RE2::Set for all patterns costs
// less for replies it has seen (it reads the text once), but its states multiply with every pattern that matched
// already: a millisecond for each new wording. This way a new wording costs what a known one does.
//
// Threads: find() from any. Memory: some megabytes for a few hundred rules.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "classify/rule.h"
#include "classify/said.h"

namespace penstock::classify {

class RuleSet {
 public:
  // In order of precedence. The rules must outlive the set; their patterns compile (read_rules checked).
  explicit RuleSet(const std::vector<const Rule*>& rules);
  ~RuleSet();
  RuleSet(RuleSet&&) noexcept;
  RuleSet& operator=(RuleSet&&) = delete;

  [[nodiscard]] const Rule* find(const Said& said) const;
  [[nodiscard]] std::size_t size() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace penstock::classify
