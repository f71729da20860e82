// SPDX-License-Identifier: Apache-2.0
#include "feedback/decision.h"

#include <algorithm>

#include "base/ascii.h"
#include "base/check.h"
#include "base/ip_network.h"
#include "feedback/judged.h"
#include "model/envelope.h"

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

// The address that a run of its characters is. A full stop or colon before or behind it belongs to the sentence.
std::optional<IpAddress> address_in(std::string_view run) {
  while (!run.empty() && (run.front() == '.' || (run.front() == ':' && !run.starts_with("::")))) run.remove_prefix(1);
  for (; !run.empty(); run.remove_suffix(1)) {
    if (const auto address = IpAddress::parse(run)) return address;
    if (run.back() != '.' && run.back() != ':') return std::nullopt;
  }
  return std::nullopt;
}

// Whether these words name an address of ours, or one of its network for a reply about a range: the /24 or /64.
bool names_source(std::string_view text, std::string_view source, model::Scope scope) {
  const auto ours = IpAddress::parse(source);
  if (!ours) return false;
  const std::size_t same = scope != model::Scope::IpRange ? ours->bytes.size() : ours->v6 ? 8 : 3;
  const auto is_part = [](char c) {
    const char lower = ascii::to_lower(c);
    return ascii::is_digit(c) || (lower >= 'a' && lower <= 'f') || c == '.' || c == ':';
  };
  constexpr std::string_view kTag = "ipv6:";  // RFC 5321 §4.1.3
  for (std::size_t at = 0; at < text.size();) {
    if (ascii::starts_with_ignoring_case(text.substr(at), kTag)) at += kTag.size();
    std::size_t end = at;
    while (end < text.size() && is_part(text[end])) ++end;
    const bool alone =
        (at == 0 || !ascii::is_alnum(text[at - 1])) && (end == text.size() || !ascii::is_alnum(text[end]));
    const auto address = end > at && alone ? address_in(text.substr(at, end - at)) : std::nullopt;
    if (address && address->v6 == ours->v6 &&
        std::equal(ours->bytes.begin(), ours->bytes.begin() + same, address->bytes.begin())) {
      return true;
    }
    at = std::max(end, at + 1);
  }
  return false;
}

// Of a failure that was said by the receiver we sent to.
bool is_about_us(const Judged& judged, const ReportedRecipient& recipient, const SentRecipient& sent) {
  if (sent.route != "mx") return false;
  switch (judged.scope) {
    case model::Scope::SenderDomain:
    case model::Scope::DkimDomain:
    case model::Scope::UrlDomain:
    case model::Scope::Campaign: return true;
    case model::Scope::SourceIp:
    case model::Scope::IpRange:
      return names_source(recipient.diagnostic, sent.source_address, judged.scope) ||
             names_source(recipient.reply.text, sent.source_address, judged.scope);
    case model::Scope::None:
    case model::Scope::Recipient:
    case model::Scope::Message:
    case model::Scope::ReceivingHost: return false;
  }
  PENSTOCK_UNREACHABLE();
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
    if (evidence.reference) decision_.recipient = evidence.reference->recipient;
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
      if (report_.recipients.empty()) add({}, failed_somehow(), false);
    }
    if (decision_.effects.empty() && about_nobody_) decision_.effects.push_back(std::move(*about_nobody_));
    return std::move(decision_);
  }

 private:
  // The reference names one recipient. What the report says of others is not believed.
  void decide_by_reference() {
    std::string address;
    const ReportedRecipient* recipient = named_recipient(report_, *evidence_.reference, address);
    if (recipient == nullptr && evidence_.sent && evidence_.reference->names(evidence_.sent->address)) {
      address = evidence_.sent->address;
    }
    if (address.empty()) {
      decision_.why = "a reference of ours, for a recipient that is no longer known; counted only";
      return add({}, report_.recipients.size() == 1 ? report_.recipients.front() : failed_somehow(), false);
    }
    if (recipient != nullptr) return add(address, *recipient, acting_);
    // A redacted or forwarded report: its words are about this recipient if they are about one only.
    if (report_.recipients.size() == 1) return add(address, report_.recipients.front(), acting_);
    // Which of several words apply is not known, so a bounce suppresses nobody.
    add(address, failed_somehow(), acting_ && report_.kind == ReportKind::Complaint);
  }

  static ReportedRecipient failed_somehow() {
    ReportedRecipient unknown;
    unknown.action = report::ReportAction::Failed;
    return unknown;
  }

  void add(const std::string& address, const ReportedRecipient& recipient, bool acting) {
    Effect effect;
    const bool is_named = address.find('@') != std::string::npos;
    if (is_named) effect.address = address;
    acting = acting && is_named;
    effect.reply = recipient.reply;
    effect.diagnostic = recipient.diagnostic;
    effect.acting = acting;
    if (report_.kind == ReportKind::Complaint) {
      effect.acting = acting && is_actionable_complaint();
      effect.suppress = effect.acting && policy_.complaint_suppress;
      effect.global_scope = effect.suppress && policy_.complaint_global;
    } else {
      if (recipient.action == report::ReportAction::Delayed) return;
      Judged judged = judge(recipient, classifier_, evidence_.sent ? evidence_.sent->provider : std::string());
      if (judged.outcome_class == model::OutcomeClass::None) return;
      effect.outcome_class = judged.outcome_class;
      effect.rule = judged.rule;
      effect.scope = judged.scope;
      effect.blocklist = std::move(judged.blocklist);
      // Words of somebody who is not believed need not worry anybody. Forwarded mail fails SPF, and whoever forwards it
      // is refused as what he is.
      const bool forwarded =
          !recipient.address.empty() &&
          !ascii::equal_ignoring_case(model::domain_of(recipient.address), model::domain_of(address));
      effect.alarm = judged.alarm && acting && !forwarded;
      effect.about_us = acting && !forwarded && evidence_.sent && is_about_us(judged, recipient, *evidence_.sent);
      effect.reply.enhanced = judged.status;
      // A reply about our address, our domain or this message says nothing of the recipient.
      effect.suppress = acting && (judged.scope == model::Scope::Recipient || judged.scope == model::Scope::None);
    }
    if (is_named) {
      decision_.effects.push_back(std::move(effect));
    } else if (!about_nobody_) {
      about_nobody_ = std::move(effect);
    }
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
  std::optional<Effect> about_nobody_;  // the first; counts when the report names nobody else
  bool acting_ = false;
};

}  // namespace

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
