// SPDX-License-Identifier: Apache-2.0
// Whether a connection from the address gets through to a large provider: to one of its MX hosts, and no further than
// EHLO.
#include <fmt/format.h>

#include <optional>
#include <variant>

#include "dns/host_finder.h"
#include "preflight/checks.h"

namespace penstock::preflight {
namespace {

struct Target {
  std::string host, address;
};

// The first host with an address of the family.
std::optional<Target> first_of(const dns::Hosts& hosts, dns::Family family) {
  for (const dns::Host& host : hosts.hosts) {
    for (const dns::Address& address : host.addresses) {
      if (address.family == family) return Target{host.name, address.text};
    }
  }
  return std::nullopt;
}

Finding judge(const Talk& talked, const Identity& identity, const Target& target, std::uint32_t port) {
  const std::string way =
      fmt::format("{} to {} on port {}", identity.source ? identity.address() : identity.vmta, target.host, port);
  const std::string open_it = fmt::format(
      "ask the hosting company to open outgoing port {0}, and see that no firewall rule stops it; to try again:\n"
      "nc -vz {1}{2} {0}",
      port, identity.source ? "-s " + identity.address() + " " : "", target.address);
  if (talked.replies.empty()) return {Level::Fail, Check::Reach, fmt::format("{}: {}", way, talked.trouble), open_it};
  const model::Reply& last = talked.replies.back();
  if (!last.positive()) {
    const Level level = last.permanent() ? Level::Fail : Level::Warn;
    return {level, Check::Reach, fmt::format("{}: refused: {}", way, last.to_string()),
            last.permanent() ? "the reply names the reason, often with an address to write to"
                             : "try again later; a provider that puts new addresses off wants them warmed up"};
  }
  if (!talked.trouble.empty()) {
    return {Level::Warn, Check::Reach, fmt::format("{}: {}", way, talked.trouble),
            "something on the way cuts connections; some firewalls inspect SMTP and should not"};
  }
  return {Level::Pass, Check::Reach, fmt::format("{} gets through", way)};
}

}  // namespace

net::Task<Findings> check_reach(const World& world, Identity identity, std::string domain) {
  Findings found;
  const dns::HostFinder finder(world.resolver);
  const dns::RouteAnswer route = co_await finder.find(world.shard, domain);
  const auto* hosts = std::get_if<dns::Hosts>(&route);
  if (hosts == nullptr) {
    const auto* deferred = std::get_if<dns::Deferred>(&route);
    const std::string reason = deferred != nullptr ? deferred->reason : std::get<dns::Invalid>(route).reason;
    found.push_back({Level::Warn, Check::Reach, fmt::format("the MX hosts of {} are not found: {}", domain, reason),
                     "see that this machine can look names up, or change preflight.reach_domains"});
    co_return found;
  }
  const bool v6 = identity.source && identity.source->v6;
  const auto target = first_of(*hosts, v6 ? dns::Family::V6 : dns::Family::V4);
  if (!target) {
    found.push_back(
        {Level::Skip, Check::Reach, fmt::format("the MX hosts of {} have no IPv{} address", domain, v6 ? 6 : 4)});
    co_return found;
  }
  const auto port = static_cast<std::uint16_t>(world.config.client.mx_port);
  const auto remote = net::make_endpoint(target->address, port);
  if (!remote) co_return found;
  std::vector<std::string> commands{"EHLO " + identity.ehlo};
  const Talk talked = co_await talk(world, *remote, identity.address(), std::move(commands));
  found.push_back(judge(talked, identity, *target, port));
  co_return found;
}

}  // namespace penstock::preflight
