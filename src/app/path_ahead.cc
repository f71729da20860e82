// SPDX-License-Identifier: Apache-2.0
#include "app/path_ahead.h"

#include <algorithm>
#include <future>
#include <memory>
#include <string_view>

#include "app/ask_shards.h"
#include "delivery/path_rules.h"
#include "delivery/relay_service.h"

namespace penstock::app {
namespace {

// Longer than the resolver's own deadline at its default; what comes later is not waited for.
constexpr std::chrono::seconds kLookUpMost{20};

using Found = std::promise<delivery::Resolved>;

// The promise outlives a caller that has stopped waiting.
net::Task<> resolve(delivery::Dispatcher& dispatcher, model::NameId domain, delivery::Route route,
                    std::shared_ptr<Found> found) {
  delivery::Resolved resolved = co_await dispatcher.destinations().look_up(domain, std::move(route));
  found->set_value(std::move(resolved));
}

// What follows `prefix`; "" where it does not begin with that.
std::string_view after(std::string_view text, std::string_view prefix) {
  return text.starts_with(prefix) ? text.substr(prefix.size()) : std::string_view();
}

// The fixed route of a stream or domain whose paths have that group; nullptr: none has.
const delivery::Route* find_fixed(const delivery::Plan& plan, std::string_view group) {
  for (const delivery::Stream& stream : plan.streams) {
    if (stream.route.group() == group) return &stream.route;
  }
  for (const auto* rules : {&plan.domains, &plan.suffixes}) {
    for (const auto& [name, rule] : *rules) {
      if (rule.route && rule.route->group() == group) return &*rule.route;
    }
  }
  return nullptr;
}

// Of the path of a provider, a site or a fixed route, as far as limits go.
std::optional<delivery::Destination> by_group(const delivery::Plan& plan, model::NameTable& names,
                                              std::string_view group) {
  delivery::Destination to;
  to.group = to.home = names.intern(group);
  if (const std::string_view site = after(group, "site:"); !site.empty()) {
    to.site = names.intern(site);
    to.limits = plan.site_limits.value_or(plan.default_limits);
    return to;
  }
  if (const delivery::Route* fixed = find_fixed(plan, group)) {
    to.kind = fixed->kind;
    to.site = to.group;
    to.limits = fixed->service ? shaping::filled(fixed->service->limits, plan.default_limits) : plan.default_limits;
    return to;
  }
  const auto known = std::find(plan.provider_groups.begin(), plan.provider_groups.end(), to.group);
  if (known == plan.provider_groups.end()) return std::nullopt;
  const auto index = static_cast<std::size_t>(known - plan.provider_groups.begin());
  to.provider = plan.provider_names[index];
  to.limits = plan.provider_limits[index];
  return to;
}

}  // namespace

std::optional<delivery::Resolved> look_up(delivery::Engine& engine, model::NameId domain,
                                          const delivery::Route& route) {
  auto found = std::make_shared<Found>();
  auto answer = found->get_future();
  ask_shard(engine, 0, [&](delivery::Dispatcher& dispatcher) {
    engine.shard(0).spawn("look up", resolve(dispatcher, domain, route, found));
  });
  if (answer.wait_for(kLookUpMost) != std::future_status::ready) return std::nullopt;
  return answer.get();
}

std::uint32_t ceiling_ahead(delivery::Engine& engine, model::NameTable& names, const shaping::PathKey& key) {
  const delivery::PlanPtr plan = ask_shard(engine, 0, [](auto& dispatcher) { return dispatcher.plan_ptr(); });
  const shaping::GroupParts parts = shaping::parts_of_group(names.view(key.group));
  std::optional<delivery::Destination> to;
  if (const std::string_view domain = after(parts.group, "domain:"); !domain.empty()) {
    const delivery::Route route = plan->stream_or_default(names.find(parts.stream)).route;
    const auto resolved = look_up(engine, names.intern(domain), route);
    const auto* found = resolved ? std::get_if<delivery::DestinationPtr>(&*resolved) : nullptr;
    // Without an answer what is said of the domain itself still counts.
    to.emplace(found == nullptr ? delivery::Destination{} : **found);
    if (found == nullptr) to->group = to->home = names.intern(parts.group);
    if (to->group != names.intern(parts.group)) return 0;  // it has no path of its own
  } else {
    to = by_group(*plan, names, parts.group);
  }
  if (!to) return 0;
  delivery::PathRules rules(names);
  rules.set_plan(plan);
  return rules.scopes_of(key, *to).begin()->limits.connections;
}

}  // namespace penstock::app
