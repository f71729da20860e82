// SPDX-License-Identifier: Apache-2.0
// Kinds for where things are: endpoints, networks, source addresses, routes.   Pure.
#pragma once

#include "config/kinds.h"

namespace penstock::config {

enum class Host : std::uint8_t { NameOrAddress, AddressOnly };
enum class UnixSocket : std::uint8_t { Refused, Accepted };

struct EndpointRules {
  Host host = Host::NameOrAddress;
  UnixSocket unix_socket = UnixSocket::Refused;
  std::uint16_t default_port = 0;  // 0: a port must be given
};

[[nodiscard]] Kind<Endpoint> endpoint(EndpointRules rules);
[[nodiscard]] Kind<IpNetwork> network();
[[nodiscard]] Kind<IpAddress> address();
// "mx", "null", { relay = ["host:25"] } or { lmtp = ["unix:/path"] }; in settings_route.cc.
[[nodiscard]] Kind<Route> route();
// { "X-Name" = "pattern" }; each name once.
using Pairs = std::vector<std::pair<std::string, std::string>>;
[[nodiscard]] Kind<Pairs> pairs(Kind<std::string> name, std::string words);

}  // namespace penstock::config
