// SPDX-License-Identifier: Apache-2.0
// Checks of the doors mail comes in by.
#include <algorithm>

#include "config/checker.h"

namespace penstock::config {
namespace {

// Networks wider than these are hardly anybody's own.
constexpr std::uint8_t kWideV4 = 8;
constexpr std::uint8_t kWideV6 = 16;

void check_trust(const Entity& entity, std::string_view key, const std::vector<IpNetwork>& networks,
                 std::string_view danger, Checker& checker) {
  for (const IpNetwork& network : networks) {
    if (network.prefix == 0) {
      checker.error(entity, key,
                    fmt::format("{} must not be the whole internet ({}): {}", key, network.to_string(), danger),
                    "name your own networks, as \"10.0.0.0/8\"");
    } else if (network.prefix < (network.address.v6 ? kWideV6 : kWideV4)) {
      checker.warn(entity, key, fmt::format("{} has the very wide network {}: {}", key, network.to_string(), danger),
                   "name your own networks, as \"10.0.0.0/8\"");
    }
  }
}

bool is_loopback(const Endpoint& endpoint) {
  const auto address = IpAddress::parse(endpoint.host);
  return address && address->is_loopback();
}

void check_listener(const Config& config, std::size_t i, Checker& checker) {
  const Listener& listener = config.listeners[i];
  const Entity entity = Checker::entity("listener", i, listener.name);
  const std::string of = fmt::format("listener \"{}\"", listener.name);
  check_trust(entity, "relay_from", listener.relay_from, "anybody could send through it", checker);
  check_trust(entity, "xclient_from", listener.xclient_from, "anybody could claim any address", checker);
  check_trust(entity, "proxy_from", listener.proxy_from, "anybody could claim any address", checker);
  const bool signs_in = listener.auth != ListenerAuth::Off;
  if (signs_in && listener.tls == ListenerTls::Off && !is_loopback(listener.address)) {
    checker.warn(entity, "auth", fmt::format("nobody but this machine can sign in at {}: it has no TLS", of),
                 "set tls = \"starttls\" with cert_file and key_file");
  }
  if (!signs_in && listener.relay_from.empty() && listener.relay_domains.empty() && listener.report_domains.empty()) {
    checker.warn_if_all_good(entity, of + " takes no mail: it has neither relay_from nor relay_domains nor auth",
                             "add relay_from = [\"127.0.0.0/8\"]");
  }
  checker.expect_known(entity, "stream", listener.stream, "stream", Checker::names_of(config.streams), of);
  if (listener.tls != ListenerTls::Off && (listener.tls_cert_file.empty() || listener.tls_key_file.empty())) {
    checker.error(entity, "tls", "tls of " + of + " needs cert_file and key_file", "name both, or write tls = \"off\"");
  }
  if (listener.tls == ListenerTls::Implicit && !listener.proxy_from.empty()) {
    checker.error(entity, "proxy_from", of + " cannot take the PROXY protocol before implicit TLS",
                  "use tls = \"starttls\"");
  }
  if (listener.max_message_bytes >= config.spool.segment_bytes) {
    checker.error(entity, "max_message_size",
                  fmt::format("max_message_size of {} must be less than spool.segment_size, which is {}", of,
                              format_size(config.spool.segment_bytes)));
  }
  if (listener.max_connections_per_address > listener.max_connections) {
    checker.warn(
        entity, "max_connections_per_address",
        fmt::format("max_connections_per_address is more than max_connections, which is {}", listener.max_connections));
  }
}

}  // namespace

void check_intake(const Config& config, Checker& checker) {
  checker.expect_unique("listener", config.listeners);
  std::map<std::string, std::size_t> addresses;
  for (std::size_t i = 0; i < config.listeners.size(); ++i) {
    const Listener& listener = config.listeners[i];
    const auto [earlier, is_new] = addresses.try_emplace(listener.address.to_string(), i);
    // Two without a name of their own are complained about by name.
    if (!is_new && checker.good(Checker::entity("listener", i, ""), "address") &&
        listener.name != config.listeners[earlier->second].name) {
      checker.error(Checker::entity("listener", i, listener.name), "address",
                    fmt::format("{} is taken by listener \"{}\"", listener.address.to_string(),
                                config.listeners[earlier->second].name));
    }
    check_listener(config, i, checker);
  }
  if (config.listeners.empty() && !config.pickup.enabled()) {
    checker.warn_if_all_good({"", ""}, "no mail can come in: there is neither a [[listener]] nor a [pickup] folder",
                             "add [[listener]] with address = \"127.0.0.1:2525\" and relay_from = [\"127.0.0.0/8\"]");
  }
  const Entity unsubscribe{"unsubscribe", "unsubscribe"};
  if (config.unsubscribe.tls_cert_file.empty() != config.unsubscribe.tls_key_file.empty()) {
    checker.error(unsubscribe, config.unsubscribe.tls_cert_file.empty() ? "key_file" : "cert_file",
                  "[unsubscribe] needs both cert_file and key_file, or neither", "name both");
  }
  check_trust(unsubscribe, "proxy_from", config.unsubscribe.proxy_from, "anybody could claim any address", checker);
  const Entity pickup{"pickup", "pickup"};
  checker.expect_known(pickup, "stream", config.pickup.stream, "stream", Checker::names_of(config.streams), "[pickup]");
  if (config.pickup.enabled() && config.pickup.max_message_bytes >= config.spool.segment_bytes) {
    checker.error(pickup, "max_message_size",
                  fmt::format("max_message_size must be less than spool.segment_size, which is {}",
                              format_size(config.spool.segment_bytes)));
  }
}

}  // namespace penstock::config
