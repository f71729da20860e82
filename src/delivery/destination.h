// SPDX-License-Identifier: Apache-2.0
// Destination: where recipients of one domain and stream go, whatever vMTA they leave from.
//
// A value shared by all recipients of a domain; immutable. Made by DestinationTable, which asks the Plan for the route
// and the Router for hosts.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "delivery/host_tls.h"
#include "delivery/plan.h"
#include "dns/hosts.h"
#include "model/name_table.h"
#include "mtasts/policies.h"
#include "shaping/adaptive_policy.h"
#include "shaping/limits.h"

namespace penstock::delivery {

// How a host of a fixed route is reached.
struct HostPort {
  std::uint16_t port = 25;
  bool implicit_tls = false;  // TLS from the first byte on
  bool operator==(const HostPort&) const = default;
};

struct Destination {
  RouteKind kind = RouteKind::Mx;
  model::NameId provider{};  // 0: none matches
  model::NameId site{};      // the set of hosts; for a fixed route its group
  // What the egress path is called after: "provider:gmail", "site:mx.example", "domain:slow.example", "relay:…".
  model::NameId group{};
  // Whose shard owns the path. The provider or site even when `group` is a domain, so that all limiters of one provider
  // and vMTA live on one shard.
  model::NameId home{};
  TlsLevel tls = TlsLevel::Opportunistic;  // of all hosts, where host_tls is empty
  TlsSaid said;                            // why, before [[path]] and what the domain publishes
  model::TlsWish wish = model::TlsWish::Usual;
  std::vector<HostTls> host_tls;  // by index of hosts->hosts: what the domain publishes asks more
  model::NameId domain{};         // of the recipients; 0: any
  mtasts::VerdictPtr sts;         // what MTA-STS says of the domain; null: not asked
  bool reports_tls = false;       // its sessions are counted for a report of TLS, alone
  // Whose mail shares connections: site and what TLS must be to each host; 0: the site alone.
  model::NameId lane{};
  std::shared_ptr<const dns::Hosts> hosts;  // Mx; Relay and Lmtp too. Null for Null and for a unix socket
  std::vector<HostPort> ports;              // of hosts->hosts, by index; empty: mx_port
  RelayServicePtr service;                  // Relay; null: nothing to sign in to
  std::string unix_path;                    // Lmtp over a unix socket
  shaping::Limits limits;                   // of the path itself
  shaping::Limits home_limits;              // of the provider's path, when the group is a domain within one
  shaping::AdaptivePolicyPtr policy;        // of the path itself
  shaping::AdaptivePolicyPtr home_policy;   // like home_limits
  TimeoutsPtr timeouts;                     // null: the plan's
  [[nodiscard]] bool has_home_limiter() const { return group != home; }
};

using DestinationPtr = std::shared_ptr<const Destination>;

}  // namespace penstock::delivery
