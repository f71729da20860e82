// SPDX-License-Identifier: Apache-2.0
#include "delivery/make_plan.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/ascii.h"
#include "delivery/config_lint.h"
#include "delivery/dkim_plan.h"
#include "delivery/own_rules.h"
#include "delivery/own_values.h"
#include "dns/configured.h"
#include "net/stream.h"
#include "providers/merge.h"
#include "queue/zone_rules.h"

namespace penstock::delivery {
namespace {

shaping::Limits limits_of(const config::Limits& from) {
  return {.connections = from.connections,
          .connection_rate = from.connection_rate,
          .messages_per_connection = from.messages_per_connection,
          .message_rate = from.message_rate,
          .recipients_per_message = from.recipients_per_message,
          .connections_floor = from.connections_floor,
          .connections_start = from.connections_start,
          .message_rate_floor = from.message_rate_floor,
          .message_rate_start = from.message_rate_start,
          .messages_per_connection_floor = from.messages_per_connection_floor,
          .messages_per_connection_start = from.messages_per_connection_start};
}

std::optional<TlsLevel> tls_of(const std::optional<config::TlsLevel>& from);

Result<Route> route_of(const config::Route& from) {
  Route route;
  auto service = make_relay_service(from, limits_of(from.limits), tls_of(from.tls));
  if (!service) return fail(service.error());
  route.service = std::move(*service);
  switch (from.kind) {
    case config::Route::Kind::Mx: route.kind = RouteKind::Mx; break;
    case config::Route::Kind::Relay: route.kind = RouteKind::Relay; break;
    case config::Route::Kind::Lmtp: route.kind = RouteKind::Lmtp; break;
    case config::Route::Kind::Null: route.kind = RouteKind::Null; break;
  }
  for (const config::Endpoint& host : from.hosts) {
    if (host.unix_path.empty()) {
      route.hosts.push_back({host.host, host.port, from.is_implicit_tls(host)});
    } else {
      route.hosts.push_back({"unix:" + host.unix_path, 0});
    }
  }
  return route;
}

TlsLevel tls_of(config::TlsLevel from) {
  switch (from) {
    case config::TlsLevel::None: return TlsLevel::None;
    case config::TlsLevel::Opportunistic: return TlsLevel::Opportunistic;
    case config::TlsLevel::Require: return TlsLevel::Require;
    case config::TlsLevel::Verify: return TlsLevel::Verify;
  }
  return TlsLevel::Verify;
}

std::optional<TlsLevel> tls_of(const std::optional<config::TlsLevel>& from) {
  return from ? std::optional(tls_of(*from)) : std::nullopt;
}

queue::Priority priority_of(config::Priority from) {
  switch (from) {
    case config::Priority::Urgent: return queue::Priority::Urgent;
    case config::Priority::Normal: return queue::Priority::Normal;
    case config::Priority::Bulk: return queue::Priority::Bulk;
  }
  return queue::Priority::Normal;
}

queue::RetryPlan retry_of(const config::Retry& from) {
  queue::RetryPlan plan;
  if (from.schedule.empty()) {
    plan.waits = queue::RetryGrowth{from.first, from.factor, from.cap};
  } else {
    plan.waits = queue::RetrySchedule{from.schedule};
  }
  plan.jitter = from.jitter;
  plan.expire = from.expire;
  return plan;
}

class Builder {
 public:
  Builder(const config::Config& config, model::NameTable& names) : config_(config), names_(names) {}

  Result<MadePlan> build() {
    plan_->node = config_.node.name;
    if (auto added = add_tls(); !added) return fail(added.error());
    add_try_limits();
    add_vmtas();
    add_pools();
    if (auto added = add_streams(); !added) return fail(added.error());
    add_limits();
    add_timeouts();
    if (auto added = add_providers(); !added) return fail(added.error());
    if (auto added = add_domains(); !added) return fail(added.error());
    add_limit_rules();
    add_path_rules();
    add_action_rules();
    if (auto added = add_classifier(); !added) return fail(added.error());
    if (auto added = add_dkim(); !added) return fail(added.error());
    if (std::string gap = dns::dane_gap(config_); !gap.empty()) warnings_.push_back({"DANE", gap, dns::kDaneMend});
    add_findings();
    return MadePlan{plan_, std::move(warnings_)};
  }

