// SPDX-License-Identifier: Apache-2.0
#include "mtasts/probe.h"

namespace penstock::mtasts {

Probe::Probe(metrics::Registry& registry)
    : fetched(registry.counter("penstock_mta_sts_fetches_total", "Attempts to fetch a domain's MTA-STS policy",
                               {{"result", "fetched"}})),
      failed(registry.counter("penstock_mta_sts_fetches_total", "Attempts to fetch a domain's MTA-STS policy",
                              {{"result", "failed"}})),
      known(registry.gauge("penstock_mta_sts_policies", "MTA-STS policies of domains that hold")) {}

}  // namespace penstock::mtasts
