// SPDX-License-Identifier: Apache-2.0
#include "base/check.h"
#include "report/dsn.h"

namespace penstock::report {
namespace {

using model::EnhancedStatus;
using model::OutcomeClass;

// Subject and detail (RFC 3463 §3) that say what the class says; the status class is put in by the caller.
EnhancedStatus status_of(OutcomeClass outcome_class, model::Step step) {
  switch (outcome_class) {
    case OutcomeClass::InvalidMailbox: return {0, 1, 1};
    case OutcomeClass::InvalidDomain: return {0, 1, 2};
    case OutcomeClass::InactiveMailbox: return {0, 2, 1};
    case OutcomeClass::MailboxFull: return {0, 2, 2};
    case OutcomeClass::MessageTooLarge: return {0, 3, 4};
    case OutcomeClass::Network:
    case OutcomeClass::Timeout: return step == model::Step::Connect ? EnhancedStatus{0, 4, 1} : EnhancedStatus{0, 4, 2};
    case OutcomeClass::Dns: return {0, 4, 3};
    case OutcomeClass::Routing: return {0, 4, 4};
    case OutcomeClass::RateLimit:
    case OutcomeClass::TooManyConnections: return {0, 4, 5};
    case OutcomeClass::Expired: return {0, 4, 7};
    case OutcomeClass::Protocol: return {0, 5, 0};
    case OutcomeClass::ContentRejected: return {0, 6, 0};
    case OutcomeClass::Authentication:
    case OutcomeClass::Tls: return {0, 7, 0};
    case OutcomeClass::Policy:
    case OutcomeClass::SpamContent:
    case OutcomeClass::Reputation:
    case OutcomeClass::Blocklist:
    case OutcomeClass::Greylisting:
    case OutcomeClass::Virus:
    case OutcomeClass::RelayDenied:
    case OutcomeClass::Admin:
    case OutcomeClass::Suppressed: return {0, 7, 1};
    case OutcomeClass::ServerTrouble: return {0, 3, 0};
    case OutcomeClass::None:
    case OutcomeClass::Other: return {0, 0, 0};
  }
  PENSTOCK_UNREACHABLE();
}

// A failed recipient is 5 unless a temporary condition was what it failed of.
std::uint16_t class_for(DsnAction action, const model::Outcome& outcome) {
  switch (action) {
    case DsnAction::Failed: return outcome.reply.transient() ? 4 : 5;
    case DsnAction::Delayed: return 4;
    case DsnAction::Delivered:
    case DsnAction::Relayed:
    case DsnAction::Expanded: return 2;
  }
  PENSTOCK_UNREACHABLE();
}

}  // namespace

std::string_view to_string(DsnAction action) {
  switch (action) {
    case DsnAction::Failed: return "failed";
    case DsnAction::Delayed: return "delayed";
    case DsnAction::Delivered: return "delivered";
    case DsnAction::Relayed: return "relayed";
    case DsnAction::Expanded: return "expanded";
  }
  PENSTOCK_UNREACHABLE();
}

model::EnhancedStatus status_for(DsnAction action, const model::Outcome& outcome) {
  const std::uint16_t wanted = class_for(action, outcome);
  if (outcome.outcome_class == OutcomeClass::Expired && wanted != 2) return {4, 4, 7};
  if (outcome.reply.enhanced.status_class == wanted) return outcome.reply.enhanced;
  if (wanted == 2) return {2, 0, 0};
  EnhancedStatus status = status_of(outcome.outcome_class, outcome.step);
  status.status_class = wanted;
  return status;
}

}  // namespace penstock::report
