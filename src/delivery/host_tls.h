// SPDX-License-Identifier: Apache-2.0
// HostTls: what TLS is to deliveries of one recipient domain to one of its hosts, after what the sender wishes, what
// the operator says and what the domain publishes (DANE, RFC 7672; MTA-STS, RFC 8461; REQUIRETLS, RFC 8689).
//
// Use:  const auto per_host = decide_tls({level, wish, dane}, *hosts, "example.com", policy);   // empty: `level` for
// all
//       lane = lane_of(per_host);
// Rules, in order:
//   level none, or the message says TLS-Required: No     nothing published is asked
//   DANE usable          the certificate must match a TLSA record; MTA-STS is not asked further (RFC 8461 §2)
//   DANE cannot be known the host gets no mail now: an attacker could have taken it away
//   DANE unusable        TLS without verification, unless MTA-STS or the operator wants more
//   MTA-STS enforce      a host the policy does not list gets no mail; else a trusted certificate for its name
//   MTA-STS testing      as without, only told
// What an operator asks for (require, verify) is never lowered.
// Pure.   Threads: values; policy names have static storage.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "delivery/tls_plan.h"
#include "dns/hosts.h"
#include "model/envelope.h"
#include "net/tls_channel.h"
#include "tlspolicy/mta_sts.h"

namespace penstock::delivery {

struct HostTls {
  TlsLevel level = TlsLevel::Opportunistic;
  std::string_view policy = "opportunistic";  // as events name it
  std::string name;                           // the certificate's and SNI's; "": the host's
  std::vector<std::string> more_names;        // that are as good
  std::vector<net::TlsaData> tlsa;            // not empty: the certificate must match one
  std::string refusal;                        // not empty: no mail to this host now, and why
  std::string_view refusal_kind;              // as TLS-RPT names it (RFC 8460 §4.3), with a refusal
  bool announces_require_tls = false;         // the host must offer REQUIRETLS
};

struct TlsAsked {
  TlsLevel level = TlsLevel::Opportunistic;
  model::TlsWish wish = model::TlsWish::Usual;
  bool dane = true;
};

// By index of hosts.hosts; empty when every host is to be treated as `asked.level` says. `policy`: nullptr when the
// domain has none in force.
[[nodiscard]] std::vector<HostTls> decide_tls(const TlsAsked& asked, const dns::Hosts& hosts, std::string_view domain,
                                              const tlspolicy::StsPolicy* policy);
// Of a host that needs no proof, for a message with REQUIRETLS.
[[nodiscard]] HostTls required_tls();
// The level for all hosts where nothing is published.
[[nodiscard]] HostTls plain_tls(TlsLevel level);
// The same for two domains on the same hosts only when the very same is asked of each host, so that connections may be
// shared. 32 characters.
[[nodiscard]] std::string lane_of(const std::vector<HostTls>& per_host);

}  // namespace penstock::delivery
