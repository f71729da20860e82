// SPDX-License-Identifier: Apache-2.0
// Whether bounces come back: the domain has MX hosts, one takes connections, and postmaster and abuse are taken there.
#include <fmt/format.h>

#include <variant>

#include "dns/host_finder.h"
#include "preflight/checks.h"

namespace penstock::preflight {
namespace {

Finding judge_mailbox(const std::string& address, const model::Reply& reply) {
  if (reply.positive()) return {Level::Pass, Check::Postmaster, fmt::format("{} is taken", address)};
  if (reply.transient()) {
    return {Level::Warn, Check::Postmaster, fmt::format("{} is put off: {}", address, reply.to_string()),
            "try again later; a host that greylists does this to strangers"};
  }
  return {Level::Fail, Check::Postmaster, fmt::format("{} is refused: {}", address, reply.to_string()),
          "make the mailbox, or let the listener that takes bounces take it (report_domains)"};
}

void judge_mailboxes(const std::string& domain, const std::string& host, const Talk& talked, Findings& found) {
  constexpr std::size_t kFirstMailbox = 3;  // banner, EHLO, MAIL
  const char* const names[] = {"postmaster", "abuse"};
  for (std::size_t i = 0; i < std::size(names); ++i) {
    const std::string address = fmt::format("{}@{}", names[i], domain);
    if (talked.replies.size() > kFirstMailbox + i) {
      found.push_back(judge_mailbox(address, talked.replies[kFirstMailbox + i]));
      continue;
    }
    const std::string reason = talked.trouble.empty() ? talked.replies.back().to_string() : talked.trouble;
    found.push_back({Level::Warn, Check::Postmaster,
                     fmt::format("{} could not be tried at {}: {}", address, host, reason),
                     "see what the host says to strangers"});
    return;
  }
}

}  // namespace

net::Task<Findings> check_mx(const World& world, std::string domain) {
  Findings found;
  const dns::HostFinder finder(world.resolver);
  const dns::RouteAnswer route = co_await finder.find(world.shard, domain);
  if (const auto* deferred = std::get_if<dns::Deferred>(&route)) {
    found.push_back({Level::Warn, Check::Mx, fmt::format("MX hosts of {}: {}", domain, deferred->reason),
                     "try again; if it stays so, the zone's servers are broken"});
    co_return found;
  }
  if (const auto* invalid = std::get_if<dns::Invalid>(&route)) {
    found.push_back(
        {Level::Fail, Check::Mx, invalid->reason,
         fmt::format("publish the host that takes its bounces:\n{}. IN MX 10 {}.", domain, world.config.node.name)});
    co_return found;
  }
  const auto& hosts = std::get<dns::Hosts>(route);
  const dns::Host& host = hosts.hosts.front();
  if (hosts.implicit) {
    found.push_back({Level::Warn, Check::Mx, fmt::format("{} has no MX record; its own address stands in", domain),
                     fmt::format("publish one:\n{0}. IN MX 10 {0}.", domain)});
  }
  const auto port = static_cast<std::uint16_t>(world.config.client.mx_port);
  const auto remote = host.addresses.empty() ? fail(std::make_error_code(std::errc::address_not_available), host.name)
                                             : net::make_endpoint(host.addresses.front().text, port);
  if (!remote) {
    found.push_back({Level::Warn, Check::Mx, fmt::format("the MX host {} has no address", host.name), "publish one"});
    co_return found;
  }
  std::vector<std::string> commands{"EHLO " + world.config.node.name, "MAIL FROM:<>",
                                    fmt::format("RCPT TO:<postmaster@{}>", domain),
                                    fmt::format("RCPT TO:<abuse@{}>", domain)};
  const Talk talked = co_await talk(world, *remote, "", std::move(commands));
  if (talked.replies.empty()) {
    found.push_back(
        {Level::Fail, Check::Mx,
         fmt::format("{} of {} takes no connection on port {}: {}", host.name, domain, port, talked.trouble),
         "start what should listen there, and see that the firewall lets port 25 in"});
    co_return found;
  }
  if (!hosts.implicit) {
    found.push_back({Level::Pass, Check::Mx, fmt::format("mail for {} goes to {}, which answers", domain, host.name)});
  }
  judge_mailboxes(domain, host.name, talked, found);
  co_return found;
}

}  // namespace penstock::preflight