 private:
  void add_vmtas() {
    for (const config::Vmta& from : config_.vmtas) {
      Vmta vmta;
      vmta.name = names_.intern(from.name);
      vmta.text = from.name;
      vmta.ehlo = from.ehlo;
      vmta.usable = from.enabled;
      if (from.source_v4) vmta.source_v4 = usable_source(from.name, from.source_v4->to_string());
      if (from.source_v6) vmta.source_v6 = usable_source(from.name, from.source_v6->to_string());
      const bool wanted = from.source_v4 || from.source_v6;
      if (wanted && vmta.source_v4.empty() && vmta.source_v6.empty()) vmta.usable = false;
      plan_->vmta_by_name.emplace(vmta.name.value, static_cast<std::uint32_t>(plan_->vmtas.size()));
      plan_->vmtas.push_back(std::move(vmta));
    }
  }

  std::string usable_source(const std::string& vmta, const std::string& address) {
    if (net::address_is_local(address)) return address;
    warnings_.push_back({"vmta " + vmta, fmt::format("address {} is not on this machine; it is left out", address),
                         fmt::format("add it to an interface (ip address add {} dev …) and reload", address)});
    return {};
  }

  void add_pools() {
    for (const config::Pool& from : config_.pools) {
      Pool pool{from.name, {}, names_.intern(from.name), from.move_when_listed};
      for (const config::PoolMember& member : from.members) {
        const auto found = plan_->vmta_by_name.find(names_.intern(member.vmta).value);
        if (found != plan_->vmta_by_name.end()) pool.members.push_back({found->second, member.weight});
      }
      plan_->pool_by_name.emplace(names_.intern(from.name).value, static_cast<std::uint32_t>(plan_->pools.size()));
      plan_->pools.push_back(std::move(pool));
    }
  }

  Result<> add_streams() {
    for (const config::Stream& from : config_.streams) {
      Stream stream;
      stream.name = from.name;
      stream.id = names_.intern(from.name);
      const auto pool = std::find_if(config_.pools.begin(), config_.pools.end(),
                                     [&](const config::Pool& other) { return other.name == from.pool; });
      stream.pool = static_cast<std::uint32_t>(pool - config_.pools.begin());
      stream.priority = priority_of(from.priority);
      stream.retry = retry_of(from.retry);
      if (!from.window.always()) {
        auto window = window_of(from.window);
        if (!window) return fail(window.error().code, fmt::format("stream {}: {}", from.name, window.error().detail));
        stream.window = std::move(*window);
      }
      stream.dsn.enabled = from.dsn == config::DsnPolicy::On;
      if (from.dsn_delay_after != Duration::zero()) stream.dsn.delay = from.dsn_delay_after;
      stream.dsn.sender = from.dsn_sender;
      stream.dsn.stream = from.dsn_stream.empty() ? config_.fallback_stream : from.dsn_stream;
      auto route = route_of(from.route);
      if (!route) return fail(route.error().code, fmt::format("stream {}: {}", from.name, route.error().detail));
      stream.route = std::move(*route);
      stream.route.tls = tls_of(from.tls).value_or(plan_->tls.level);
      // A link to unsubscribe is one recipient's, and so is a reference.
      const bool refers = from.reference_header || !from.return_path.empty();
      const bool own_copy = refers || from.unsubscribe.add != config::UnsubscribeAdd::Off;
      stream.recipients_per_message = own_copy ? 1 : from.recipients_per_message;
      stream.dkim = from.dkim;
      const auto index = static_cast<std::uint32_t>(plan_->streams.size());
      plan_->stream_by_name.emplace(names_.intern(from.name).value, index);
      if (from.name == config_.fallback_stream) plan_->default_stream = index;
      plan_->streams.push_back(std::move(stream));
    }
    return {};
  }

  static Result<queue::DeliveryWindow> window_of(const config::Window& from) {
    auto zone = queue::load_zone(from.zone);
    if (!zone) return fail(zone.error());
    return queue::DeliveryWindow::make(from.days.empty() ? "mon-sun" : from.days,
                                       from.hours.empty() ? "00:00-24:00" : from.hours, std::move(*zone));
  }

  void add_try_limits() {
    for (const config::SuppressionClass& given : config_.suppression.bounce) {
      const auto outcome_class = model::parse_outcome_class(given.name);
      if (!outcome_class) continue;  // the loader knows the names
      TryLimit limit = plan_->try_limits.of(*outcome_class);
      if (given.tries > 0) limit.tries = given.tries;
      if (given.within > Duration::zero()) limit.within = given.within;
      plan_->try_limits.set(*outcome_class, limit);
    }
  }

