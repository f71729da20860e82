// SPDX-License-Identifier: Apache-2.0
// Probe: the figures this module counts. docs/metrics.md explains them to the operator.
#pragma once

#include <array>

#include "bulk/rules.h"
#include "metrics/metrics.h"

namespace penstock::ingest {

struct Probe {
  explicit Probe(metrics::Registry& registry);

  metrics::Counter& messages;             // made durable
  metrics::Counter& recipients;           // of these
  metrics::Counter& bytes;                // of these, as stored
  metrics::Counter& rejected;             // recipients and messages refused at the door
  metrics::Counter& store_failures;       // messages answered 4xx because they could not be stored
  metrics::Counter& connections;          // taken
  metrics::Counter& connections_refused;  // turned away at a bound, or while draining
  metrics::Gauge& open_connections;
  metrics::Counter& sign_ins;          // by SMTP AUTH
  metrics::Counter& sign_in_failures;  // wrong names, passwords and proofs
  metrics::Counter& sign_ins_refused;  // without a look at the password: banned addresses, users with too many links
  metrics::Counter& reports;           // bounces and complaints taken for report domains, made durable
  metrics::Counter& pickup_files;      // taken from the pickup folder
  metrics::Counter& pickup_bad_files;  // moved to bad/
  std::array<metrics::Counter*, bulk::kRuleCount> bulk_faults;  // by rule: messages taken that break it
  std::array<metrics::Counter*, bulk::kRuleCount> bulk_fixes;   // by rule: messages mended
};

}  // namespace penstock::ingest
