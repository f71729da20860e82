// SPDX-License-Identifier: Apache-2.0
// Fetcher: gets a domain's policy from https://mta-sts.DOMAIN/.well-known/mta-sts.txt (RFC 8461 §3.3).
//
// Use:  auto got = co_await fetcher.fetch(shard, "example.com");   if (!got) use(got.error().kind, got.error().words);
// The host's certificate must be trusted and name it; redirects are not followed; the answer must be 200, text/plain
// and at most 64 KiB; all of it has FetchOptions::timeout.   Threads: any shard.   Ownership: the resolver outlives it.
// Limits: kAddresses addresses of the host are tried, and only public ones (FetchOptions::private_hosts).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "base/clock.h"
#include "dns/resolver.h"
#include "net/tls_context.h"
#include "tlspolicy/mta_sts.h"

namespace penstock::mtasts {

struct FetchTrouble {
  std::string_view kind;  // as TLS-RPT names it (RFC 8460 §4.3.2): "sts-policy-fetch-error", …
  std::string words;
};
struct Fetched {
  std::string text;
  tlspolicy::StsPolicy policy;
};
using FetchResult = tl::expected<Fetched, FetchTrouble>;

// The seam for tests.
class PolicyHost {
 public:
  virtual ~PolicyHost() = default;
  [[nodiscard]] virtual net::Task<FetchResult> fetch(net::Shard& shard, std::string domain) = 0;
};

struct FetchOptions {
  net::TlsContextPtr tls;
  std::uint16_t port = 443;
  Duration timeout{std::chrono::seconds{20}};
  // Whether hosts at loopback and private addresses are asked. The domain is a stranger's, who may name any address.
  bool private_hosts = false;
};

class Fetcher final : public PolicyHost {
 public:
  static constexpr std::size_t kAddresses = 3;

  Fetcher(dns::Resolver& resolver, FetchOptions options) : resolver_(resolver), options_(std::move(options)) {}
  [[nodiscard]] net::Task<FetchResult> fetch(net::Shard& shard, std::string domain) override;

 private:
  [[nodiscard]] net::Task<FetchResult> ask(net::Shard& shard, std::string host, std::string address);

  dns::Resolver& resolver_;
  const FetchOptions options_;
};

}  // namespace penstock::mtasts
