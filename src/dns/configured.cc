// SPDX-License-Identifier: Apache-2.0
#include "dns/configured.h"

#include <chrono>

namespace penstock::dns {

UnboundOptions configured(const config::Dns& from) {
  UnboundOptions options;
  options.upstreams.reserve(from.upstream.size());
  for (const config::Endpoint& server : from.upstream) options.upstreams.push_back(server.to_string());
  options.resolv_conf = from.resolv_conf;
  options.stubs.reserve(from.stub.size());
  for (const config::DnsStub& stub : from.stub) {
    options.stubs.push_back({stub.zone, stub.server.to_string(), stub.dnssec});
  }
  options.trust_anchor_file = from.trust_anchor_file;
  options.timeout = std::chrono::duration_cast<std::chrono::milliseconds>(from.timeout);
  options.cache_bytes = from.cache_bytes;
  return options;
}

}  // namespace penstock::dns
