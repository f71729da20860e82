// SPDX-License-Identifier: Apache-2.0
#include "feedback/decision.h"

#include <algorithm>

#include "base/ascii.h"
#include "base/check.h"
#include "feedback/judged.h"

namespace penstock::feedback {
namespace {

using report::ReportedRecipient;
using report::ReportKind;

Proof proof_of(const Evidence& evidence) {
  if (evidence.reference) {
    return evidence.too_old ? Proof::Expired : evidence.used_before ? Proof::Replayed : Proof::Reference;
  }
  if (evidence.trusted_source) return Proof::Trusted;
  return evidence.forged ? Proof::Forged : Proof::None;
}

bool may_act(Proof proof, const Policy& policy) {
  switch (proof) {
    case Proof::Reference:
    case Proof::Trusted: return true;
    case Proof::None: return policy.act_without_reference;
    // Whoever makes up references is not believed the rest either.
    case Proof::Forged:
    case Proof::Replayed:
    case Proof::Expired: return false;
  }
  PENSTOCK_UNREACHABLE();
}

std::string_view why_of(Proof proof, bool acting) {
  switch (proof) {
    case Proof::Reference: return "a reference of ours";
    case Proof::Trusted: return "a trusted source";
    case Proof::Replayed: return "a reference that was acted on before; counted only";
    case Proof::Expired: return "a reference of a message too long ago; counted only";
    case Proof::Forged: return "a reference that is not ours; counted only";
    case Proof::None: return acting ? "no reference; policy: act all the same" : "no reference; counted only";
  }
  PENSTOCK_UNREACHABLE();
}

// The recipient of the report that the reference names, by either of its addresses; with which one.
const ReportedRecipient* named_recipient(const report::Report& report, const Reference& reference,
                                         std::string& address) {
  for (const ReportedRecipient& recipient : report.recipients) {
    for (const std::string* candidate : {&recipient.original, &recipient.address}) {
      if (!reference.names(*candidate)) continue;
      address = *candidate;
      return &recipient;
    }
  }
  return nullptr;
}

const ReportedRecipient* reported_as(const report::Report& report, std::string_view address) {
  for (const ReportedRecipient& recipient : report.recipients) {
    if (ascii::equal_ignoring_case(recipient.address, address)) return &recipient;
    if (ascii::equal_ignoring_case(recipient.original, address)) return &recipient;
  }
  return nullptr;
}

class Decider {
 public:
  Decider(const report::Report& report, const Evidence& evidence, const Policy& policy,
          const classify::Classifier& classifier)
      : report_(report), evidence_(evidence), policy_(policy), classifier_(classifier) {
    decision_.kind = report.kind;
    decision_.proof = proof_of(evidence);
    acting_ = may_act(decision_.proof, policy);
    decision_.why = why_of(decision_.proof, acting_);
    if (evidence.reference) decision_.recipient = evidence.meant();
  }

  Decision decide() {
    if (report_.kind != ReportKind::Bounce && report_.kind != ReportKind::Complaint) {
      decision_.why = "no failure and no complaint";
      return std::move(decision_);
    }
    if (evidence_.reference) {
      decide_by_reference();
    } else {
      for (const ReportedRecipient& recipient : report_.recipients) {
        add(recipient.original.empty() ? recipient.address : recipient.original, recipient, acting_);
      }
    }
    return std::move(decision_);
  }

