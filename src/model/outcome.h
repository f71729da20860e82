// SPDX-License-Identifier: Apache-2.0
// Outcome: what one attempt to deliver to one recipient came to. A value, never an error.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/clock.h"
#include "model/reply.h"

namespace penstock::model {

// What kind of trouble it was. Until rules classify replies, the class is derived from the code: see class_by_code.
// The names (to_string) are those in events, rules and the console: "invalid-mailbox", "rate-limit", …
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
// By reply code and enhanced code alone (RFC 3463); delivered replies give None.
[[nodiscard]] OutcomeClass class_by_code(const Reply& reply, Step step);

enum class OutcomeKind : std::uint8_t { Delivered, Deferred, Bounced };

struct Outcome {
  OutcomeKind kind = OutcomeKind::Deferred;
  Step step = Step::Connect;
  OutcomeClass outcome_class = OutcomeClass::None;
  Reply reply;  // what the receiver said; code 0 and our own words in `text` when it said nothing
};

}  // namespace penstock::model
