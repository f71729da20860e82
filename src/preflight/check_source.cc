// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "preflight/checks.h"

namespace penstock::preflight {
namespace {

constexpr const char* kPrivate[] = {"10.0.0.0/8",     "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10",
                                    "169.254.0.0/16", "fc00::/7",      "fe80::/10"};

}  // namespace

bool is_private(const IpAddress& address) {
  return std::any_of(std::begin(kPrivate), std::end(kPrivate),
                     [&](const char* network) { return IpNetwork::parse(network)->contains(address); });
}

std::optional<IpAddress> chosen_source() {
  // Connecting a datagram socket only looks the route up. 192.0.2.1 is nobody (RFC 5737).
  const int socket = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (socket < 0) return std::nullopt;
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(25);
  to.sin_addr.s_addr = htonl(0xC0000201);
  sockaddr_in mine{};
  socklen_t size = sizeof mine;
  const bool good = ::connect(socket, reinterpret_cast<sockaddr*>(&to), sizeof to) == 0 &&
                    ::getsockname(socket, reinterpret_cast<sockaddr*>(&mine), &size) == 0;
  ::close(socket);
  if (!good) return std::nullopt;
  IpAddress address;
  std::memcpy(address.bytes.data(), &mine.sin_addr, sizeof mine.sin_addr);
  return address;
}

net::Task<Findings> check_source(const World&, Identity identity) {
  Findings found;
  const auto add = [&found](Level level, std::string what, std::string mend = {}) {
    found.push_back({level, Check::Source, std::move(what), std::move(mend)});
  };
  const std::string address = identity.address();
  const std::string set_it = fmt::format("set source of vMTA {} to the address receivers see", identity.vmta);
  if (!identity.source) {
    add(Level::Fail, "the machine has no route to the internet, so there is no address to send from", set_it);
  } else if (!net::address_is_local(address)) {
    add(Level::Fail, fmt::format("{} is not an address of this machine", address),
        fmt::format("add it to an interface, or correct source of vMTA {}:\nip address add {}/{} dev eth0",
                    identity.vmta, address, identity.source->v6 ? 128 : 32));
  } else if (is_private(*identity.source)) {
    add(Level::Warn,
        fmt::format("{} is a private address: receivers see another one, which is not checked here", address),
        "check from a machine that has the public address, or see that each source is translated to its own public "
        "one");
  } else {
    add(Level::Pass, identity.chosen ? fmt::format("{} is what the system sends from; the vMTA has no source", address)
                                     : fmt::format("{} is an address of this machine", address));
  }
  co_return found;
}

}  // namespace penstock::preflight
