// SPDX-License-Identifier: Apache-2.0
// Router: domain → hosts, remembered. One per shard.
//
// Use:  RoutePtr route = router.find_cached(domain);          // a hit costs no allocation
//       if (!route) route = co_await router.find(domain);
// Look-ups of the same domain while one is under way wait for that one.
//
// Threads: the shard's.   Ownership: shard, finder, clock and probe must outlive it, and so must every look-up under
// way: stop the shard (or the resolver) first.
// Errors: none; trouble is a Deferred, kept for failure_ttl, so that the next recipients do not ask again at once.
// Limits: routes_max domains; the least used make room.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/clock.h"
#include "dns/expiring_cache.h"
#include "dns/host_finder.h"
#include "dns/hosts.h"
#include "dns/one_shot.h"
#include "dns/probe.h"
#include "net/shard.h"

namespace penstock::dns {

struct RouteCacheLimits {
  std::size_t routes_max = 100'000;
  std::chrono::seconds ttl_min{30};      // hosts whose records say less are kept this long all the same
  std::chrono::seconds ttl_max{3600};    // hosts whose records say more are looked up again after this
  std::chrono::seconds invalid_ttl{60};  // NXDOMAIN, null MX, …: how soon a repaired domain is noticed
  std::chrono::seconds failure_ttl{10};  // Deferred
};

class Router {
 public:
  Router(net::Shard& shard, const HostFinder& finder, const Clock& clock, Probe& probe, RouteCacheLimits limits = {});
  Router(const Router&) = delete;
  Router& operator=(const Router&) = delete;

  // nullptr when not known. `domain` in the spelling that find() was given; domains in small letters hit best.
  [[nodiscard]] RoutePtr find_cached(std::string_view domain);
  // Never null.
  [[nodiscard]] net::Task<RoutePtr> find(std::string domain);
  // The next find() asks again. For operators, and for a site whose hosts have all stopped to answer.
  void forget(std::string_view domain);
  void forget_all();
  [[nodiscard]] std::size_t size() const { return routes_.size(); }

 private:
  struct UnderWay;
  net::Task<> look_up(std::string domain, std::shared_ptr<UnderWay> under_way);
  [[nodiscard]] std::chrono::seconds time_to_keep(const RouteAnswer& route) const;

  net::Shard& shard_;
  const HostFinder& finder_;
  const Clock& clock_;
  Probe& probe_;
  const RouteCacheLimits limits_;
  ExpiringCache<RoutePtr> routes_;
  std::unordered_map<std::string, std::shared_ptr<UnderWay>> under_way_;
};

}  // namespace penstock::dns
