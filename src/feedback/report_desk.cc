// SPDX-License-Identifier: Apache-2.0
#include "feedback/report_desk.h"

#include <algorithm>

namespace penstock::feedback {

using report::ReportKind;

ReportDesk::ReportDesk(UsedReferences& used, ReportOutlets& outlets)
    : used_(used), outlets_(outlets), settings_(std::make_shared<const DeskSettings>()) {}

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
  Evidence evidence;
  if (report.kind == ReportKind::Bounce || report.kind == ReportKind::Complaint) {
    evidence = gather(incoming, report, in_force->keys);
  }
  Decision decision = decide(report, evidence, in_force->policy, *in_force->classifier);
  const bool fresh = evidence.reference && !evidence.used_before && !evidence.sent;
  if (fresh && (decision.needs_lookup || !behind)) {
    evidence.sent = outlets_.find_sent(evidence.reference->recipient, {});
    if (evidence.sent) decision = decide(report, evidence, in_force->policy, *in_force->classifier);
  }
  outlets_.count(decision.kind, decision.proof);
  carry_out(incoming, report, evidence, decision);
}

Evidence ReportDesk::gather(const IncomingReport& incoming, const report::Report& report, const ReferenceKeys& keys) {
  Evidence evidence = weigh(report, incoming.recipients, keys);
  if (!evidence.reference) {
    evidence.trusted_source = outlets_.is_trusted(incoming, report);
    return evidence;
  }
  if (evidence.is_of_whole_message()) {
    std::vector<std::string> addresses;
    for (const report::ReportedRecipient& recipient : report.recipients) {
      addresses.push_back(recipient.address);
      if (!recipient.original.empty()) addresses.push_back(recipient.original);
    }
    evidence.sent = outlets_.find_sent(evidence.reference->recipient, addresses);
  }
  evidence.used_before = used_.contains(evidence.meant(), report.kind);
  return evidence;
}

void ReportDesk::carry_out(const IncomingReport& incoming, const report::Report& report, const Evidence& evidence,
                           const Decision& decision) {
  bool acted = false;
  bool failed = false;
  for (const Effect& effect : decision.effects) {
    HandledRecipient handled{report, decision, effect, incoming};
    handled.reference = evidence.reference ? &*evidence.reference : nullptr;
    handled.sent = evidence.sent ? &*evidence.sent : nullptr;
    if (effect.acting) {
      handled.suppressing = outlets_.suppress(handled);
      failed = failed || handled.suppressing == Suppressing::Failed;
      acted = true;
    }
    outlets_.record(handled);
  }
  if (acted && !failed && decision.proof == Proof::Reference) (void)used_.take(*decision.recipient, decision.kind);
}

}  // namespace penstock::feedback
