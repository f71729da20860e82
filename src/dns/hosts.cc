// SPDX-License-Identifier: Apache-2.0
#include "dns/hosts.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace penstock::dns {
namespace {

// Fisher and Yates. Our own Rng, so that the same seed gives the same order with every standard library.
template <class Iterator>
void shuffle(Iterator first, Iterator last, Rng& rng) {
  for (auto left = last - first; left > 1; --left) {
    std::iter_swap(first + (left - 1),
                   first + static_cast<std::ptrdiff_t>(rng.below(static_cast<std::uint64_t>(left))));
  }
}

void append_family(std::vector<Target>& targets, const Host& host, std::size_t index, Family family, Rng& rng) {
  const auto begin = static_cast<std::ptrdiff_t>(targets.size());
  for (const Address& address : host.addresses) {
    if (address.family != family) continue;
    targets.push_back({host.name, address.text, family, host.preference, host.secure, index});
  }
  shuffle(targets.begin() + begin, targets.end(), rng);
}

void append_host(std::vector<Target>& targets, const Host& host, std::size_t index, Families families, Rng& rng) {
  const bool v6_first = families == Families::V6 || families == Families::V6ThenV4;
  append_family(targets, host, index, v6_first ? Family::V6 : Family::V4, rng);
  if (families == Families::V4ThenV6) append_family(targets, host, index, Family::V6, rng);
  if (families == Families::V6ThenV4) append_family(targets, host, index, Family::V4, rng);
}

}  // namespace

std::string_view to_string(InvalidClass c) {
  switch (c) {
    case InvalidClass::BadDomain: return "bad-domain";
    case InvalidClass::NoSuchDomain: return "no-such-domain";
    case InvalidClass::NullMx: return "null-mx";
    case InvalidClass::NoHost: return "no-host";
    case InvalidClass::Loop: return "loop";
  }
  PENSTOCK_UNREACHABLE();
}

std::string_view enhanced_code(InvalidClass c) {
  switch (c) {
    case InvalidClass::BadDomain: return "5.1.3";     // bad destination mailbox address syntax
    case InvalidClass::NoSuchDomain: return "5.1.2";  // bad destination system address
    case InvalidClass::NullMx: return "5.1.10";       // recipient address has null MX (RFC 7505 §4.2)
    case InvalidClass::NoHost: return "5.4.4";        // unable to route
    case InvalidClass::Loop: return "5.4.6";          // routing loop detected
  }
  PENSTOCK_UNREACHABLE();
}

std::string make_site(std::vector<std::string_view> names) {
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  std::string site;
  for (const auto name : names) {
    if (!site.empty()) site += ',';
    site += name;
  }
  return site;
}

std::vector<Target> order_targets(const Hosts& hosts, Families families, Rng& rng, std::size_t limit) {
  std::vector<const Host*> order;
  order.reserve(hosts.hosts.size());
  for (const Host& host : hosts.hosts) order.push_back(&host);
  for (auto group = order.begin(); group != order.end();) {
    const auto end =
        std::find_if(group, order.end(), [&](const Host* host) { return host->preference != (*group)->preference; });
    shuffle(group, end, rng);
    group = end;
  }
  std::vector<Target> targets;
  for (const Host* host : order) {
    append_host(targets, *host, static_cast<std::size_t>(host - hosts.hosts.data()), families, rng);
  }
  if (targets.size() > limit) targets.resize(limit);
  return targets;
}

}  // namespace penstock::dns
