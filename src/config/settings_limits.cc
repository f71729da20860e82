// SPDX-License-Identifier: Apache-2.0
// [[limit]]: limits on tuples of sender and receiver. [[path]]: limits of single egress paths.
#include "config/rules.h"
#include "config/schema.h"
#include "config/table_reader.h"

namespace penstock::config {
namespace {

using enum Apply;

constexpr std::uint32_t kMostInAll = 100'000;
constexpr std::uint32_t kMostOnOneConnection = 1'000'000;

}  // namespace

const Section& limit_section() {
  const auto place = [] { return any_text(255); };
  static const Section section =
      SectionBuilder<Limit>("[[limit]]")
          .required("name", &Limit::name, name(), Live, "What explanations and events call it.")
          .add("vmta", &Limit::vmta, place(), Live, "For this vMTA; \"*\": each has a limit of its own.",
               "all together")
          .add("source_ip", &Limit::source_ip, place(), Live, "Our address that mail leaves from, or \"*\".",
               "all together")
          .add("pool", &Limit::pool, place(), Live,
               "The pool, or \"*\". A connection counts for every pool of its vMTA.", "all together")
          .add("stream", &Limit::stream, place(), Live, "The stream, or \"*\".", "all together")
          .add("tenant", &Limit::tenant, place(), Live, "The tenant, or \"*\".", "all together")
          .add("campaign", &Limit::campaign, place(), Live, "The campaign, or \"*\".", "all together")
          .add("sender_domain", &Limit::sender_domain, place(), Live, "Domain of the envelope sender, or \"*\".",
               "all together")
          .add("dkim_domain", &Limit::dkim_domain, place(), Live, "Domain of the first DKIM signature, or \"*\".",
               "all together")
          .add("provider", &Limit::provider, place(), Live,
               "The provider, or \"*\"; where none is known the receiving site stands in its place.", "all together")
          .add("site", &Limit::site, place(), Live, "The set of MX hosts, as paths name it after \"site:\", or \"*\".",
               "all together")
          .add("mx_host", &Limit::mx_host, place(), Live, "The receiving host, or \"*\".", "all together")
          .add("remote_ip", &Limit::remote_ip, place(), Live, "The receiving address, or \"*\".", "all together")
          .add("connections", &Limit::connections, number_or_unset(1, kMostInAll), Live,
               "Connections open at the same time; where the tuple is known with the message only, those that carry "
               "such "
               "mail at one time.",
               "no limit here")
          .add("connection_rate", &Limit::connection_rate, rate(), Live, "New connections in a span of time.",
               "no limit here")
          .add("messages_per_connection", &Limit::messages_per_connection, number_or_unset(1, kMostOnOneConnection),
               Live, "Messages after which a connection is closed.", "no limit here")
          .add("message_rate", &Limit::message_rate, rate(), Live, "Recipients attempted in a span of time.",
               "no limit here")
          .add("transaction_rate", &Limit::transaction_rate, rate(), Live,
               "Messages (MAIL commands) in a span of time.", "no limit here")
          .add("byte_rate", &Limit::byte_rate, byte_rate(), Live, "Bytes of messages in a span of time.",
               "no limit here")
          .build();
  return section;
}

const Section& path_rule_section() {
  static const Section section =
      SectionBuilder<PathRule>("[[path]]")
          .add("vmta", &PathRule::vmta, name(), Live, "Of this vMTA;", "any")
          .add("pool", &PathRule::pool, name(), Live, "of the vMTAs in this pool;", "any")
          .add("provider", &PathRule::provider, name(), Live, "to this provider;", "any")
          .add("site", &PathRule::site, any_text(1'000), Live,
               "to this set of MX hosts that belongs to no provider, as paths name it after \"site:\";", "any")
          .add("domain", &PathRule::domain, domain_pattern(), Live,
               "to this recipients' domain, or \"*.example.com\" for those below it, which gets a path of its own.",
               "any")
          .add("stream", &PathRule::stream, name(), Live,
               "mail of this stream alone, which gets a path of its own within that of the others.", "any")
          .keys_of(&PathRule::limits, limits_section())
          .add("tls", &PathRule::tls, optional_of(tls_level()), Live, "TLS of its deliveries.",
               "as the wider scope says")
          .nested("timeouts", &PathRule::timeouts, own_timeouts_section(), "Time-outs that differ.")
          .nested("backoff", &PathRule::backoff, backoff_section(), "Back-off mode.")
          .build();
  return section;
}

}  // namespace penstock::config