 private:
  // The reference names one recipient. What the report says of others is not believed.
  void decide_by_reference() {
    std::string address;
    const ReportedRecipient* recipient = named_recipient(report_, *evidence_.reference, address);
    if (evidence_.is_of_whole_message() && evidence_.sent) {
      // The log says that the message went to this address, which the report names.
      address = evidence_.sent->address;
      recipient = reported_as(report_, address);
    }
    if (recipient == nullptr && evidence_.sent && evidence_.reference->names(evidence_.sent->address)) {
      address = evidence_.sent->address;
    }
    if (address.empty()) {
      decision_.why = "a reference of ours, for a recipient that is no longer known; counted only";
      return;
    }
    if (recipient != nullptr) return add(address, *recipient, acting_);
    // A redacted or forwarded report: its words are about this recipient if they are about one only.
    if (report_.recipients.size() == 1) return add(address, report_.recipients.front(), acting_);
    ReportedRecipient unknown;
    unknown.action = report::ReportAction::Failed;
    // Which of several words apply is not known, so a bounce suppresses nobody.
    add(address, unknown, acting_ && report_.kind == ReportKind::Complaint);
  }

  void add(const std::string& address, const ReportedRecipient& recipient, bool acting) {
    if (address.find('@') == std::string::npos) return;
    Effect effect;
    effect.address = address;
    effect.reply = recipient.reply;
    effect.diagnostic = recipient.diagnostic;
    effect.acting = acting;
    if (report_.kind == ReportKind::Complaint) {
      effect.acting = acting && is_actionable_complaint();
      effect.suppress = effect.acting;
      effect.global_scope = effect.suppress && policy_.complaint_global;
    } else {
      if (recipient.action == report::ReportAction::Delayed) return;
      const Judged judged = judge(recipient, classifier_, evidence_.sent ? evidence_.sent->provider : std::string());
      if (judged.outcome_class == model::OutcomeClass::None) return;
      effect.outcome_class = judged.outcome_class;
      effect.rule = judged.rule;
      effect.reply.enhanced = judged.status;
      // A reply about our address, our domain or this message says nothing of the recipient.
      effect.suppress = acting && (judged.scope == model::Scope::Recipient || judged.scope == model::Scope::None);
    }
    decision_.effects.push_back(std::move(effect));
  }

  [[nodiscard]] bool is_actionable_complaint() const {
    return std::find(policy_.complaint_types.begin(), policy_.complaint_types.end(), report_.feedback_type) !=
           policy_.complaint_types.end();
  }

  const report::Report& report_;
  const Evidence& evidence_;
  const Policy& policy_;
  const classify::Classifier& classifier_;
  Decision decision_;
  bool acting_ = false;
};

}  // namespace

bool Evidence::is_of_whole_message() const {
  return reference && reference->recipient.index == kWholeMessage;
}

model::RecipientId Evidence::meant() const {
  if (!reference) return {};
  return {reference->recipient.message, is_of_whole_message() && sent ? sent->index : reference->recipient.index};
}

std::string_view to_string(Proof proof) {
  switch (proof) {
    case Proof::None: return "none";
    case Proof::Forged: return "forged";
    case Proof::Trusted: return "trusted";
    case Proof::Reference: return "reference";
    case Proof::Replayed: return "replayed";
    case Proof::Expired: return "expired";
  }
  PENSTOCK_UNREACHABLE();
}

Evidence weigh(const report::Report& report, const std::vector<std::string>& delivered_to, const ReferenceKeys& keys) {
  Evidence evidence;
  const auto look_at = [&](std::string_view text) {
    if (evidence.reference) return;
    for (const std::string_view candidate : reference_candidates(text)) {
      evidence.reference = verify_reference(keys, candidate);
      if (evidence.reference) return;
      evidence.forged = true;
    }
  };
  for (const std::string& address : delivered_to) look_at(address);
  look_at(report.original.reference);
  look_at(report.original.return_path);
  look_at(report.envelope_sender);
  constexpr std::size_t kAddressesMax = 16;
  for (std::size_t i = 0; i < std::min(report.sent_to.size(), kAddressesMax); ++i) look_at(report.sent_to[i]);
  if (evidence.reference) evidence.forged = false;
  return evidence;
}

Decision decide(const report::Report& report, const Evidence& evidence, const Policy& policy,
                const classify::Classifier& classifier) {
  return Decider(report, evidence, policy, classifier).decide();
}

}  // namespace penstock::feedback
