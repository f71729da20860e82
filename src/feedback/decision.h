// SPDX-License-Identifier: Apache-2.0
// What follows from a report: decided here, carried out by whoever owns suppressions and events.
//
// Use:  const Evidence evidence = weigh(report, envelope_recipients, keys);   // then ask the used references, the log
//       const Decision decision = decide(report, evidence, policy, classifier);
//       for (const Effect& effect : decision.effects) …
//
// Whose mail was it? In this order: our signed reference (in the address the report came to, in X-Penstock-Ref of the
// returned message, in the envelope sender it names); the report's own fields; the returned message. Only the first
// is proof. With a valid reference the address it names is acted on, whatever else the report says. Without one,
// what the report names is acted on only if it comes from a trusted source, or if the policy trusts everyone.
// Automatic answers, challenges, delays and notices of success change nothing.
// Pure; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "classify/classifier.h"
#include "feedback/reference.h"
#include "model/ids.h"
#include "model/outcome.h"
#include "report/reading.h"

namespace penstock::feedback {

// Which proof there is of whose mail it was.
enum class Proof : std::uint8_t {
  None,       // nothing of ours in it
  Forged,     // something that looks like a reference of ours and is none
  Trusted,    // no reference, but a source that the operator trusts
  Reference,  // a reference of ours
  Replayed,   // likewise, and it has been acted on before for the same kind of report
  Expired,    // likewise, of a message so old that what was acted on is forgotten
};
[[nodiscard]] std::string_view to_string(
    Proof proof);  // "none", "forged", "trusted", "reference", "replayed", "expired"

// What is known of the recipient that a reference names; from the event log.
struct SentRecipient {
  std::string address;
  std::string stream{}, tenant{}, campaign{}, list{}, provider{}, vmta{}, pool{}, sender{}, dkim_domain{};
  // How it left last: "mx", the hosts it went to, the address of ours.
  std::string route{}, site{}, source_address{};
};

struct Evidence {
  std::optional<Reference> reference;
  bool forged = false;

  // Filled in by the caller:
  bool used_before = false;           // this reference was acted on for this kind of report
  bool too_old = false;               // see is_too_old()
  bool trusted_source = false;        // DKIM domain or client address is on the operator's list
  std::optional<SentRecipient> sent;  // what the log says of the reference's recipient
};

// Finds and checks the reference. `delivered_to`: the envelope recipients of the report itself.
[[nodiscard]] Evidence weigh(const report::Report& report, const std::vector<std::string>& delivered_to,
                             const ReferenceKeys& keys);

struct Policy {
  bool act_without_reference = false;  // on reports of anyone: for nodes whose report addresses nobody else can reach
  std::vector<std::string> complaint_types{"abuse", "fraud", "opt-out", "opt-out-list", "miscategorized"};
  bool complaint_suppress = true;  // a complaint suppresses at all
  bool complaint_global = true;    // it suppresses everywhere, not only in its stream
};

struct Effect {
  bool acting = false;    // the report is believed; otherwise it is recorded and counted only
  bool suppress = false;  // believed, and about the address; whether its class suppresses is the list's policy
  std::string address;    // "": the report names nobody, or somebody who is no longer known; never believed
  model::OutcomeClass outcome_class = model::OutcomeClass::None;  // of a bounce
  std::string_view rule;                    // that decided the class; lives as long as the process
  model::Scope scope = model::Scope::None;  // whom the reply speaks of
  std::string blocklist;                    // the list's name when told
  bool alarm = false;                       // our configuration is at fault: tell a person
  // Whoever keeps limits should hear it: said where we sent it, of our address, a domain of ours or the campaign. A
  // host that our mail was forwarded by is refused for itself: what is said of "your IP", or of SPF, then means that
  // host.
  bool about_us = false;
  model::Reply reply;  // with the status, derived where the report states none
  std::string diagnostic;
  bool global_scope = false;  // of a complaint: suppress everywhere, not only in the stream
};

struct Decision {
  report::ReportKind kind = report::ReportKind::None;
  Proof proof = Proof::None;
  std::optional<model::RecipientId> recipient;  // that the reference names
  // One for each recipient concerned; a bounce or complaint that names nobody has one without address. None: only count
  // the report.
  std::vector<Effect> effects;
  // In words for events and `penstock`: "a reference of ours", "no reference; policy: count only", …
  std::string_view why;
};

[[nodiscard]] Decision decide(const report::Report& report, const Evidence& evidence, const Policy& policy,
                              const classify::Classifier& classifier);

}  // namespace penstock::feedback
