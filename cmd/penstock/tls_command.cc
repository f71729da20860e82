// SPDX-License-Identifier: Apache-2.0
// penstock tls check: looks itself, as a daemon with this configuration would; needs none.
#include <fmt/format.h>

#include <boost/json/array.hpp>
#include <future>

#include "api/time_text.h"
#include "cmd/penstock/cli.h"
#include "cmd/penstock/commands.h"
#include "cmd/penstock/human.h"
#include "config/load.h"
#include "delivery/host_tls.h"
#include "dns/configured.h"
#include "dns/host_finder.h"
#include "dns/name.h"
#include "dns/provider_match.h"
#include "dns/unbound_resolver.h"
#include "mtasts/fetcher.h"
#include "providers/catalog.h"
#include "providers/explain.h"
#include "providers/merge.h"
#include "tlspolicy/report_record.h"
#include "tlspolicy/tlsa.h"

namespace penstock::cli {
namespace {

namespace json = boost::json;

// Everything that was found out about a domain.
struct Found {
  dns::RouteAnswer route;
  bool anchored = false;  // answers are validated
  std::optional<std::string> sts_id;
  std::string sts_trouble;
  std::optional<tlspolicy::StsPolicy> policy;
  std::vector<std::string> report_to;
};

struct Ask {
  std::string domain;                      // normalized
  const config::Stream* stream = nullptr;  // whose mail; of config
  std::shared_ptr<const config::Config> config;
  net::TlsContextPtr tls;
};

net::Task<std::vector<std::string>> texts_of(dns::Resolver& resolver, net::Shard& shard, std::string name) {
  dns::Question question;
  question.name = std::move(name);
  question.type = dns::RecordType::Txt;
  const auto answer = co_await resolver.lookup(shard, std::move(question));
  std::vector<std::string> texts;
  if (answer) {
    for (const dns::Record& record : (*answer)->records) texts.push_back(record.value);
  }
  co_return texts;
}

net::Task<> look(dns::Resolver& resolver, net::Shard& shard, Ask ask, std::promise<Found>& done) {
  Found found;
  found.anchored = !dns::trust_anchor(ask.config->dns).empty();
  const dns::HostFinder finder(resolver, {}, static_cast<std::uint16_t>(ask.config->client.mx_port));
  found.route = co_await finder.find(shard, ask.domain);
  const auto sts = co_await texts_of(resolver, shard, "_mta-sts." + ask.domain);
  found.sts_id = tlspolicy::parse_sts_record(sts);
  if (found.sts_id) {
    mtasts::FetchOptions options;
    options.tls = ask.tls;
    options.port = static_cast<std::uint16_t>(ask.config->tls.mta_sts_port);
    options.private_hosts = ask.config->tls.private_hosts;
    mtasts::Fetcher fetcher(resolver, std::move(options));
    auto fetched = co_await fetcher.fetch(shard, ask.domain);
    if (fetched) {
      found.policy = std::move(fetched->policy);
    } else {
      found.sts_trouble = fetched.error().words;
    }
  }
  const auto reports = co_await texts_of(resolver, shard, "_smtp._tls." + ask.domain);
  for (const tlspolicy::ReportAddress& to : tlspolicy::parse_report_record(reports)) found.report_to.push_back(to.to);
  done.set_value(std::move(found));
}

Got<Found> find_out(const Ask& ask) {
  metrics::Registry registry;
  dns::Probe probe(registry);
  net::ShardSet shards(1);
  dns::UnboundResolver resolver(dns::configured(ask.config->dns), probe);
  if (auto started = resolver.start(); !started) return fail_with(kExitRefused, started.error().to_string());
  std::promise<Found> done;
  auto answer = done.get_future();
  shards[0].spawn("tls check", look(resolver, shards[0], ask, done));
  shards.start();
  Found found = answer.get();
  resolver.stop();
  shards.stop();
  return found;
}

delivery::TlsLevel to_delivery(config::TlsLevel level) {
  switch (level) {
    case config::TlsLevel::None: return delivery::TlsLevel::None;
    case config::TlsLevel::Opportunistic: return delivery::TlsLevel::Opportunistic;
    case config::TlsLevel::Require: return delivery::TlsLevel::Require;
    case config::TlsLevel::Verify: return delivery::TlsLevel::Verify;
  }
  return delivery::TlsLevel::Verify;
}

// What TLS is to be, before anything that the domain publishes.
struct OperatorLevel {
  delivery::TlsLevel level = delivery::TlsLevel::Opportunistic;
  std::string by;  // who says so: "[[stream]] news"
};

Got<OperatorLevel> level_for(const Ask& ask, const Found& found) {
  const config::Config& config = *ask.config;
  auto catalog = providers::Catalog::load(config.provider_files);
  if (!catalog) return fail_with(kExitRefused, catalog.error().to_string());
  const std::vector<config::Provider> all = providers::merge(config.providers, *catalog);
  std::vector<dns::ProviderPatterns> patterns;
  patterns.reserve(all.size());
  for (const config::Provider& one : all) patterns.push_back({one.name, one.mx, one.domains});
  const auto* hosts = std::get_if<dns::Hosts>(&found.route);
  const auto provider = hosts == nullptr ? std::nullopt : dns::ProviderTable(patterns).find(ask.domain, *hosts);
  providers::Question question{.provider = provider ? all[*provider].name : "",
                               .domain = providers::domain_rule(config, ask.domain),
                               .stream = ask.stream,
                               .site = hosts == nullptr || provider ? "" : hosts->site,
                               .name = ask.domain};
  // A [[path]] may say it of single vMTAs: then it is that of the first, and said so.
  std::optional<OperatorLevel> first;
  const config::Pool* pool = config.find_pool(ask.stream->pool);
  for (const config::PoolMember& member : pool == nullptr ? std::vector<config::PoolMember>{} : pool->members) {
    question.vmta = member.vmta;
    const providers::TlsWord word = providers::tls_word(config, *catalog, question);
    if (!first) first = OperatorLevel{to_delivery(word.level), word.row.origin};
    if (to_delivery(word.level) == first->level) continue;
    first->by += fmt::format(" for vMTA {}; vMTA {} has {}, by {}", pool->members.front().vmta, member.vmta,
                             word.row.value, word.row.origin);
    break;
  }
  if (first) return *first;
  const providers::TlsWord word = providers::tls_word(config, *catalog, question);
  return OperatorLevel{to_delivery(word.level), word.row.origin};
}

// Where its mail goes instead of the domain's hosts; "" when it does not.
std::string elsewhere(const Ask& ask) {
  const config::Domain* rule = providers::domain_rule(*ask.config, ask.domain);
  const config::Route& route = rule != nullptr && rule->route ? *rule->route : ask.stream->route;
  return route.kind == config::Route::Kind::Mx ? std::string() : route.to_string();
}

std::string why(const Found& found, const dns::Host& host, const delivery::HostTls& tls) {
  if (!tls.refusal.empty()) return tls.refusal;
  if (tls.policy == "dane") return fmt::format("usable TLSA records of {}: {}", tls.name, tls.tlsa.size());
  if (tls.policy == "dane-unusable") return "none of its TLSA records can be used";
  if (tls.policy == "mta-sts") return "the policy lists it";
  if (tls.policy == "mta-sts-testing") return "the policy is only being tested";
  if (host.tlsa.state == dns::Tlsa::State::Found) return "its TLSA records are not asked for";
  if (!found.anchored) return "DNSSEC is not validated here: there is no trust anchor (dns.trust_anchor_file)";
  return host.secure || host.alias_secure ? "it has no TLSA records" : "DNSSEC does not prove its name and addresses";
}

struct Row {
  std::string host, policy, level, reason;
};

std::vector<Row> rows_of(const Ask& ask, const Found& found, delivery::TlsLevel level) {
  std::vector<Row> rows;
  const auto* hosts = std::get_if<dns::Hosts>(&found.route);
  if (hosts == nullptr) return rows;
  const tlspolicy::StsPolicy* policy = found.policy && ask.config->tls.mta_sts ? &*found.policy : nullptr;
  const auto all =
      delivery::decide_tls({level, model::TlsWish::Usual, ask.config->tls.dane}, *hosts, ask.domain, policy);
  for (std::size_t i = 0; i < hosts->hosts.size(); ++i) {
    const delivery::HostTls one = all.empty() ? delivery::plain_tls(level) : all[i];
    const std::string word = one.refusal.empty() ? std::string(to_string(one.level)) : "no mail";
    rows.push_back({hosts->hosts[i].name, std::string(one.policy), word, why(found, hosts->hosts[i], one)});
  }
  return rows;
}

std::string route_trouble(const Found& found) {
  if (const auto* deferred = std::get_if<dns::Deferred>(&found.route)) return deferred->reason;
  if (const auto* invalid = std::get_if<dns::Invalid>(&found.route)) return invalid->reason;
  return {};
}

void print_json(const Ask& ask, const Found& found, const OperatorLevel& level, const std::vector<Row>& rows) {
  json::object out{{"domain", ask.domain}, {"stream", ask.stream->name}};
  out["level"] = to_string(level.level);
  out["level_by"] = level.by;
  if (const std::string instead = elsewhere(ask); !instead.empty()) out["route"] = instead;
  if (const std::string trouble = route_trouble(found); !trouble.empty()) out["trouble"] = trouble;
  if (found.sts_id) {
    json::object sts{{"id", *found.sts_id}};
    if (!found.sts_trouble.empty()) sts["trouble"] = found.sts_trouble;
    if (found.policy) {
      sts["mode"] = to_string(found.policy->mode);
      sts["max_age"] = std::chrono::duration_cast<std::chrono::seconds>(found.policy->max_age).count();
      json::array hosts;
      for (const std::string& host : found.policy->hosts) hosts.emplace_back(host);
      sts["mx"] = std::move(hosts);
    }
    out["mta_sts"] = std::move(sts);
  }
  json::array reports, hosts;
  for (const std::string& to : found.report_to) reports.emplace_back(to);
  if (!reports.empty()) out["reports_to"] = std::move(reports);
  for (const Row& row : rows) {
    hosts.push_back(json::object{{"host", row.host}, {"tls", row.level}, {"policy", row.policy}, {"why", row.reason}});
  }
  out["hosts"] = std::move(hosts);
  Cli::print_json(out);
}

std::string sts_text(const Found& found) {
  if (!found.sts_id) return "none";
  if (!found.sts_trouble.empty()) return fmt::format("id {}, not fetched: {}", *found.sts_id, found.sts_trouble);
  std::string hosts;
  for (const std::string& host : found.policy->hosts) hosts += (hosts.empty() ? "" : ", ") + host;
  return fmt::format("{} (id {}, for {}) for {}", to_string(found.policy->mode), *found.sts_id,
                     human_span(found.policy->max_age), hosts.empty() ? "no host" : hosts);
}

void print_text(const Ask& ask, const Found& found, const OperatorLevel& level, const std::vector<Row>& rows) {
  Cli::print(printable(ask.domain) + "\n");
  if (const std::string instead = elsewhere(ask); !instead.empty()) {
    Cli::print(fmt::format("  route    {}: mail of stream {} goes there, whatever the domain publishes\n",
                           printable(instead), printable(ask.stream->name)));
  } else {
    Cli::print(fmt::format("  level    {}, as {} says\n", to_string(level.level), printable(level.by)));
  }
  Cli::print("  MTA-STS  " + printable(sts_text(found)) + "\n");
  std::string reports;
  for (const std::string& to : found.report_to) reports += (reports.empty() ? "" : ", ") + to;
  Cli::print("  reports  " + printable(reports.empty() ? "not wanted" : reports) + "\n");
  if (const std::string trouble = route_trouble(found); !trouble.empty()) {
    Cli::print("  hosts    " + printable(trouble) + "\n");
    return;
  }
  Table table({{"HOST"}, {"TLS"}, {"POLICY"}, {"WHY"}});
  for (const Row& row : rows) table.add({row.host, row.level, row.policy, row.reason});
  Cli::print("\n" + table.text());
}

}  // namespace

Ended tls_check(Cli& cli) {
  std::string path = cli.arguments.text("--config");
  if (path.empty()) path = "/etc/penstock/penstock.toml";
  const auto name = dns::normalize_name(cli.arguments.text("DOMAIN"));
  if (!name || name->empty()) return fail_with(kExitUsage, cli.arguments.text("DOMAIN") + " is no domain");
  const config::Loaded loaded = config::load_file(path);
  if (!loaded.config) return fail_with(kExitRefused, path + " has mistakes; penstock check-config tells them");
  auto context = net::TlsContext::client(loaded.config->tls.ca_file);
  if (!context) return fail_with(kExitRefused, context.error().to_string());
  const std::string of =
      cli.arguments.has("--stream") ? cli.arguments.text("--stream") : loaded.config->fallback_stream;
  const config::Stream* stream = loaded.config->find_stream(of);
  if (stream == nullptr) return fail_with(kExitUsage, fmt::format("no stream \"{}\" is configured", of));
  const Ask ask{*name, stream, loaded.config, std::move(*context)};
  const auto found = find_out(ask);
  if (!found) return tl::unexpected<Failure>(found.error());
  const auto level = level_for(ask, *found);
  if (!level) return tl::unexpected<Failure>(level.error());
  const std::vector<Row> rows = rows_of(ask, *found, level->level);
  if (cli.json()) {
    print_json(ask, *found, *level, rows);
  } else {
    print_text(ask, *found, *level, rows);
  }
  const bool any = std::any_of(rows.begin(), rows.end(), [](const Row& row) { return row.level != "no mail"; });
  if (any) return {};
  return tl::unexpected<Failure>(Failure{kExitRefused, "", ""});
}

}  // namespace penstock::cli
