// SPDX-License-Identifier: Apache-2.0
#include "ingest/probe.h"

namespace penstock::ingest {

Probe::Probe(metrics::Registry& r)
    : messages(r.counter("penstock_ingest_messages_total", "Messages made durable")),
      recipients(r.counter("penstock_ingest_recipients_total", "Recipients of messages made durable")),
      bytes(r.counter("penstock_ingest_bytes_total", "Bytes of messages made durable")),
      rejected(r.counter("penstock_ingest_rejected_total", "Recipients and messages refused at the door")),
      store_failures(r.counter("penstock_ingest_store_failures_total", "Messages that could not be stored")),
      connections(r.counter("penstock_ingest_connections_total", "SMTP connections taken")),
      connections_refused(r.counter("penstock_ingest_connections_refused_total",
                                    "SMTP connections turned away at a bound or while draining")),
      open_connections(r.gauge("penstock_ingest_open_connections", "SMTP connections from clients now")),
      sign_ins(r.counter("penstock_ingest_sign_ins_total", "Sign-ins by SMTP AUTH")),
      sign_in_failures(r.counter("penstock_ingest_sign_in_failures_total", "Sign-ins with a wrong name or password")),
      sign_ins_refused(r.counter("penstock_ingest_sign_ins_refused_total",
                                 "Sign-ins refused without a look at the password: banned, or too many connections")),
      reports(r.counter("penstock_ingest_reports_total", "Mail for report domains made durable")),
      pickup_files(r.counter("penstock_ingest_pickup_files_total", "Files taken from the pickup folder")),
      pickup_bad_files(r.counter("penstock_ingest_pickup_bad_files_total", "Pickup files moved to bad/")) {
  for (std::size_t i = 0; i < bulk::kRuleCount; ++i) {
    const metrics::LabelSet rule{{"rule", std::string(to_string(static_cast<bulk::Rule>(i)))}};
    bulk_faults[i] =
        &r.counter("penstock_bulk_faults_total", "Messages taken that break a rule for bulk mail, by rule", rule);
    bulk_fixes[i] =
        &r.counter("penstock_bulk_fixes_total", "Messages mended to keep a rule for bulk mail, by rule", rule);
  }
}

}  // namespace penstock::ingest
