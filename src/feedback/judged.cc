// SPDX-License-Identifier: Apache-2.0
#include "feedback/judged.h"

#include "base/ascii.h"
#include "report/dsn.h"

namespace penstock::feedback {
namespace {

using report::ReportAction;

bool is_success(const report::ReportedRecipient& recipient) {
  switch (recipient.action) {
    case ReportAction::Delivered:
    case ReportAction::Relayed:
    case ReportAction::Expanded: return true;
    case ReportAction::Unknown: return recipient.status.status_class == 2;
    case ReportAction::Failed:
    case ReportAction::Delayed: return false;
  }
  return false;
}

// The reporting host gave up waiting and quotes no reply that would say for what.
bool says_expired(const report::ReportedRecipient& recipient) {
  if (recipient.reply.code != 0) return false;
  const std::string text = ascii::lower(recipient.diagnostic);
  for (const char* words :
       {"retry timeout", "expired", "in the queue too long", "in queue too long", "could not deliver for the last",
        "for a long time", "failed attempts", "will be retried for", "was aborted after", "not delivered within",
        "could not be delivered for", "undelivered for", "too many delivery attempts", "after the maximum",
        "continue trying for"}) {
    if (text.find(words) != std::string::npos) return true;
  }
  // "Delivery failed 20 attempts"
  const std::size_t attempts = text.find(" attempts");
  return attempts != std::string::npos && attempts > 0 && ascii::is_digit(text[attempts - 1]);
}

// Classes that a wait may end in when nothing better is known.
bool is_vague(model::OutcomeClass outcome_class) {
  switch (outcome_class) {
    case model::OutcomeClass::Other:
    case model::OutcomeClass::Policy:
    case model::OutcomeClass::Routing:
    case model::OutcomeClass::ServerTrouble: return true;
    default: return false;
  }
}

// Hosts that say nothing of a code leave only their words to go by.
classify::Verdict classified(const report::ReportedRecipient& recipient, const model::Outcome& outcome,
                             const classify::Classifier& classifier, std::string_view provider) {
  if (outcome.reply.code != 0) return classifier.classify(outcome.reply, outcome.step, provider);
  const std::string status = recipient.reply.enhanced ? std::string() : recipient.status.to_string() + " ";
  return classifier.classify_text(status + recipient.diagnostic, provider);
}

// What a report without a status means by it. Mail that waits is 4.2.0 to those who count such reports, whatever it
// waits for; a full mailbox is a condition that passes (RFC 3463 §3.3) unless a reply was final.
model::EnhancedStatus derived_status(const report::ReportedRecipient& recipient, const model::Outcome& outcome) {
  if (recipient.action == ReportAction::Delayed) return {4, 2, 0};
  const bool full = outcome.outcome_class == model::OutcomeClass::MailboxFull;
  if (full && outcome.reply.code == 0) return {4, 2, 2};
  return report::status_for(report::DsnAction::Failed, outcome);
}

}  // namespace

Judged judge(const report::ReportedRecipient& recipient, const classify::Classifier& classifier,
             std::string_view provider) {
  if (is_success(recipient)) return {model::OutcomeClass::None, {}, recipient.status, model::Scope::None, {}, false};
  model::Outcome outcome;
  outcome.reply = recipient.reply;
  if (!outcome.reply.enhanced) outcome.reply.enhanced = recipient.status;
  // RCPT is the usual one.
  outcome.step = classify::step_told(recipient.diagnostic).value_or(model::Step::Rcpt);
  classify::Verdict verdict = classified(recipient, outcome, classifier, provider);
  outcome.outcome_class = verdict.outcome_class;
  std::string_view rule = verdict.rule;
  if (is_vague(outcome.outcome_class) && says_expired(recipient)) {
    outcome.outcome_class = model::OutcomeClass::Expired;
    rule = "report-expired";
    verdict.alarm = false;
  }
  Judged judged{outcome.outcome_class,        rule,         recipient.status, verdict.scope,
                std::move(verdict.blocklist), verdict.alarm};
  if (!judged.status) judged.status = derived_status(recipient, outcome);
  return judged;
}

}  // namespace penstock::feedback
