// SPDX-License-Identifier: Apache-2.0
// [preflight]: what `penstock preflight` asks that does not follow from the rest.
#include "config/rules.h"
#include "config/schema.h"

namespace penstock::config {

const Section& preflight_section() {
  using namespace std::chrono_literals;
  const auto domains = [] { return list_of(domain(), "list of domains", 64, Single::Accepted); };
  static const Section section =
      SectionBuilder<Preflight>("[preflight]")
          .add("blocklists", &Preflight::blocklists, domains(), Apply::Live,
               "DNSBL zones that are asked for each source address.", "none")
          .add("domain_blocklists", &Preflight::domain_blocklists, domains(), Apply::Live,
               "The same for domains that send and sign.", "none")
          .add("reach_domains", &Preflight::reach_domains, domains(), Apply::Live,
               "Domains whose MX hosts each source address must get through to, on client.mx_port; [] for none.")
          .add("timeout", &Preflight::timeout, span(100ms, 2min), Apply::Live,
               "How long a connection and each reply may take.")
          .build();
  return section;
}

}  // namespace penstock::config
