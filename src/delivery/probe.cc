// SPDX-License-Identifier: Apache-2.0
#include "delivery/probe.h"

namespace penstock::delivery {
namespace {

metrics::Counter& outcome(metrics::Registry& registry, const char* kind) {
  return registry.counter("penstock_delivery_outcomes_total", "Outcomes of attempts, one for each recipient",
                          {{"outcome", kind}});
}

metrics::Counter& begun(metrics::Registry& registry, shaping::ActionKind kind) {
  return registry.counter("penstock_delivery_actions_total",
                          "Times that replies made a rule slow, back off, suspend or stop a sender domain, campaign, …",
                          {{"kind", std::string(to_string(kind))}});
}

}  // namespace

Probe::Probe(metrics::Registry& r)
    : actions{&begun(r, shaping::ActionKind::Slow), &begun(r, shaping::ActionKind::Backoff),
              &begun(r, shaping::ActionKind::Suspend), &begun(r, shaping::ActionKind::Stop)},
      attempts{&outcome(r, "delivered"), &outcome(r, "deferred"), &outcome(r, "bounced")},
      expired(r.counter("penstock_delivery_expired_total", "Recipients given up after the stream's expiry")),
      transactions(r.counter("penstock_delivery_transactions_total", "Mail transactions begun")),
      bytes(r.counter("penstock_delivery_bytes_total", "Bytes of messages sent")),
      connections(r.counter("penstock_delivery_connections_total", "Connections that became usable")),
      connection_failures(r.counter("penstock_delivery_connection_failures_total", "Hosts that could not be used")),
      own_shortages(r.counter("penstock_delivery_own_shortages_total",
                              "Connections that this machine had no socket, port or memory for")),
      reused_lost(
          r.counter("penstock_delivery_stale_connections_total", "Kept connections that turned out to be gone")),
      notices(r.counter("penstock_delivery_notices_total", "Delivery status notifications sent")),
      configuration_alarms(r.counter("penstock_delivery_configuration_alarms_total",
                                     "Replies that say SPF, DKIM, DMARC, PTR or TLS of ours is wrong")),
      dkim_signatures(r.counter("penstock_dkim_signatures_total", "DKIM signatures made")),
      dkim_wasted(r.counter("penstock_dkim_wasted_total", "DKIM signatures made for bodies that were never sent")),
      dkim_unsigned(r.counter("penstock_dkim_unsigned_total", "Transactions of signing streams that no key signed")),
      open_connections(r.gauge("penstock_delivery_open_connections", "Connections to receivers now")),
      paths(r.gauge("penstock_delivery_paths", "Egress paths in memory")),
      dkim_seconds(r.histogram("penstock_dkim_seconds", "Time to sign one transaction, waiting for a worker included",
                               {0.0001, 0.0005, 0.001, 0.002, 0.005, 0.02, 0.1, 1})),
      seconds(r.histogram("penstock_delivery_transaction_seconds", "From MAIL to the last answer of a transaction",
                          {0.001, 0.005, 0.02, 0.1, 0.5, 2, 10, 60})) {}

}  // namespace penstock::delivery
