// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>

#include "dns/name.h"
#include "preflight/checks.h"

namespace penstock::preflight {
namespace {

// "host-192-0-2-10.pool.example.net": a name the provider gives to everybody, and receivers know such.
bool looks_generic(const std::string& name, const IpAddress& address) {
  if (address.v6) return false;
  const auto octet = [&](std::size_t i) { return std::to_string(address.bytes[i]); };
  for (const char sign : {'-', '.', '_'}) {
    const std::string forward = octet(0) + sign + octet(1) + sign + octet(2) + sign + octet(3);
    const std::string backward = octet(3) + sign + octet(2) + sign + octet(1) + sign + octet(0);
    if (name.find(forward) != std::string::npos || name.find(backward) != std::string::npos) return true;
  }
  return false;
}

}  // namespace

net::Task<Findings> check_ptr(const World& world, Identity identity) {
  Findings found;
  if (!identity.source) co_return found;
  const std::string address = identity.address();
  const auto add = [&found](Level level, std::string what, std::string mend = {}) {
    found.push_back({level, Check::Ptr, std::move(what), std::move(mend)});
  };
  const std::string reverse = dns::reverse_name(address).value_or("");
  const bool named = identity.ehlo.find('.') != std::string::npos;
  const std::string record =
      fmt::format("whoever owns the address (mostly the hosting company) sets it:\n{}. IN PTR {}.", reverse,
                  named ? identity.ehlo : "mta1.example.com");
  const dns::Answer pointer = co_await ask(world, dns::RecordType::Ptr, reverse);
  if (dns::is_temporary(pointer.status)) {
    add(Level::Warn, fmt::format("the name of {} is not known just now: {}", address, trouble_of(pointer)),
        "try again; if it stays so, the reverse zone's servers are broken");
    co_return found;
  }
  if (pointer.status != dns::Status::Found) {
    add(Level::Fail, fmt::format("{} has no PTR record, that is, no name", address), record);
    co_return found;
  }
  const std::vector<std::string> names = values(pointer);
  std::string confirmed;
  for (const std::string& name : names) {
    const dns::Answer back = co_await ask_addresses(world, name);
    const std::vector<std::string> addresses = values(back);
    if (std::find(addresses.begin(), addresses.end(), address) != addresses.end()) confirmed = name;
  }
  if (confirmed.empty()) {
    add(Level::Fail, fmt::format("{} is called {}, but that name does not lead back to it", address, list_words(names)),
        fmt::format("publish the address under the name, or change the name:\n{}. IN {} {}", names.front(),
                    identity.source->v6 ? "AAAA" : "A", address));
  } else if (looks_generic(confirmed, *identity.source)) {
    add(Level::Warn, fmt::format("{} is called {}, a name as dial-up lines have", address, confirmed), record);
  } else {
    add(Level::Pass, fmt::format("{} is called {}, and that name leads back to it", address, confirmed));
  }
  co_return found;
}

}  // namespace penstock::preflight
