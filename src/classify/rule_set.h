// SPDX-License-Identifier: Apache-2.0
// RuleSet: rules compiled into one automaton; finds the first that matches.
//
// All patterns are looked for in one pass over the text (RE2::Set), so the cost grows with the text, not with the
// number of rules. The automaton is built state by state as replies come in, within kMemory; a text that needs more is
// decided without patterns.   Threads: find() from any.
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
  explicit RuleSet(std::vector<const Rule*> rules);
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
