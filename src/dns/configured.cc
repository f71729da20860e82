// SPDX-License-Identifier: Apache-2.0
#include "dns/configured.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>

namespace penstock::dns {

std::string trust_anchor(const config::Dns& from, const std::string& system) {
  if (!from.trust_anchor_file.empty()) return from.trust_anchor_file;
  return ::access(system.c_str(), R_OK) == 0 ? system : std::string();
}

std::string dane_gap(const config::Config& config, const std::string& system) {
  if (!config.tls.dane || !trust_anchor(config.dns, system).empty()) return {};
  const bool asks_mx = std::any_of(config.streams.begin(), config.streams.end(), [](const config::Stream& stream) {
    return stream.route.kind == config::Route::Kind::Mx;
  });
  if (!asks_mx) return {};
  return fmt::format(
      "tls.dane is on, but no TLSA record is obeyed: dns.trust_anchor_file is not set and {} is not there", system);
}

UnboundOptions configured(const config::Dns& from, const std::string& system) {
  UnboundOptions options;
  options.upstreams.reserve(from.upstream.size());
  for (const config::Endpoint& server : from.upstream) options.upstreams.push_back(server.to_string());
  options.resolv_conf = from.resolv_conf;
  options.stubs.reserve(from.stub.size());
  for (const config::DnsStub& stub : from.stub) {
    options.stubs.push_back({stub.zone, stub.server.to_string(), stub.dnssec});
  }
  options.trust_anchor_file = trust_anchor(from, system);
  options.strict_dnssec = !from.trust_anchor_file.empty();
  options.timeout = std::chrono::duration_cast<std::chrono::milliseconds>(from.timeout);
  options.cache_bytes = from.cache_bytes;
  return options;
}

}  // namespace penstock::dns
