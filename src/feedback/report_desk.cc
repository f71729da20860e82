// SPDX-License-Identifier: Apache-2.0
#include "feedback/report_desk.h"

#include <algorithm>

namespace penstock::feedback {

using report::ReportKind;

ReportDesk::ReportDesk(std::shared_ptr<const classify::Classifier> classifier, UsedReferences& used,
                       ReportOutlets& outlets)
    : classifier_(std::move(classifier)),
      used_(used),
      outlets_(outlets),
      settings_(std::make_shared<const DeskSettings>()) {}

void ReportDesk::configure(DeskSettings settings) {
  auto made = std::make_shared<const DeskSettings>(std::move(settings));
  const std::lock_guard lock(mutex_);
  settings_ = std::move(made);
}

std::shared_ptr<const DeskSettings> ReportDesk::settings() const {
  const std::lock_guard lock(mutex_);
  return settings_;
}

void ReportDesk::handle(const IncomingReport& incoming, bool behind) {
  const auto in_force = settings();
  const report::Report report = report::read_report(incoming.message);
  const bool concerns = report.kind == ReportKind::Bounce || report.kind == ReportKind::Complaint;
  Evidence evidence;
  if (concerns) {
    evidence = weigh(report, incoming.recipients, in_force->keys);
    if (evidence.reference) {
      evidence.used_before = used_.contains(evidence.reference->recipient, report.kind);
    } else {
      evidence.trusted_source = outlets_.is_trusted(incoming, report);
    }
  }
  Decision decision = decide(report, evidence, in_force->policy, *classifier_);
  const bool wants_labels = concerns && !behind && evidence.reference && !evidence.used_before;
  if (decision.needs_lookup || wants_labels) {
    evidence.sent = outlets_.find_sent(evidence.reference->recipient);
    if (evidence.sent) decision = decide(report, evidence, in_force->policy, *classifier_);
  }
  outlets_.count(decision.kind, decision.proof);
  carry_out(report, decision, evidence.sent ? &*evidence.sent : nullptr);
}

void ReportDesk::carry_out(const report::Report& report, const Decision& decision, const SentRecipient* sent) {
  bool acted = false;
  bool failed = false;
  for (const Effect& effect : decision.effects) {
    HandledRecipient handled{report, decision, effect, sent};
    if (effect.suppress) {
      handled.suppressed = outlets_.suppress(effect, decision, sent);
      handled.store_failed = !handled.suppressed;
      failed = failed || handled.store_failed;
      acted = acted || handled.suppressed;
    }
    outlets_.record(handled);
  }
  if (acted && !failed && decision.proof == Proof::Reference) (void)used_.take(*decision.recipient, decision.kind);
}

}  // namespace penstock::feedback
