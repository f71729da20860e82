// SPDX-License-Identifier: Apache-2.0
// Probe: what the module counts. docs/metrics.md explains it to the operator.
#pragma once

#include "metrics/metrics.h"

namespace penstock::mtasts {

struct Probe {
  explicit Probe(metrics::Registry& registry);

  metrics::Counter& fetched;  // policies
  metrics::Counter& failed;   // attempts to fetch one
  metrics::Gauge& known;      // policies that hold
};

}  // namespace penstock::mtasts
