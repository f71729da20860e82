// SPDX-License-Identifier: Apache-2.0
// Who is suppressed, for what and for how long.
#include "config/rules.h"
#include "config/schema.h"
#include "config/table_reader.h"

namespace penstock::config {
namespace {

using namespace std::chrono_literals;
using enum Apply;

constexpr auto kYear = 365 * 24h;

// The names of model/outcome.h, as far as a class can say something of an address.
Kind<std::string> bounce_class() {
  std::vector<std::pair<std::string, std::string>> words;
  for (const char* name :
       {"invalid-mailbox", "invalid-domain", "inactive-mailbox", "mailbox-full", "policy", "authentication",
        "spam-content", "reputation", "blocklist", "message-too-large", "content-rejected", "virus", "protocol",
        "relay-denied", "routing", "server-trouble", "expired", "other"}) {
    words.emplace_back(name, name);
  }
  return word<std::string>(std::move(words));
}

Kind<SuppressionScope> suppression_scope() {
  return word<SuppressionScope>({{"global", SuppressionScope::Global},
                                 {"tenant", SuppressionScope::Tenant},
                                 {"stream", SuppressionScope::Stream}});
}

const Section& class_section() {
  static const Section section =
      SectionBuilder<SuppressionClass>("bounce of [suppression]")
          .required("name", &SuppressionClass::name, bounce_class(), Live, "Class of the bounce.")
          .add("suppress", &SuppressionClass::suppress, flag(), Live,
               "Whether a bounce of this class suppresses the address.")
          .add("lasts", &SuppressionClass::lasts, optional_of(span_or_off(1h, 100 * kYear)), Live,
               "For how long; off: for good.", "as the table in docs/suppression.md")
          .add("scope", &SuppressionClass::scope, suppression_scope(), Live,
               "Where: for all mail, or for that of the tenant or the stream that bounced.")
          .add("investigate", &SuppressionClass::investigate, optional_of(flag()), Live,
               "Whether `penstock suppress review` lists it for a person to look at.", "policy: true; others: false")
          .add("tries", &SuppressionClass::tries, number_or_unset(1, 7), Live,
               "How many tries may meet a refusal of this class that passes, before it counts as a bounce.",
               "mailbox-full: 3; others: as the stream's retry says")
          .add("within", &SuppressionClass::within, span_or_off(1s, 30 * 24h), Live,
               "And for how long at most, the tries being spread over it; off: mailbox-full 24h, others the stream's "
               "expiry.")
          .build();
  return section;
}

const Section& soft_section() {
  static const Section section =
      SectionBuilder<SoftBounces>("soft of [suppression]")
          .add("days", &SoftBounces::days, number(0, 365), Live,
               "On how many different days messages must have failed for good after temporary refusals; 0: off.")
          .add("messages", &SoftBounces::messages, number(1, 10'000), Live,
               "And how many messages at least: an address that is rarely mailed is not judged.")
          .add("span", &SoftBounces::span, span(1h, kYear), Live, "And how long from the first to the last.")
          .add("forget", &SoftBounces::forget, span(24h, kYear), Live,
               "After so long without one, or after a delivery, counting begins anew.")
          .add("lasts", &SoftBounces::lasts, span_or_off(1h, 100 * kYear), Live,
               "For how long the address is suppressed then; off: for good.")
          .build();
  return section;
}

}  // namespace

const Section& suppression_section() {
  static const Section section =
      SectionBuilder<Suppression>("[suppression]")
          .add("gmail_rules", &Suppression::gmail_rules, flag(), Restart,
               "Take addresses at gmail.com that differ in dots or behind a \"+\" for one.")
          .add("refuse_code", &Suppression::refuse_code, number(500, 599), Live,
               "The reply to RCPT for a suppressed address; its text names the reason.")
          .add("bounce", &Suppression::bounce, tables_of<SuppressionClass>(class_section(), "list of tables", 64), Live,
               "What bounces of a class do, where it is not as docs/suppression.md says.")
          .containing<SuppressionClass>(class_section())
          .nested("soft", &Suppression::soft, soft_section(), "When failures that pass become a suppression.")
          .build();
  return section;
}

}  // namespace penstock::config
