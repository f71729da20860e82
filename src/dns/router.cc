// SPDX-License-Identifier: Apache-2.0
#include "dns/router.h"

#include <algorithm>
#include <utility>

namespace penstock::dns {

struct Router::UnderWay {
  OneShot found;
  RoutePtr route;
};

Router::Router(net::Shard& shard, const HostFinder& finder, const Clock& clock, Probe& probe, RouteCacheLimits limits)
    : shard_(shard), finder_(finder), clock_(clock), probe_(probe), limits_(limits), routes_(limits.routes_max) {}

RoutePtr Router::find_cached(std::string_view domain) {
  const RoutePtr* known = routes_.find(domain, clock_.now());
  if (known == nullptr) return nullptr;
  probe_.route_hits.add();
  return *known;
}

net::Task<RoutePtr> Router::find(std::string domain) {
  if (RoutePtr known = find_cached(domain)) co_return known;
  std::shared_ptr<UnderWay> under_way;
  if (const auto entry = under_way_.find(domain); entry != under_way_.end()) {
    under_way = entry->second;
  } else {
    probe_.route_misses.add();
    under_way = std::make_shared<UnderWay>();
    under_way_.emplace(domain, under_way);
    shard_.spawn("route look-up", look_up(domain, under_way));
  }
  co_await OneShot::wait({under_way, &under_way->found});
  co_return under_way->route;
}

// Runs by itself, so that it ends whatever becomes of those who wait for it.
net::Task<> Router::look_up(std::string domain, std::shared_ptr<UnderWay> under_way) {
  RoutePtr route;
  try {
    route = std::make_shared<const RouteAnswer>(co_await finder_.find(shard_, domain));
  } catch (const std::exception& e) {
    route = std::make_shared<const RouteAnswer>(Deferred{std::string("finding hosts failed: ") + e.what()});
  }
  const Time now = clock_.now();
  routes_.put(domain, route, now + time_to_keep(*route), now);
  under_way->route = std::move(route);
  under_way_.erase(domain);
  under_way->found.fire();
}

std::chrono::seconds Router::time_to_keep(const RouteAnswer& route) const {
  if (const auto* hosts = std::get_if<Hosts>(&route)) return std::clamp(hosts->ttl, limits_.ttl_min, limits_.ttl_max);
  return std::holds_alternative<Invalid>(route) ? limits_.invalid_ttl : limits_.failure_ttl;
}

void Router::forget(std::string_view domain) {
  routes_.erase(domain);
}

void Router::forget_all() {
  routes_.clear();
}

}  // namespace penstock::dns
