// SPDX-License-Identifier: Apache-2.0
// How the [dns] table says to ask: one reading of it for the daemon and for the commands that look things up.
#pragma once

#include <string>

#include "config/config.h"
#include "dns/unbound_resolver.h"

namespace penstock::dns {

// Where Debian's package dns-root-data keeps the keys of the root.
inline constexpr const char* kSystemAnchor = "/usr/share/dns/root.key";

// The keys that answers are validated from: [dns] trust_anchor_file, else `system` if it can be read; "": nothing is
// validated.   Looks for the file.   Any thread.
[[nodiscard]] std::string trust_anchor(const config::Dns& from, const std::string& system = kSystemAnchor);

// Servers, stub zones, trust anchor, time-out and cache of `from`. The system's anchor does not make a resolver
// useless that takes signatures out of answers: those count as unsigned then, as without an anchor.   Any thread.
[[nodiscard]] UnboundOptions configured(const config::Dns& from, const std::string& system = kSystemAnchor);

// Why no TLSA record will be obeyed though [tls] dane asks for it and mail goes to MX hosts; "" when they will be.
[[nodiscard]] std::string dane_gap(const config::Config& config, const std::string& system = kSystemAnchor);
// What to do about it.
inline constexpr const char* kDaneMend = "install dns-root-data, or set dns.trust_anchor_file; or say tls.dane = false";

}  // namespace penstock::dns
