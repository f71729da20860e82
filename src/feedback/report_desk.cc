// SPDX-License-Identifier: Apache-2.0
#include "feedback/report_desk.h"

#include <openssl/sha.h>

#include <algorithm>
#include <array>

namespace penstock::feedback {

using report::ReportKind;

std::uint64_t report_id(const IncomingReport& incoming) {
  const std::string bytes = encode_report(incoming);
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
  SHA256(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), digest.data());
  std::uint64_t id = 0;
  for (std::size_t i = 0; i < 8; ++i) id = id << 8 | digest[i];
  return id;
}

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

void ReportDesk::handle(std::span<const IncomingReport> reports) {
  const auto in_force = settings();
  std::vector<Case> cases;
  cases.reserve(reports.size());
  for (const IncomingReport& incoming : reports) {
    Case& one = cases.emplace_back(Case{incoming, report_id(incoming), report::read_report(incoming.message)});
    if (one.report.kind != ReportKind::Bounce && one.report.kind != ReportKind::Complaint) continue;
    one.evidence = weigh(one.report, incoming.recipients, in_force->keys);
    if (!one.evidence.reference) one.evidence.trusted_source = outlets_.is_trusted(incoming, one.report);
  }
  look_up(cases);
  for (Case& one : cases) judge(one, *in_force);
  carry_out(cases);
  outlets_.finished();
}

void ReportDesk::look_up(std::vector<Case>& cases) {
  std::vector<Case*> asking;
  std::vector<model::RecipientId> wanted;
  for (Case& one : cases) {
    if (!one.evidence.reference) continue;
    wanted.push_back(one.evidence.reference->recipient);
    asking.push_back(&one);
  }
  if (wanted.empty()) return;
  std::vector<std::optional<SentRecipient>> found = outlets_.find_sent(wanted);
  for (std::size_t i = 0; i < std::min(found.size(), asking.size()); ++i)
    asking[i]->evidence.sent = std::move(found[i]);
}

void ReportDesk::judge(Case& one, const DeskSettings& in_force) {
  Evidence& evidence = one.evidence;
  if (evidence.reference) {
    evidence.too_old = is_too_old(*evidence.reference, one.incoming.received);
    evidence.used_before = used_.is_used(evidence.reference->recipient, one.report.kind, one.id);
  }
  one.decision = decide(one.report, evidence, in_force.policy, *in_force.classifier);
  outlets_.count(one.decision.kind, one.decision.proof);
  const bool acting = std::any_of(one.decision.effects.begin(), one.decision.effects.end(),
                                  [](const Effect& effect) { return effect.acting; });
  // Before the suppression, so that it is durable with it, and known to the next report in hand.
  if (acting && one.decision.proof == Proof::Reference) used_.take(*one.decision.recipient, one.decision.kind, one.id);
}

void ReportDesk::carry_out(std::vector<Case>& cases) {
  std::vector<HandledRecipient> handled;
  std::vector<HandledRecipient> suppressing;
  std::vector<std::size_t> places;  // of `suppressing` among `handled`
  std::vector<Case*> owners;        // of `handled`
  for (Case& one : cases) {
    std::uint32_t number = 0;
    for (const Effect& effect : one.decision.effects) {
      HandledRecipient recipient{one.report, one.decision, effect, one.incoming, one.id, number++};
      recipient.reference = one.evidence.reference ? &*one.evidence.reference : nullptr;
      recipient.sent = one.evidence.sent ? &*one.evidence.sent : nullptr;
      if (effect.suppress) {
        places.push_back(handled.size());
        suppressing.push_back(recipient);
      }
      handled.push_back(recipient);
      owners.push_back(&one);
    }
  }
  if (!suppressing.empty()) {
    const std::vector<Suppressing> became = outlets_.suppress(suppressing);
    for (std::size_t i = 0; i < std::min(became.size(), places.size()); ++i) {
      handled[places[i]].suppressing = became[i];
      if (became[i] == Suppressing::Failed) owners[places[i]]->failed = true;
    }
  }
  for (const Case& one : cases) {
    const bool taken = one.failed && one.decision.proof == Proof::Reference;
    if (taken) used_.give_back(*one.decision.recipient, one.decision.kind);
  }
  for (const HandledRecipient& recipient : handled) outlets_.record(recipient);
}

}  // namespace penstock::feedback
