// SPDX-License-Identifier: Apache-2.0
// Outcome: what one attempt to deliver to one recipient came to. A value, never an error.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "model/reply.h"
#include "model/scope.h"

namespace penstock::model {

// What kind of trouble it was; model/class_policy.h says what follows from each. Rules decide it (module classify);
// where none matches, the code does: class_by_code. The names (to_string) are those in events, rules and the console:
// "invalid-mailbox", "rate-limit", …
enum class OutcomeClass : std::uint8_t {
  None,  // delivered
  InvalidMailbox,
  InvalidDomain,
  InactiveMailbox,
  MailboxFull,
  Policy,
  Authentication,
  SpamContent,
  Reputation,
  Blocklist,
  RateLimit,
  TooManyConnections,
  Greylisting,
  MessageTooLarge,
  ContentRejected,
  Virus,
  Protocol,
  RelayDenied,
  Routing,
  Dns,
  Network,
  Timeout,
  Tls,
  ServerTrouble,
  Expired,
  Admin,
  Suppressed,
  Other,
};
[[nodiscard]] std::string_view to_string(OutcomeClass outcome_class);
[[nodiscard]] std::optional<OutcomeClass> parse_outcome_class(std::string_view name);
// By reply code and enhanced code alone (RFC 3463); delivered replies give None.
[[nodiscard]] OutcomeClass class_by_code(const Reply& reply, Step step);

enum class OutcomeKind : std::uint8_t { Delivered, Deferred, Bounced };

struct Outcome {
  OutcomeKind kind = OutcomeKind::Deferred;
  Step step = Step::Connect;
  OutcomeClass outcome_class = OutcomeClass::None;
  Reply reply;  // what the receiver said; code 0 and our own words in `text` when it said nothing

  // What the classifier found; empty until it was asked, and for what was delivered.
  std::string_view rule = {};         // id of the rule; lives as long as the process
  Scope scope = Scope::None;          // what the reply speaks of
  bool alarm = false;                 // our configuration is wrong, see ClassPolicy::alarm
  std::optional<Duration> wait = {};  // how long to stay away: this recipient at least …
  bool wait_told = false;             // … and if the reply itself names or asks for it, the whole path
  std::string blocklist = {};         // its name, when told: "zen.spamhaus.org"
};

}  // namespace penstock::model
