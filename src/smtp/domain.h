// SPDX-License-Identifier: Apache-2.0
// Domains, address literals and the names clients give themselves (RFC 5321 §4.1.2, 4.1.3, RFC 1035 §2.3.4).
// Pure; any thread; no allocation.
#pragma once

#include <cstdint>
#include <string_view>

namespace penstock::smtp {

enum class Utf8 : std::uint8_t { Refused, Allowed };  // RFC 6531

// A name of labels: letters, digits, '-' (not at a label's ends) and '_', which the DNS holds and people use; 1–63
// bytes a label, 253 in all, no dot at the end, last label not of digits only (that is an address without brackets).
// With Utf8::Allowed labels may be U-labels: any well-formed UTF-8.
[[nodiscard]] bool is_domain(std::string_view text, Utf8 utf8);

// "[192.0.2.1]" or "[IPv6:2001:db8::1]", the address checked.
[[nodiscard]] bool is_address_literal(std::string_view text);

// What we let a client call itself in EHLO: one word of up to 255 printable characters, without brackets other than
// those of literals, quotes and separators of header fields. Whether it is true is not asked.
[[nodiscard]] bool is_client_name(std::string_view text);

}  // namespace penstock::smtp
