// SPDX-License-Identifier: Apache-2.0
// Verdict: what the classifier makes of one reply. A plain value; its views live as classifier.h says.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "model/outcome.h"
#include "model/scope.h"

namespace penstock::classify {

struct Verdict {
  model::OutcomeClass outcome_class = model::OutcomeClass::Other;
  std::string_view rule;  // its id; "code" when no rule matched and the codes alone decided
  model::Scope scope = model::Scope::None;
  bool final = false;            // no further try; else try again (delivered replies are final too)
  bool alarm = false;            // our configuration is wrong: tell a person
  std::optional<Duration> wait;  // "try again in 10 minutes", or what the rule says; between 1 s and 7 days
  bool wait_told = false;        // the reply names it, or the rule says that the reply asks for it
  std::string blocklist;         // the list's name when told, as written there: "zen.spamhaus.org"
  std::string_view reference;    // where the receiver explains it; may be empty
};

}  // namespace penstock::classify
