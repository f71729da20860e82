// SPDX-License-Identifier: Apache-2.0
#include "config/schema.h"

namespace penstock::config {
namespace {

template <class T>
TopTable single(std::string name, T Config::*member, const Section& section, std::string help) {
  TopTable top{std::move(name), std::move(help), false, &section, {}, {}, {}, {}};
  top.make = [member](Config& config) -> void* { return &(config.*member); };
  top.count = [](const Config&) -> std::size_t { return 1; };
  top.at = [member](const Config& config, std::size_t) -> const void* { return &(config.*member); };
  top.label = [](const Config&, std::size_t) { return std::string(); };
  return top;
}

template <class T>
TopTable list(std::string name, std::vector<T> Config::*member, const Section& section, std::string help) {
  TopTable top{std::move(name), std::move(help), true, &section, {}, {}, {}, {}};
  top.make = [member](Config& config) -> void* { return &(config.*member).emplace_back(); };
  top.count = [member](const Config& config) { return (config.*member).size(); };
  top.at = [member](const Config& config, std::size_t i) -> const void* { return &(config.*member)[i]; };
  top.label = [member](const Config& config, std::size_t i) { return (config.*member)[i].name; };
  return top;
}

// A key has no name of its own.
TopTable dkim_keys() {
  TopTable top{"dkim", "A key that signs for a domain.", true, &dkim_section(), {}, {}, {}, {}};
  top.make = [](Config& config) -> void* { return &config.dkim.emplace_back(); };
  top.count = [](const Config& config) { return config.dkim.size(); };
  top.at = [](const Config& config, std::size_t i) -> const void* { return &config.dkim[i]; };
  top.label = [](const Config& config, std::size_t i) { return config.dkim[i].domain + " " + config.dkim[i].selector; };
  return top;
}

// Nor has what is said of some paths.
TopTable path_rules() {
  TopTable top{"path", "Limits of some egress paths.", true, &path_rule_section(), {}, {}, {}, {}};
  top.make = [](Config& config) -> void* { return &config.paths.emplace_back(); };
  top.count = [](const Config& config) { return config.paths.size(); };
  top.at = [](const Config& config, std::size_t i) -> const void* { return &config.paths[i]; };
  top.label = [](const Config&, std::size_t i) { return std::to_string(i + 1); };
  return top;
}

// Neither has a plan, which may be that of many.
TopTable warmups() {
  TopTable top{"warmup", "How a vMTA is brought up to its volume.", true, &warmup_section(), {}, {}, {}, {}};
  top.make = [](Config& config) -> void* { return &config.warmups.emplace_back(); };
  top.count = [](const Config& config) { return config.warmups.size(); };
  top.at = [](const Config& config, std::size_t i) -> const void* { return &config.warmups[i]; };
  top.label = [](const Config&, std::size_t i) { return std::to_string(i + 1); };
  return top;
}

}  // namespace

const std::vector<TopTable>& tables() {
  static const std::vector<TopTable> all{
      single("node", &Config::node, node_section(), "The node itself."),
      single("admin", &Config::admin, admin_section(), "How it is steered and watched."),
      list("listener", &Config::listeners, listener_section(), "Where SMTP comes in, from whom, and how much."),
      single("auth", &Config::auth, auth_section(), "Signing in by SMTP AUTH, for listeners that ask for it."),
      single("pickup", &Config::pickup, pickup_section(), "A folder whose files are sent."),
      single("feedback", &Config::feedback, feedback_section(), "What is done with reports that come back by mail."),
      single("suppression", &Config::suppression, suppression_section(),
             "Who is not mailed any more, for what and for how long."),
      single("unsubscribe", &Config::unsubscribe, unsubscribe_section(), "Where links to unsubscribe are answered."),
      single("headers", &Config::headers, headers_section(),
             "Header fields that are read as labels and removed before sending, and what is added."),
      list("vmta", &Config::vmtas, vmta_section(), "A sending identity: source address and EHLO name."),
      list("pool", &Config::pools, pool_section(), "A weighted set of vMTAs."),
      warmups(),
      dkim_keys(),
      list("stream", &Config::streams, stream_section(), "A class of mail that is kept apart from the others."),
      list("domain", &Config::domains, domain_section(), "Limits and route of one recipients' domain."),
      list("provider", &Config::providers, provider_section(), "A mailbox provider and its limits."),
      list("limit", &Config::limits, limit_section(), "A limit on any tuple of sender and receiver."),
      path_rules(),
      list("action", &Config::actions, action_section(), "What follows from replies about a domain, a campaign, …"),
      single("defaults", &Config::defaults, defaults_section(), "Limits of every egress path."),
      single("timeouts", &Config::timeouts, timeouts_section(), "How long the SMTP client waits."),
      single("client", &Config::client, client_section(), "How the SMTP client speaks."),
      single("preflight", &Config::preflight, preflight_section(), "What `penstock preflight` asks besides."),
      single("classify", &Config::classify, classify_section(), "How receivers' replies are understood."),
      single("providers", &Config::provider_files, provider_files_section(), "What is known of mailbox providers."),
      single("tls", &Config::tls, tls_section(), "How deliveries are encrypted."),
      single("tls_report", &Config::tls_report, tls_report_section(),
             "What domains are told of the TLS of their mail."),
      single("dns", &Config::dns, dns_section(), "Look-ups."),
      single("spool", &Config::spool, spool_section(), "Where accepted mail is kept."),
      single("events", &Config::events, events_section(), "The event log."),
      single("accounting", &Config::accounting, accounting_section(), "Accounting files."),
  };
  return all;
}

}  // namespace penstock::config
