// SPDX-License-Identifier: Apache-2.0
#include "dns/probe.h"

namespace penstock::dns {
namespace {

metrics::Counter* answers_of(metrics::Registry& registry, const char* result) {
  return &registry.counter("penstock_dns_answers_total", "Answers from name servers, by what they said",
                           {{"result", result}});
}

}  // namespace

// The order of the answers is that of Status.
Probe::Probe(metrics::Registry& registry)
    : answers{answers_of(registry, "found"),    answers_of(registry, "nodata"),  answers_of(registry, "nxdomain"),
              answers_of(registry, "servfail"), answers_of(registry, "timeout"), answers_of(registry, "bogus")},
      refused(registry.counter("penstock_dns_refused_total", "Look-ups not made because too many were waiting")),
      seconds(registry.histogram("penstock_dns_seconds", "Time from a question to its answer, cache hits left out",
                                 {0.001, 0.005, 0.02, 0.1, 0.5, 2, 10})),
      waiting(registry.gauge("penstock_dns_waiting", "Look-ups under way")),
      cache_hits(registry.counter("penstock_dns_cache_hits_total", "Questions answered without asking a name server")),
      cache_misses(registry.counter("penstock_dns_cache_misses_total", "Questions that had to be asked")),
      route_hits(registry.counter("penstock_route_cache_hits_total", "Domains whose hosts were remembered")),
      route_misses(registry.counter("penstock_route_cache_misses_total", "Domains whose hosts had to be found")) {}

}  // namespace penstock::dns