  Result<> add_tls() {
    auto context = net::TlsContext::client(config_.tls.ca_file);
    if (!context) return fail(context.error());
    // What listeners need is looked at here too, so that no plan is made that they could not serve.
    for (const config::Listener& listener : config_.listeners) {
      if (listener.tls == config::ListenerTls::Off) continue;
      const auto good =
          net::TlsContext::server({listener.tls_cert_file, listener.tls_key_file, listener.client_ca_file});
      if (!good) return fail(good.error().code, fmt::format("listener {}: {}", listener.name, good.error().detail));
    }
    plan_->tls = {tls_of(config_.tls.delivery), std::move(*context), config_.tls.handshake_timeout,
                  config_.tls.clear_for,        config_.tls.mta_sts, config_.tls.dane};
    return {};
  }

  Result<> add_dkim() {
    if (config_.dkim.empty()) return {};
    auto keys = DkimPlan::load(config_.dkim);
    if (!keys) return fail(keys.error());
    plan_->dkim = std::move(*keys);
    return {};
  }

  Result<> add_classifier() {
    auto loaded = classify::Classifier::load(config_.classify.rules);
    if (!loaded) return fail(loaded.error());
    plan_->classifier = std::move(*loaded);
    return {};
  }

  // What check-config would refuse; here mail goes on, and somebody is told.
  void add_findings() {
    for (const config::Problem& found : lint_config(config_)) {
      const std::string at = found.line == 0 ? found.file : fmt::format("{}:{}", found.file, found.line);
      warnings_.push_back({found.key, fmt::format("{}: {}", at, found.message), found.suggestion});
    }
  }

  void add_limits() {
    plan_->default_limits = limits_of(config_.defaults.limits);
    plan_->site_limits = shaping::filled(plan_->default_limits, limits_of(providers::unknown_site_limits()));
    const config::Trouble& from = config_.defaults.trouble;
    plan_->trouble = {from.failures, from.first, from.growth, from.longest, from.jitter, from.ramp_limit};
    plan_->default_policy = with(nullptr, config_.defaults.backoff);
    plan_->nxdomain_confirmations = config_.dns.nxdomain_confirmations;
  }

  void add_limit_rules() {
    using shaping::Dimension;
    if (config_.limits.empty()) return;
    auto rules = std::make_shared<std::vector<shaping::LimitRule>>();
    for (const config::Limit& from : config_.limits) {
      shaping::LimitRule rule;
      rule.name = from.name;
      const std::pair<Dimension, const std::string*> places[] = {
          {Dimension::Vmta, &from.vmta},
          {Dimension::SourceIp, &from.source_ip},
          {Dimension::Pool, &from.pool},
          {Dimension::Stream, &from.stream},
          {Dimension::Tenant, &from.tenant},
          {Dimension::Campaign, &from.campaign},
          {Dimension::SenderDomain, &from.sender_domain},
          {Dimension::DkimDomain, &from.dkim_domain},
          {Dimension::Provider, &from.provider},
          {Dimension::Site, &from.site},
          {Dimension::MxHost, &from.mx_host},
          {Dimension::RemoteIp, &from.remote_ip},
      };
      for (const auto& [which, text] : places) {
        const bool is_domain = which == Dimension::SenderDomain || which == Dimension::DkimDomain;
        if (*text == "*") rule.per.add(which);
        if (!text->empty() && *text != "*") rule.match[which] = names_.intern(is_domain ? ascii::lower(*text) : *text);
      }
      rule.limits.connections = from.connections;
      rule.limits.connection_rate = from.connection_rate;
      rule.limits.messages_per_connection = from.messages_per_connection;
      rule.limits.message_rate = from.message_rate;
      rule.limits.transaction_rate = from.transaction_rate;
      rule.limits.byte_rate = from.byte_rate;
      rules->push_back(std::move(rule));
    }
    plan_->limit_rules = std::move(rules);
  }

  void add_path_rules() {
    for (const config::PathRule& from : config_.paths) {
      PathRule rule;
      if (!from.pool.empty()) {
        const auto pool = plan_->pool_by_name.find(names_.intern(from.pool).value);
        rule.vmtas.emplace();
        if (pool != plan_->pool_by_name.end()) {
          for (const PoolMember& member : plan_->pools[pool->second].members) {
            rule.vmtas->push_back(plan_->vmtas[member.vmta].name);
          }
        }
      }
      if (!from.vmta.empty()) {
        const model::NameId vmta = names_.intern(from.vmta);
        const bool fits = !rule.vmtas || std::find(rule.vmtas->begin(), rule.vmtas->end(), vmta) != rule.vmtas->end();
        rule.vmtas = fits ? std::vector{vmta} : std::vector<model::NameId>{};
      }
      if (!from.provider.empty()) rule.provider = names_.intern(from.provider);
      if (!from.site.empty()) rule.site = names_.intern(from.site);
      rule.domain = from.domain;
      if (!from.stream.empty()) rule.stream = names_.intern(from.stream);
      rule.limits = limits_of(from.limits);
      rule.tls = tls_of(from.tls);
      rule.timeouts = from.timeouts;
      rule.backoff = from.backoff;
      const bool says_more = rule.timeouts != config::OwnTimeouts{} || rule.backoff != config::Backoff{};
      plan_->paths_say_more = plan_->paths_say_more || says_more;
      plan_->paths_say_tls = plan_->paths_say_tls || rule.tls.has_value();
      plan_->streams_have_paths = plan_->streams_have_paths || (rule.stream && rule.needs_path());
      if (!from.domain.empty() && rule.needs_path()) give_path(from.domain);
      plan_->path_rules.push_back(std::move(rule));
    }
  }

