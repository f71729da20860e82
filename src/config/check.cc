// SPDX-License-Identifier: Apache-2.0
#include "config/check.h"

#include <algorithm>

#include "base/ascii.h"
#include "config/checker.h"

namespace penstock::config {
namespace {

void check_member(const Config& config, const Pool& pool, std::size_t i, Checker& checker) {
  const Entity entity = Checker::entity("pool", i, pool.name);
  const std::string of = fmt::format("pool \"{}\"", pool.name);
  std::vector<std::string> seen;
  std::uint64_t weight = 0;
  for (const PoolMember& member : pool.members) {
    checker.expect_known(entity, "members", member.vmta, "vmta", Checker::names_of(config.vmtas), of);
    if (std::find(seen.begin(), seen.end(), member.vmta) != seen.end()) {
      checker.error(entity, "members", fmt::format("vmta \"{}\" is twice in {}", member.vmta, of),
                    "add up the weights");
    }
    seen.push_back(member.vmta);
    const Vmta* vmta = config.find_vmta(member.vmta);
    if (vmta == nullptr || vmta->enabled) weight += member.weight;
  }
  if (weight == 0 && checker.given(entity, "members") && checker.good(entity, "members")) {
    checker.error(entity, "members", of + " has no vMTA that takes mail",
                  pool.members.empty() ? "name at least one" : "give one that is enabled a weight above 0");
  }
}

// Two providers with one suffix or domain: which would count is not said anywhere.
void check_providers(const Config& config, Checker& checker) {
  const auto expect_single = [&](const char* key, std::vector<std::string> Provider::*member) {
    std::map<std::string, std::size_t> owner;
    for (std::size_t i = 0; i < config.providers.size(); ++i) {
      const Provider& provider = config.providers[i];
      for (const std::string& one : provider.*member) {
        const auto [earlier, is_new] = owner.try_emplace(one, i);
        if (is_new || earlier->second == i) continue;
        checker.error(
            Checker::entity("provider", i, provider.name), key,
            fmt::format("\"{}\" belongs to provider \"{}\" already", one, config.providers[earlier->second].name));
      }
    }
  };
  expect_single("mx", &Provider::mx);
  expect_single("domains", &Provider::domains);
}

// Receivers count by address: the limits of two paths there would be twice what they take.
void warn_shared_sources(const Config& config, Checker& checker) {
  std::map<std::string, std::string> owner;
  for (std::size_t i = 0; i < config.vmtas.size(); ++i) {
    const Vmta& vmta = config.vmtas[i];
    for (const auto* source : {&vmta.source_v4, &vmta.source_v6}) {
      if (!*source || !vmta.enabled) continue;
      const std::string address = (*source)->to_string();
      const auto [earlier, is_new] = owner.try_emplace(address, vmta.name);
      if (is_new) continue;
      checker.warn(Checker::entity("vmta", i, vmta.name), "source",
                   fmt::format("vmta \"{}\" sends from {} too: what a provider takes from one address is taken for "
                               "each of the two",
                               earlier->second, address),
                   fmt::format("give each an address of its own, or add a [[limit]] with source_ip = \"{}\" and "
                               "provider = \"*\"",
                               address));
    }
  }
}

}  // namespace

// A range that is not in order would silently be another one.
void check_range(const Limits& limits, const Entity& entity, Checker& checker) {
  const auto expect = [&](bool good, const char* lower, const char* upper) {
    if (good) return;
    checker.error(entity, lower, fmt::format("{} must not be above {}", lower, upper),
                  fmt::format("lower {}, or raise {}", lower, upper));
  };
  const auto in_order = [](double low, double high) { return low <= 0 || high <= 0 || low <= high; };
  const auto numbers = [&](std::uint32_t Limits::*low, std::uint32_t Limits::*high) {
    return in_order(limits.*low, limits.*high);
  };
  const auto rates = [&](Rate Limits::*low, Rate Limits::*high) {
    return in_order((limits.*low).per_second(), (limits.*high).per_second());
  };
  expect(numbers(&Limits::connections_floor, &Limits::connections_start), "connections_floor", "connections_start");
  expect(numbers(&Limits::connections_floor, &Limits::connections), "connections_floor", "connections");
  expect(numbers(&Limits::connections_start, &Limits::connections), "connections_start", "connections");
  expect(numbers(&Limits::messages_per_connection_floor, &Limits::messages_per_connection_start),
         "messages_per_connection_floor", "messages_per_connection_start");
  expect(numbers(&Limits::messages_per_connection_floor, &Limits::messages_per_connection),
         "messages_per_connection_floor", "messages_per_connection");
  expect(numbers(&Limits::messages_per_connection_start, &Limits::messages_per_connection),
         "messages_per_connection_start", "messages_per_connection");
  expect(rates(&Limits::message_rate_floor, &Limits::message_rate_start), "message_rate_floor", "message_rate_start");
  expect(rates(&Limits::message_rate_floor, &Limits::message_rate), "message_rate_floor", "message_rate");
  expect(rates(&Limits::message_rate_start, &Limits::message_rate), "message_rate_start", "message_rate");
}

void check_backoff(const Backoff& backoff, const Limits& limits, const Entity& entity, Checker& checker) {
  const auto expect = [&](bool good, const char* key, const char* ceiling, const std::string& value) {
    if (good) return;
    checker.error(entity, fmt::format("backoff.{}", key),
                  fmt::format("backoff.{} must not be above {}, which is {}: back-off mode slows", key, ceiling, value),
                  fmt::format("lower it, or raise {}", ceiling));
  };
  expect(limits.connections == 0 || backoff.connections <= limits.connections, "connections", "connections",
         std::to_string(limits.connections));
  expect(limits.message_rate.count <= 0 || backoff.rate.per_second() <= limits.message_rate.per_second(), "rate",
         "message_rate", format_rate(limits.message_rate));
  if (!backoff.first || !backoff.longest || *backoff.first <= *backoff.longest) return;
  checker.error(entity, checker.given(entity, "backoff.longest") ? "backoff.longest" : "backoff.first",
                "backoff.longest must not be shorter than backoff.first", "lengthen it, or shorten backoff.first");
}

namespace {

void check_tls_report(const Config& config, Checker& checker) {
  const TlsReport& report = config.tls_report;
  const Entity entity{"tls_report", "tls_report"};
  if (report.organization.empty() != report.contact.empty()) {
    checker.error(entity, report.organization.empty() ? "contact" : "organization",
                  "reports are sent only with both organization and contact");
  }
  if (!report.enabled()) return;
  checker.expect_known(entity, "stream", report.stream, "stream", Checker::names_of(config.streams), "[tls_report]");
  const Stream* stream = config.find_stream(report.stream);
  if (stream == nullptr) return;
  const std::string domain = report.contact.substr(report.contact.rfind('@') + 1);
  const bool signs = std::any_of(config.dkim.begin(), config.dkim.end(), [&](const Dkim& key) {
    const bool named = std::any_of(stream->dkim.begin(), stream->dkim.end(), [&](const std::string& signer) {
      return signer == kDkimOfFrom || signer == key.domain;
    });
    return named && key.signs_for(stream->name) && ascii::equal_ignoring_case(key.domain, domain);
  });
  if (signs) return;
  checker.warn(
      entity, "contact",
      fmt::format("no DKIM key signs reports by mail from {}: receivers ignore them (RFC 8460)", domain),
      fmt::format("give stream \"{}\" dkim = \"from\" and declare a [[dkim]] key of {}", stream->name, domain));
}

}  // namespace

void check_delivery(const Config& config, Checker& checker) {
  checker.expect_unique("vmta", config.vmtas);
  checker.expect_unique("pool", config.pools);
  checker.expect_unique("domain", config.domains);
  checker.expect_unique("provider", config.providers);
  for (std::size_t i = 0; i < config.pools.size(); ++i) check_member(config, config.pools[i], i, checker);
  for (std::size_t i = 0; i < config.domains.size(); ++i) {
    const Domain& domain = config.domains[i];
    check_range(domain.limits, Checker::entity("domain", i, domain.name), checker);
    check_backoff(domain.backoff, domain.limits, Checker::entity("domain", i, domain.name), checker);
    if (domain.route || domain.tls || domain.has_path()) continue;
    checker.warn_if_all_good(Checker::entity("domain", i, domain.name),
                             fmt::format("domain \"{}\" is a dead rule: it sets nothing", domain.name));
  }
  warn_shared_sources(config, checker);
  check_providers(config, checker);
  for (std::size_t i = 0; i < config.providers.size(); ++i) {
    const Provider& provider = config.providers[i];
    check_range(provider.limits, Checker::entity("provider", i, provider.name), checker);
    check_backoff(provider.backoff, provider.limits, Checker::entity("provider", i, provider.name), checker);
  }
  check_range(config.defaults.limits, {"defaults", "defaults"}, checker);
  Limits given = config.defaults.limits;  // narrower tables may have more than what is built in
  if (!checker.given({"defaults", ""}, "connections")) given.connections = 0;
  check_backoff(config.defaults.backoff, given, {"defaults", "defaults"}, checker);
  const Trouble& trouble = config.defaults.trouble;
  if (trouble.longest < trouble.first) {
    checker.error({"defaults", "defaults"},
                  checker.given({"defaults", ""}, "trouble.longest") ? "trouble.longest" : "trouble.first",
                  "trouble.longest must not be shorter than trouble.first");
  }
}

void check_node(const Config& config, Checker& checker) {
  check_tls_report(config, checker);
  const Dns& dns = config.dns;
  if (dns.ttl_min > dns.ttl_max) {
    checker.error({"dns", "dns"}, checker.given({"dns", ""}, "ttl_min") ? "ttl_min" : "ttl_max",
                  fmt::format("ttl_min must not be longer than ttl_max, which is {}", format_duration(dns.ttl_max)));
  }
  if (config.events.keep_bytes < 2 * config.events.segment_bytes) {
    checker.error({"events", "events"}, "keep_size",
                  fmt::format("keep_size must be at least twice segment_size, which is {}",
                              format_size(config.events.segment_bytes)));
  }
  std::map<std::string, std::string> zones;
  for (const DnsStub& stub : config.dns.stub) {
    if (!zones.try_emplace(stub.zone, "").second) {
      checker.error({"dns", "dns"}, "stub", fmt::format("zone \"{}\" is twice in stub", stub.zone));
    }
  }
}

void check(const Config& config, const Places& places, Problems& problems) {
  Checker checker(places, problems);
  check_node(config, checker);
  check_intake(config, checker);
  check_delivery(config, checker);
  check_warmup(config, checker);
  check_dkim(config, checker);
  check_streams(config, checker);
  check_routes(config, checker);
  check_limits(config, checker);
  check_path_rules(config, checker);
  check_actions(config, checker);
}

}  // namespace penstock::config
