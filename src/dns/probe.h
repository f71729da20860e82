// SPDX-License-Identifier: Apache-2.0
// Probe: the figures this module counts. docs/metrics.md explains them to the operator.
#pragma once

#include <array>

#include "dns/answer.h"
#include "metrics/metrics.h"

namespace penstock::dns {

struct Probe {
  explicit Probe(metrics::Registry& registry);

  metrics::Counter& answer(Status status) { return *answers[static_cast<std::size_t>(status)]; }

  std::array<metrics::Counter*, 6> answers;  // what DNS said, by status; look-ups that went to the network
  metrics::Counter& refused;                 // look-ups turned away at the limit
  metrics::Histogram& seconds;               // from the question to the answer, network only
  metrics::Gauge& waiting;                   // look-ups under way
  metrics::Counter& cache_hits;              // answers given from a shard's cache
  metrics::Counter& cache_misses;
  metrics::Counter& route_hits;  // routes given from a shard's route cache
  metrics::Counter& route_misses;
};

}  // namespace penstock::dns