  // A domain that a [[path]] speaks of is not served by its provider's path.
  void give_path(const std::string& domain) {
    const bool below = domain.starts_with("*.");
    auto& rules = below ? plan_->suffixes : plan_->domains;
    const std::string name = below ? domain.substr(2) : domain;
    if (!rules.contains(name)) {
      const DomainRule* wider = plan_->find_domain(name);
      const DomainRule copy = wider == nullptr ? DomainRule{} : *wider;
      rules.emplace(name, copy);
    }
    if (!rules[name].limits) rules[name].limits = shaping::Limits{};
  }

  void add_action_rules() {
    plan_->action_rules = std::make_shared<const std::vector<shaping::ActionRule>>(action_rules_of(config_.actions));
  }

  Result<> add_providers() {
    auto catalog = providers::Catalog::load(config_.provider_files);
    if (!catalog) return fail(catalog.error());
    std::vector<dns::ProviderPatterns> patterns;
    for (const config::Provider& from : providers::merge(config_.providers, *catalog)) {
      patterns.push_back({from.name, from.mx, from.domains});
      plan_->provider_names.push_back(names_.intern(from.name));
      plan_->provider_groups.push_back(names_.intern("provider:" + from.name));
      plan_->provider_tls.push_back(tls_of(from.tls));
      const providers::ProviderData* known = catalog->find(from.name);
      plan_->provider_tls_least.push_back(known && known->tls ? tls_of(*known->tls) : TlsLevel::None);
      plan_->provider_timeouts.push_back(with(nullptr, from.timeouts, plan_->timeouts));
      plan_->provider_policies.push_back(with(plan_->default_policy, from.backoff));
      plan_->provider_limits.push_back(shaping::filled(limits_of(from.limits), plan_->default_limits));
    }
    plan_->providers = dns::ProviderTable(std::move(patterns));
    for (const std::string& conflict : plan_->providers.conflicts()) {
      warnings_.push_back({"providers", conflict, "leave it with one of them"});
    }
    plan_->provider_data = std::make_shared<const providers::Catalog>(std::move(*catalog));
    return {};
  }

  Result<> add_domains() {
    for (const config::Domain& from : config_.domains) {
      DomainRule rule;
      if (from.has_path()) rule.limits = limits_of(from.limits);
      rule.timeouts = from.timeouts;
      rule.backoff = from.backoff;
      if (from.route) {
        auto route = route_of(*from.route);
        if (!route) return fail(route.error().code, fmt::format("domain {}: {}", from.name, route.error().detail));
        rule.route = std::move(*route);
      }
      rule.tls = tls_of(from.tls);
      if (from.name.starts_with("*.")) {
        plan_->suffixes.emplace(from.name.substr(2), std::move(rule));
      } else {
        plan_->domains.emplace(from.name, std::move(rule));
      }
    }
    return {};
  }

  void add_timeouts() {
    const config::Timeouts& from = config_.timeouts;
    plan_->timeouts = {from.connect,    from.banner,      from.ehlo, from.mail, from.rcpt, from.data,
                       from.data_block, from.end_of_data, from.rset, from.quit, from.idle};
    const config::Client& client = config_.client;
    plan_->mx_port = static_cast<std::uint16_t>(client.mx_port);
    plan_->eight_bit = client.eight_bit;
    plan_->pipelining = client.pipelining;
    plan_->chunking = client.chunking;
    plan_->targets_max = client.addresses_per_try;
    plan_->connections_max = client.max_connections;
  }

  const config::Config& config_;
  model::NameTable& names_;
  std::shared_ptr<Plan> plan_ = std::make_shared<Plan>();
  std::vector<PlanWarning> warnings_;
};

}  // namespace

Result<MadePlan> make_plan(const config::Config& config, model::NameTable& names) {
  return Builder(config, names).build();
}

}  // namespace penstock::delivery
