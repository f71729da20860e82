// SPDX-License-Identifier: Apache-2.0
#include "delivery/destination_table.h"

#include <algorithm>
#include <boost/asio/ip/address.hpp>

#include "base/check.h"
#include "delivery/own_values.h"
#include "dns/name.h"
#include "tlspolicy/report_record.h"

namespace penstock::delivery {
namespace {

constexpr std::chrono::seconds kFixedTtlMax{60};
constexpr std::chrono::seconds kFixedFailureTtl{10};

std::optional<dns::Address> literal(const std::string& host) {
  boost::system::error_code error;
  const auto address = boost::asio::ip::make_address(host, error);
  if (error) return std::nullopt;
  return dns::Address{address.is_v6() ? dns::Family::V6 : dns::Family::V4, address.to_string()};
}

model::EnhancedStatus parse_enhanced(std::string_view text) {
  return model::EnhancedStatus::take(text);
}

RouteTroublePtr deferred(std::string reason) {
  auto trouble = std::make_shared<RouteTrouble>();
  trouble->outcome = {model::OutcomeKind::Deferred, model::Step::Connect, model::OutcomeClass::Dns,
                      model::Reply{0, {4, 4, 3}, std::move(reason)}};
  return trouble;
}

RouteTroublePtr invalid(const dns::Invalid& why) {
  auto trouble = std::make_shared<RouteTrouble>();
  const bool routing = why.cause == dns::InvalidClass::Loop;
  trouble->outcome = {model::OutcomeKind::Bounced, model::Step::Connect,
                      routing ? model::OutcomeClass::Routing : model::OutcomeClass::InvalidDomain,
                      // No code: nobody has said it, we have found it out.
                      model::Reply{0, parse_enhanced(dns::enhanced_code(why.cause)), why.reason}};
  trouble->no_such_domain = why.cause == dns::InvalidClass::NoSuchDomain;
  return trouble;
}

}  // namespace

DestinationTable::DestinationTable(net::Shard& shard, model::NameTable& names, PlaceTable& places,
                                   dns::Resolver& resolver, const dns::HostFinder& finder, const Clock& clock,
                                   dns::Probe& probe, dns::RouteCacheLimits limits, Published published)
    : shard_(shard),
      names_(names),
      places_(places),
      resolver_(resolver),
      clock_(clock),
      router_(shard, finder, clock, probe, limits),
      published_(published) {}

std::uint64_t DestinationTable::known_key(model::NameId domain, const TlsOfMail& tls) {
  return std::uint64_t{domain.value} << 4U | static_cast<std::uint64_t>(tls.level) << 2U |
         static_cast<std::uint64_t>(tls.wish);
}

void DestinationTable::set_plan(PlanPtr plan) {
  plan_ = std::move(plan);
  by_domain_.clear();
  fixed_.clear();
  fixed_groups_.clear();
  at_level_.clear();
  places_.clear();
}

const Route& DestinationTable::route_for(std::string_view domain, const Route& of_stream) const {
  const DomainRule* rule = plan_->find_domain(domain);
  return rule != nullptr && rule->route ? *rule->route : of_stream;
}

// Domains with limits of their own have a path of their own, also below a fixed route.
std::string DestinationTable::fixed_key(model::NameId domain, const Route& route, TlsOfMail tls) const {
  const DomainRule* rule = plan_->find_domain(names_.view(domain));
  std::string key = route.group();
  key.append(" ").append(to_string(tls.level));
  if (tls.wish == model::TlsWish::Required) key.append(" requiretls");
  if (route.service) key.append(" ").append(route.service->header_key());
  if (rule != nullptr && (rule->limits || rule->tls)) key.append(" ").append(names_.view(domain));
  return key;
}

bool DestinationTable::asks_policies(const dns::RoutePtr& route) const {
  return published_.policies != nullptr && plan_->tls.mta_sts && std::holds_alternative<dns::Hosts>(*route);
}

std::optional<Resolved> DestinationTable::find(model::NameId domain, const Stream& stream, model::TlsWish wish) {
  const std::string_view name = names_.view(domain);
  const Route& route = route_for(name, stream.route);
  const TlsOfMail tls{stream.route.tls, wish};
  if (route.kind == RouteKind::Mx) {
    const dns::RoutePtr known = router_.find_cached(name);
    if (!known) return std::nullopt;
    mtasts::VerdictPtr sts;
    if (asks_policies(known)) {
      sts = published_.policies->find_cached(shard_, name);
      if (!sts) return std::nullopt;
    }
    return resolve_mx(domain, known, sts, tls);
  }
  const auto entry = fixed_.find(fixed_key(domain, route, tls));
  if (entry == fixed_.end() || entry->second.expires <= clock_.now()) return std::nullopt;
  return entry->second.resolved;
}

net::Task<Resolved> DestinationTable::look_up(model::NameId domain, Route route, model::TlsWish wish) {
  Route chosen = route_for(names_.view(domain), route);
  chosen.tls = route.tls;
  if (chosen.kind != RouteKind::Mx) co_return co_await look_up_fixed(domain, chosen, wish);
  const std::string name(names_.view(domain));
  const dns::RoutePtr found = co_await router_.find(name);
  mtasts::VerdictPtr sts;
  if (asks_policies(found)) sts = co_await published_.policies->find(shard_, name);
  if (published_.reports != nullptr) co_await look_up_reports(name);
  co_return resolve_mx(domain, found, sts, {route.tls, wish});
}

// Whether the domain wants reports about TLS, and where (RFC 8460 §3).
net::Task<> DestinationTable::look_up_reports(std::string domain) {
  const auto name = dns::normalize_name(domain);
  if (!name || domain.starts_with('[')) co_return;
  dns::Question question;
  question.name = "_smtp._tls." + *name;
  question.type = dns::RecordType::Txt;
  const auto answer = co_await resolver_.lookup(shard_, std::move(question));
  if (!answer || dns::is_temporary((*answer)->status)) co_return;
  std::vector<std::string> texts, addresses;
  for (const dns::Record& record : (*answer)->records) texts.push_back(record.value);
  for (const tlspolicy::ReportAddress& to : tlspolicy::parse_report_record(texts)) {
    addresses.push_back(to.way == tlspolicy::ReportAddress::Way::Mail ? "mailto:" + to.to : to.to);
  }
  published_.reports->want(domain, std::move(addresses));
}

Resolved DestinationTable::resolve_mx(model::NameId domain, const dns::RoutePtr& route, const mtasts::VerdictPtr& sts,
                                      TlsOfMail tls) {
  const std::uint64_t key = known_key(domain, tls);
  if (const auto known = by_domain_.find(key);
      known != by_domain_.end() && known->second.route == route && known->second.sts == sts) {
    return known->second.resolved;
  }
  Resolved resolved;
  if (const auto* hosts = std::get_if<dns::Hosts>(route.get())) {
    resolved = make_mx(domain, std::shared_ptr<const dns::Hosts>(route, hosts), sts, tls);
  } else if (const auto* trouble = std::get_if<dns::Deferred>(route.get())) {
    resolved = deferred(trouble->reason);
  } else {
    resolved = invalid(std::get<dns::Invalid>(*route));
  }
  if (by_domain_.size() >= kKept) by_domain_.clear();
  by_domain_[key] = {route, sts, resolved};
  publish(domain, resolved);
  return resolved;
}

// Of a domain with limits of its own; else 0.
model::NameId DestinationTable::own_group(std::string_view domain) const {
  const DomainRule* rule = plan_->find_domain(domain);
  return rule != nullptr && rule->limits ? names_.intern("domain:" + std::string(domain)) : model::NameId{};
}

void DestinationTable::apply_domain_rule(Destination& to, std::string_view domain) const {
  const DomainRule* rule = plan_->find_domain(domain);
  if (rule == nullptr) return;
  to.timeouts = with(to.timeouts, rule->timeouts, plan_->timeouts);
  if (!rule->limits) return;
  to.group = own_group(domain);
  to.home_limits = to.limits;
  // A field the rule leaves out keeps the value it would have without the rule.
  to.limits = shaping::filled(*rule->limits, to.limits);
  to.home_policy = to.policy;
  to.policy = with(to.policy, rule->backoff);
  if (!to.provider) to.home = to.group;
}

// Connections carry mail of one TLS policy and one set of header fields only.
void DestinationTable::set_lane(Destination& to) {
  std::string words;
  if (!to.host_tls.empty() || to.tls != TlsLevel::Opportunistic || to.reports_tls) {
    words = " tls:" + (to.host_tls.empty() ? std::string(to_string(to.tls)) : lane_of(to.host_tls));
    if (to.reports_tls) words.append(" of ").append(names_.view(to.domain));
  }
  if (to.service && !to.service->headers.empty()) words.append(" ").append(to.service->header_key());
  to.lane = words.empty() ? to.site : names_.intern(std::string(names_.view(to.site)) + words);
}

DestinationPtr DestinationTable::make_mx(model::NameId domain, std::shared_ptr<const dns::Hosts> hosts,
                                         const mtasts::VerdictPtr& sts, TlsOfMail tls) {
  auto made = std::make_shared<Destination>();
  const std::string_view name = names_.view(domain);
  made->kind = RouteKind::Mx;
  made->site = names_.intern(hosts->site);
  made->limits = plan_->default_limits;
  made->policy = plan_->default_policy;
  TlsSaid& said = made->said;
  said.stream = tls.level;
  if (const auto provider = plan_->providers.find(name, *hosts)) {
    made->provider = plan_->provider_names[*provider];
    made->group = plan_->provider_groups[*provider];
    made->limits = plan_->provider_limits[*provider];
    if (*provider < plan_->provider_timeouts.size()) made->timeouts = plan_->provider_timeouts[*provider];
    if (*provider < plan_->provider_policies.size()) made->policy = plan_->provider_policies[*provider];
    if (*provider < plan_->provider_tls_least.size()) said.provider_least = plan_->provider_tls_least[*provider];
    if (*provider < plan_->provider_tls.size()) said.provider = plan_->provider_tls[*provider];
  } else {
    made->group = names_.intern("site:" + hosts->site);
    made->limits = plan_->site_limits.value_or(plan_->default_limits);
  }
  made->home = made->group;
  made->hosts = std::move(hosts);
  apply_domain_rule(*made, name);
  if (const DomainRule* rule = plan_->find_domain(name)) said.domain = rule->tls;
  made->wish = tls.wish;
  made->domain = domain;
  made->sts = sts;
  made->reports_tls = published_.reports != nullptr && published_.reports->wants(name);
  set_tls(*made, level_of(said));
  return made;
}

void DestinationTable::set_tls(Destination& to, TlsLevel level) {
  to.tls = level;
  const tlspolicy::StsPolicy* policy = to.sts && to.sts->policy ? &to.sts->policy->policy : nullptr;
  to.host_tls = decide_tls({level, to.wish, plan_->tls.dane}, *to.hosts, names_.view(to.domain), policy);
  set_lane(to);
}

DestinationPtr DestinationTable::at_level(const DestinationPtr& to, TlsLevel level) {
  if (to->service && to->service->tls) return to;
  if (std::any_of(to->ports.begin(), to->ports.end(), [](const HostPort& port) { return port.implicit_tls; })) {
    level = std::max(level, TlsLevel::Require);
  }
  if (level == to->tls) return to;
  if (at_level_.size() >= kKeptAtLevel) at_level_.clear();
  AtLevel& known = at_level_[{to.get(), level}];
  if (known.made) return known.made;
  auto made = std::make_shared<Destination>(*to);
  if (made->kind == RouteKind::Mx) {
    set_tls(*made, level);
  } else {
    made->tls = level;
    set_lane(*made);
  }
  known = {to, std::move(made)};
  return known.made;
}

Resolved DestinationTable::make_fixed(model::NameId domain, const Route& route, std::shared_ptr<const dns::Hosts> hosts,
                                      std::vector<HostPort> ports, model::TlsWish wish) {
  auto made = std::make_shared<Destination>();
  made->kind = route.kind;
  made->group = made->home = made->site = names_.intern(route.group());
  made->limits = plan_->default_limits;
  made->policy = plan_->default_policy;
  made->service = route.service;
  if (route.service) made->limits = shaping::filled(route.service->limits, made->limits);
  made->hosts = std::move(hosts);
  made->ports = std::move(ports);
  if (!route.hosts.empty() && route.hosts.front().port == 0) made->unix_path = route.hosts.front().host.substr(5);
  apply_domain_rule(*made, names_.view(domain));
  made->said.stream = route.tls;
  if (const DomainRule* rule = plan_->find_domain(names_.view(domain))) made->said.domain = rule->tls;
  made->wish = wish;
  made->tls = level_of(made->said);
  if (route.service && route.service->tls) made->tls = *route.service->tls;
  const bool implicit =
      std::any_of(made->ports.begin(), made->ports.end(), [](const HostPort& port) { return port.implicit_tls; });
  if (implicit) made->tls = std::max(made->tls, TlsLevel::Require);
  // The operator named these hosts, so the way to them needs no proof.
  if (wish == model::TlsWish::Required && made->kind == RouteKind::Relay && made->unix_path.empty()) {
    made->host_tls.assign(made->hosts->hosts.size(), required_tls());
  }
  set_lane(*made);
  return made;
}

net::Task<dns::Host> DestinationTable::look_up_host(std::string name, std::uint16_t preference) {
  dns::Host host{name, preference, {}, false, false, {}};
  const auto normal = dns::normalize_name(name);
  if (!normal) co_return host;
  std::vector<dns::Question> questions{{*normal, dns::RecordType::A}, {*normal, dns::RecordType::Aaaa}};
  const auto answers = co_await resolver_.lookup_all(shard_, std::move(questions));
  for (std::size_t i = 0; i < answers.size(); ++i) {
    if (!answers[i] || (*answers[i])->status != dns::Status::Found) continue;
    for (const dns::Record& record : (*answers[i])->records) {
      host.addresses.push_back({i == 0 ? dns::Family::V4 : dns::Family::V6, record.value});
    }
  }
  co_return host;
}

net::Task<Resolved> DestinationTable::look_up_fixed(model::NameId domain, Route route, model::TlsWish wish) {
  auto hosts = std::make_shared<dns::Hosts>();
  hosts->site = route.group();
  std::vector<HostPort> ports;
  bool any_address = route.kind == RouteKind::Null;
  for (std::size_t i = 0; i < route.hosts.size(); ++i) {
    const RelayHost& relay = route.hosts[i];
    if (relay.port == 0) {
      any_address = true;
      continue;
    }
    const auto preference = static_cast<std::uint16_t>(i);
    if (const auto address = literal(relay.host)) {
      hosts->hosts.push_back({relay.host, preference, {*address}, false, false, {}});
    } else {
      hosts->hosts.push_back(co_await look_up_host(relay.host, preference));
    }
    ports.push_back({relay.port, relay.implicit_tls});
    any_address = any_address || !hosts->hosts.back().addresses.empty();
  }
  Fixed entry{clock_.now() + kFixedTtlMax, {}};
  if (any_address) {
    entry.resolved = make_fixed(domain, route, std::move(hosts), std::move(ports), wish);
  } else {
    entry.expires = clock_.now() + kFixedFailureTtl;
    entry.resolved = deferred("no address found for " + route.group());
  }
  if (fixed_.size() >= kKept) fixed_.clear();
  fixed_[fixed_key(domain, route, {route.tls, wish})] = entry;
  co_return entry.resolved;
}

PlaceTable::Known DestinationTable::place_of(model::NameId domain, const Stream& stream) {
  const std::string_view name = names_.view(domain);
  const Route& route = route_for(name, stream.route);
  if (route.kind != RouteKind::Mx) {
    if (const model::NameId own = own_group(name)) return {{}, own};
    model::NameId& group = fixed_groups_[&route];
    if (!group) group = names_.intern(route.group());
    return {{}, group};
  }
  if (const auto known = places_.find(domain)) return *known;
  const dns::RoutePtr found = router_.find_cached(name);  // a new plan has forgotten its conclusions only
  if (!found) return {};
  publish(domain, resolve_mx(domain, found, nullptr, {plan_->tls.level, model::TlsWish::Usual}));
  return places_.find(domain).value_or(PlaceTable::Known{});
}

model::NameId DestinationTable::home_of(std::string_view provider, std::string_view site,
                                        std::string_view domain) const {
  if (!provider.empty()) return names_.intern("provider:" + std::string(provider));
  if (const model::NameId own = own_group(domain)) return own;
  return site.empty() ? model::NameId{} : names_.intern("site:" + std::string(site));
}

net::Task<> DestinationTable::learn_place(model::NameId domain) {
  const std::string name(names_.view(domain));
  const dns::RoutePtr found = co_await router_.find(name);
  publish(domain, resolve_mx(domain, found, nullptr, {plan_->tls.level, model::TlsWish::Usual}));
}

void DestinationTable::publish(model::NameId domain, const Resolved& resolved) {
  if (const auto* to = std::get_if<DestinationPtr>(&resolved)) places_.set(domain, {(*to)->provider, (*to)->group});
}

void DestinationTable::forget(model::NameId domain) {
  for (const TlsLevel level : {TlsLevel::None, TlsLevel::Opportunistic, TlsLevel::Require, TlsLevel::Verify}) {
    for (const model::TlsWish wish : {model::TlsWish::Usual, model::TlsWish::Required, model::TlsWish::Optional}) {
      by_domain_.erase(known_key(domain, {level, wish}));
    }
  }
  router_.forget(names_.view(domain));
}

}  // namespace penstock::delivery
