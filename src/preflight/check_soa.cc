// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "dmarc/domain.h"
#include "preflight/checks.h"

namespace penstock::preflight {

net::Task<Findings> check_soa(const World& world, std::string domain) {
  Findings found;
  const auto add = [&found](Level level, std::string what, std::string mend = {}) {
    found.push_back({level, Check::Soa, std::move(what), std::move(mend)});
  };
  const std::string organisation = dmarc::organizational_domain(domain);
  for (std::string name = domain;;) {
    const dns::Answer answer = co_await ask(world, dns::RecordType::Soa, name);
    if (answer.status == dns::Status::Found) {
      add(Level::Pass, fmt::format("{} lies in the zone {}, whose first server is {}", domain, answer.canonical_name,
                                   answer.records.front().value));
      co_return found;
    }
    if (dns::is_temporary(answer.status)) {
      add(Level::Warn, fmt::format("the zone of {} is not known just now: {}", domain, trouble_of(answer)),
          "try again; if it stays so, the zone's servers are broken");
      co_return found;
    }
    const std::size_t dot = name.find('.');
    if (name == organisation || dot == std::string::npos) break;
    name.erase(0, dot + 1);
  }
  add(Level::Fail, fmt::format("there is no zone {}: the domain does not exist", organisation),
      "register the domain and have its zone served, or use one that exists");
  co_return found;
}

}  // namespace penstock::preflight
