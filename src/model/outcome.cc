// SPDX-License-Identifier: Apache-2.0
#include "model/outcome.h"

#include "base/check.h"

namespace penstock::model {

std::string_view to_string(OutcomeClass c) {
  switch (c) {
    case OutcomeClass::None: return "none";
    case OutcomeClass::InvalidMailbox: return "invalid-mailbox";
    case OutcomeClass::InvalidDomain: return "invalid-domain";
    case OutcomeClass::InactiveMailbox: return "inactive-mailbox";
    case OutcomeClass::MailboxFull: return "mailbox-full";
    case OutcomeClass::Policy: return "policy";
    case OutcomeClass::Authentication: return "authentication";
    case OutcomeClass::SpamContent: return "spam-content";
    case OutcomeClass::Reputation: return "reputation";
    case OutcomeClass::Blocklist: return "blocklist";
    case OutcomeClass::RateLimit: return "rate-limit";
    case OutcomeClass::TooManyConnections: return "too-many-connections";
    case OutcomeClass::Greylisting: return "greylisting";
    case OutcomeClass::MessageTooLarge: return "message-too-large";
    case OutcomeClass::ContentRejected: return "content-rejected";
    case OutcomeClass::Virus: return "virus";
    case OutcomeClass::Protocol: return "protocol";
    case OutcomeClass::RelayDenied: return "relay-denied";
    case OutcomeClass::Routing: return "routing";
    case OutcomeClass::Dns: return "dns";
    case OutcomeClass::Network: return "network";
    case OutcomeClass::Timeout: return "timeout";
    case OutcomeClass::Tls: return "tls";
    case OutcomeClass::ServerTrouble: return "server-trouble";
    case OutcomeClass::Expired: return "expired";
    case OutcomeClass::Admin: return "admin";
    case OutcomeClass::Suppressed: return "suppressed";
    case OutcomeClass::Other: return "other";
  }
  PENSTOCK_UNREACHABLE();
}

std::optional<OutcomeClass> parse_outcome_class(std::string_view name) {
  for (std::size_t i = 0; i <= static_cast<std::size_t>(OutcomeClass::Other); ++i) {
    if (to_string(static_cast<OutcomeClass>(i)) == name) return static_cast<OutcomeClass>(i);
  }
  return std::nullopt;
}

namespace {

// RFC 3463 §3.2–§3.8 by subject and detail.
OutcomeClass class_by_enhanced(const EnhancedStatus& e) {
  switch (e.subject) {
    case 1:
      if (e.detail == 2 || e.detail == 10) return OutcomeClass::InvalidDomain;
      return e.detail == 1 || e.detail == 3 || e.detail == 6 ? OutcomeClass::InvalidMailbox : OutcomeClass::Other;
    case 2:
      if (e.detail == 1) return OutcomeClass::InactiveMailbox;
      if (e.detail == 2) return OutcomeClass::MailboxFull;
      return e.detail == 3 ? OutcomeClass::MessageTooLarge : OutcomeClass::Other;
    case 3: return e.detail == 4 ? OutcomeClass::MessageTooLarge : OutcomeClass::ServerTrouble;
    case 4: return e.detail == 4 || e.detail == 6 ? OutcomeClass::Routing : OutcomeClass::Network;
    case 5: return e.detail == 3 ? OutcomeClass::RateLimit : OutcomeClass::Protocol;
    case 6: return OutcomeClass::ContentRejected;
    case 7:
      if (e.detail == 28) return OutcomeClass::RateLimit;  // RFC 7372 §3.2 leaves 20–27 to authentication
      return e.detail >= 20 && e.detail <= 32 ? OutcomeClass::Authentication : OutcomeClass::Policy;
    default: return OutcomeClass::Other;
  }
}

}  // namespace

OutcomeClass class_by_code(const Reply& reply, Step step) {
  if (reply.positive()) return OutcomeClass::None;
  if (reply.code == 0) return OutcomeClass::Network;
  if (reply.enhanced) {
    const OutcomeClass by_enhanced = class_by_enhanced(reply.enhanced);
    if (by_enhanced != OutcomeClass::Other) return by_enhanced;
  }
  switch (reply.code) {
    case 421:
    case 451: return OutcomeClass::ServerTrouble;
    case 450: return step == Step::Rcpt ? OutcomeClass::Greylisting : OutcomeClass::ServerTrouble;
    case 452: return step == Step::Rcpt ? OutcomeClass::MailboxFull : OutcomeClass::ServerTrouble;
    case 552: return step == Step::Rcpt ? OutcomeClass::MailboxFull : OutcomeClass::MessageTooLarge;
    case 500:
    case 501:
    case 502:
    case 503:
    case 504: return OutcomeClass::Protocol;
    case 550:
    case 551:
    case 553: return step == Step::Rcpt ? OutcomeClass::InvalidMailbox : OutcomeClass::Policy;
    case 554: return OutcomeClass::Policy;
    default: return OutcomeClass::Other;
  }
}

}  // namespace penstock::model
