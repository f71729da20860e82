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
  std::uint32_t index = 0;  // of the message's recipients
  std::string stream{}, tenant{}, campaign{}, list{}, provider{}, vmta{}, sender{}, dkim_domain{};
};

struct Evidence {
  std::optional<Reference> reference;
  bool forged = false;
  // What to ask the log for, and the used references: the recipient that is meant, once that is known.
  [[nodiscard]] model::RecipientId meant() const;
  // Whether the reference names a message only, so that `sent` decides which of its recipients is meant.
  [[nodiscard]] bool is_of_whole_message() const;

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
  bool complaint_global = true;  // a complaint suppresses everywhere, not only in its stream
};

struct Effect {
  bool acting = false;    // the report is believed; otherwise it is recorded and counted only
  bool suppress = false;  // believed, and about the address; whether its class suppresses is the list's policy
  std::string address;
  model::OutcomeClass outcome_class = model::OutcomeClass::None;  // of a bounce
  std::string_view rule;
  model::Reply reply;  // with the status, derived where the report states none
  std::string diagnostic;
  bool global_scope = false;  // of a complaint: suppress everywhere, not only in the stream
};

struct Decision {
  report::ReportKind kind = report::ReportKind::None;
  Proof proof = Proof::None;
  std::optional<model::RecipientId> recipient;  // that the reference names
  std::vector<Effect> effects;                  // one for each recipient concerned; none: count the report only
  // In words for events and `penstock`: "a reference of ours", "no reference; policy: count only", …
  std::string_view why;
};

[[nodiscard]] Decision decide(const report::Report& report, const Evidence& evidence, const Policy& policy,
                              const classify::Classifier& classifier);

}  // namespace penstock::feedback
