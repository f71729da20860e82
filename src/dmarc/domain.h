// SPDX-License-Identifier: Apache-2.0
// Organisational domains and alignment (RFC 7489 §3.1, §3.2), by the list of public suffixes built into libpsl.
//
// Names: small letters, A-labels, no final dot.   Pure; any thread.   Cost: about a microsecond.
#pragma once

#include <string>
#include <string_view>

#include "dmarc/record.h"

namespace penstock::dmarc {

// "example.co.uk" of "mail.example.co.uk". The name itself when it is a public suffix or has one label.
[[nodiscard]] std::string organizational_domain(std::string_view name);

// Whether a domain that DKIM or SPF has authenticated speaks for that of the From field.
[[nodiscard]] bool is_aligned(std::string_view authenticated, std::string_view from, Alignment mode);

}  // namespace penstock::dmarc
