// SPDX-License-Identifier: Apache-2.0
// scope_of: whom a verdict speaks of, whatever rule gave it. The one place that decides it, because a verdict of
// Scope::Recipient may suppress an address for good.
//
// * What is said before RCPT speaks of nobody who receives: of our host up to AUTH, of the sender at MAIL.
// * Where a rule says only "refused" (policy, without a scope of its own), the words tell whom: our address or host,
// the
//   sender, the message, or the recipient. Words that name several are about us; after the data a refusal that names
//   nobody is about the message, for the recipient was taken already.
// Pure. Cost: under 1 µs, for refusals by policy only.
#pragma once

#include <optional>
#include <string_view>

#include "classify/said.h"
#include "model/outcome.h"
#include "model/scope.h"

namespace penstock::classify {

// `stated` is the rule's own scope, None if it has none.
[[nodiscard]] model::Scope scope_of(model::OutcomeClass outcome_class, model::Scope stated, const Said& said);

// Whom the words of a refusal name; nothing when nobody. `text` as Said has it.
[[nodiscard]] std::optional<model::Scope> scope_in_words(std::string_view text);

// Whether the words hold out hope: "temporarily", "try again later". A deferral with such words is never final,
// whatever else it says.
[[nodiscard]] bool says_it_passes(std::string_view text);

}  // namespace penstock::classify
