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

// Hosts say in which step they were refused, each in its way.
model::Step step_of(const std::string& diagnostic) {
  const std::string text = ascii::lower(diagnostic);
  for (const char* words : {"end of data", "after data", "final data", "data command"}) {
    if (text.find(words) != std::string::npos) return model::Step::EndOfData;
  }
  return text.find("mail from") != std::string::npos ? model::Step::Mail : model::Step::Rcpt;
}

// Hosts that say nothing of a code leave only their words to go by.
classify::Verdict classified(const report::ReportedRecipient& recipient, const model::Outcome& outcome,
                             const classify::Classifier& classifier, std::string_view provider) {
  if (outcome.reply.code != 0) return classifier.classify(outcome.reply, outcome.step, provider);
  const std::string status = recipient.reply.enhanced ? std::string() : recipient.status.to_string() + " ";
  return classifier.classify_text(status + recipient.diagnostic, provider);
}

}  // namespace

Judged judge(const report::ReportedRecipient& recipient, const classify::Classifier& classifier,
             std::string_view provider) {
  if (is_success(recipient)) return {model::OutcomeClass::None, {}, recipient.status};
  model::Outcome outcome;
  outcome.reply = recipient.reply;
  if (!outcome.reply.enhanced) outcome.reply.enhanced = recipient.status;
  outcome.step = step_of(recipient.diagnostic);
  const classify::Verdict verdict = classified(recipient, outcome, classifier, provider);
  outcome.outcome_class = verdict.outcome_class;
  Judged judged{verdict.outcome_class, verdict.rule, recipient.status};
  const bool delayed = recipient.action == ReportAction::Delayed;
  if (!judged.status) {
    judged.status = report::status_for(delayed ? report::DsnAction::Delayed : report::DsnAction::Failed, outcome);
  }
  return judged;
}

}  // namespace penstock::feedback
