// SPDX-License-Identifier: Apache-2.0
// ClassPolicy: what follows from a class of outcome unless configuration says otherwise. One table that delivery,
// suppression and the console read, so that they cannot disagree; docs/classification.md shows it.
//
// Use:  if (policy_of(outcome.outcome_class).suppression == Suppress::Never) return;
// Pure data, no allocation. Threads: any. Whether a class of address is suppressed at all is asked only after a
// recipient failed for good, and only when the reply speaks of the recipient (Scope::Recipient): a deferral suppresses
// nobody, whatever its class, nor does a refusal of our address, domain or message.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/clock.h"
#include "model/outcome.h"
#include "model/scope.h"

namespace penstock::model {

// The five groups of the product's table of bounces.
enum class BounceGroup : std::uint8_t {
  None,            // nothing bounced: delivered, suppressed, ended by an operator
  HardAddress,     // bad mailbox or domain
  HardPolicy,      // refused by a rule of the receiver's, or for what the message is
  SoftQuota,       // the mailbox is full
  SoftConnection,  // network, time-outs, trouble of the receiving server
  Reputation,      // too much, too fast, or not trusted: slow down
};
[[nodiscard]] std::string_view to_string(BounceGroup group);  // "none", "hard-address", "hard-policy", "soft-quota", …

// Whether another try may help, given the class; a rule can say otherwise for what it matches.
enum class Finality : std::uint8_t {
  AsCode,  // 5xx ends it, everything else is tried again
  Retry,   // even after a 5xx: "slow down" and "full" pass
  Final,   // even after a 4xx, when a rule read it in the words: nobody is there
};

enum class Suppress : std::uint8_t { Never, Suppress };

struct ClassPolicy {
  OutcomeClass outcome_class = OutcomeClass::Other;
  BounceGroup group = BounceGroup::SoftConnection;
  Finality finality = Finality::AsCode;
  // Tries at most, and within what time of the message's arrival, before a class that is tried again fails for good.
  // 0: as the stream's retry schedule says.
  std::uint8_t tries_max = 0;
  Duration tries_within{0};
  Suppress suppression = Suppress::Never;
  Duration suppressed_for{0};  // 0: for good
  bool investigate = false;    // a person should look at the suppression: `penstock suppress review`
  bool alarm = false;          // our configuration is wrong (SPF, DKIM, DMARC, PTR): tell a person, do not just slow
  bool slows_path = false;     // the scope's limits should react
  Scope scope = Scope::Recipient;  // what the reply speaks of when its rule does not say
};
[[nodiscard]] const ClassPolicy& policy_of(OutcomeClass outcome_class);

// Whether what was said is about the egress path, our address or the receiving host: whoever is sent by it instead
// would be told the same. By the scope of the outcome, or its class's where it has none.
[[nodiscard]] bool speaks_of_path(const Outcome& outcome);

}  // namespace penstock::model
