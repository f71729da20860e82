// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>

#include "preflight/checks.h"

namespace penstock::preflight {

net::Task<Findings> check_ehlo(const World& world, Identity identity) {
  Findings found;
  const auto add = [&found](Level level, std::string what, std::string mend = {}) {
    found.push_back({level, Check::Ehlo, std::move(what), std::move(mend)});
  };
  const std::string address = identity.address();
  const std::string& name = identity.ehlo;
  const bool v6 = identity.source && identity.source->v6;
  const std::string record =
      address.empty() ? fmt::format("publish its address, or set ehlo of vMTA {} to a name that exists", identity.vmta)
                      : fmt::format("publish the address, or set ehlo of vMTA {} to a name that has it:\n{}. IN {} {}",
                                    identity.vmta, name, v6 ? "AAAA" : "A", address);
  if (name.find('.') == std::string::npos) {
    add(Level::Fail, fmt::format("the EHLO name \"{}\" is no full domain name", name),
        fmt::format("set ehlo of vMTA {}, or node.name, to a name as mta1.example.com", identity.vmta));
    co_return found;
  }
  const dns::Answer answer = co_await ask_addresses(world, name);
  const std::vector<std::string> addresses = values(answer);
  if (dns::is_temporary(answer.status)) {
    add(Level::Warn, fmt::format("the EHLO name {} is not known just now: {}", name, trouble_of(answer)),
        "try again; if it stays so, the zone's servers are broken");
  } else if (addresses.empty()) {
    add(Level::Fail, fmt::format("the EHLO name {} has no address", name), record);
  } else if (!address.empty() && std::find(addresses.begin(), addresses.end(), address) == addresses.end()) {
    add(Level::Warn, fmt::format("the EHLO name {} leads to {}, not to {}", name, list_words(addresses), address),
        record);
  } else {
    add(Level::Pass, fmt::format("the EHLO name {} leads to {}", name, address.empty() ? addresses.front() : address));
  }
  co_return found;
}

}  // namespace penstock::preflight
