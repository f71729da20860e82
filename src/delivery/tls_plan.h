// SPDX-License-Identifier: Apache-2.0
// TlsLevel and TlsPlan: what TLS is to deliveries. TlsMemory: what a shard learnt of hosts' TLS.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "base/clock.h"
#include "dns/expiring_cache.h"
#include "net/tls_context.h"
#include "net/tls_sessions.h"

namespace penstock::delivery {

enum class TlsLevel : std::uint8_t {
  None,
  Opportunistic,  // used when it works, nothing is verified
  Require,        // no mail without it, nothing is verified
  Verify          // no mail without a certificate that is good for the host's name
};
[[nodiscard]] std::string_view to_string(TlsLevel level);  // as the configuration and events name it: "verify"

// What the operator and provider data say of a delivery by MX, from the widest to the narrowest.
struct TlsSaid {
  TlsLevel stream = TlsLevel::Opportunistic;  // or of all
  TlsLevel provider_least = TlsLevel::None;   // what the provider is known to need
  std::optional<TlsLevel> provider{};
  std::optional<TlsLevel> path{};    // [[path]] that names neither a domain nor a stream
  std::optional<TlsLevel> domain{};  // [[domain]]
  std::optional<TlsLevel> narrow{};  // [[path]] that does
  friend bool operator==(const TlsSaid&, const TlsSaid&) = default;
};
// The narrowest word counts; what is known of a provider only raises that of the stream.
[[nodiscard]] TlsLevel level_of(const TlsSaid& said);

struct TlsPlan {
  TlsLevel level = TlsLevel::Opportunistic;      // where nothing narrower is said
  net::TlsContextPtr context;                    // null: no TLS at all (tests)
  Duration handshake{std::chrono::seconds{20}};  // the whole of it
  Duration clear_for{std::chrono::minutes{30}};  // after a failed handshake, for opportunistic deliveries
  bool mta_sts = true;                           // domains' policies are obeyed
  bool dane = true;                              // what DNS proves of TLSA records is obeyed
};

// Threads: the shard's.   Limits: kKept addresses; net::TlsSessions::kKept sessions.
class TlsMemory {
 public:
  static constexpr std::size_t kKept = 10'000;

  void failed(std::string_view address, Time now, Duration remembered) {
    failed_.put(address, 1, now + remembered, now);
  }
  // A handshake with this address came to nothing lately.
  [[nodiscard]] bool has_failed(std::string_view address, Time now) {
    return failed_.size() != 0 && failed_.find(address, now) != nullptr;
  }
  [[nodiscard]] net::TlsSessions& sessions() { return sessions_; }
  // Another plan may trust others.
  void forget_sessions() { sessions_.clear(); }

 private:
  dns::ExpiringCache<char> failed_{kKept};
  net::TlsSessions sessions_;
};

}  // namespace penstock::delivery
