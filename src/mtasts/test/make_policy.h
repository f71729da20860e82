// SPDX-License-Identifier: Apache-2.0
// Policies for tests: mode enforce, with hosts below example.
#pragma once

#include <fmt/format.h>

#include <string>

#include "mtasts/known_policy.h"

namespace penstock::mtasts {

inline std::string policy_text(Duration max_age, const std::string& mode = "enforce") {
  return fmt::format("version: STSv1\nmode: {}\nmx: *.a.example\nmx: mx.example\nmax_age: {}\n", mode,
                     std::chrono::duration_cast<std::chrono::seconds>(max_age).count());
}

inline KnownPolicyPtr make_policy(const std::string& id, Time fetched, Duration max_age) {
  const std::string text = policy_text(max_age);
  return std::make_shared<const KnownPolicy>(
      KnownPolicy{id, text, *tlspolicy::parse_sts_policy(text), fetched, fetched + max_age});
}

}  // namespace penstock::mtasts
