// SPDX-License-Identifier: Apache-2.0
// Names: one form for every domain name that is compared, cached or asked for. Pure; any thread.
//
// The form: A-labels (RFC 5890), small letters, no final dot, "" for the root. Bytes of a name from the wire that would
// be misread as text (a dot inside a label, a backslash, a space, anything not printable) stand as \DDD (RFC 1035
// §5.1).
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"

namespace penstock::dns {

// "Bücher.Example." → "xn--bcher-kva.example". One final dot is taken off. Underscores are let pass, for they stand in
// names of TLSA and TXT records. Errors: BadName. Limits: 63 characters a label, 253 in all (RFC 1035 §2.3.4).
[[nodiscard]] Result<std::string> normalize_name(std::string_view name);

// Reads an uncompressed wire name at the start of `wire` and advances past it. Errors: BadName when it is cut short.
[[nodiscard]] Result<std::string> take_wire_name(std::span<const unsigned char>& wire);

// "192.0.2.7" → "7.2.0.192.in-addr.arpa", "2001:db8::1" → "1.0.…ip6.arpa" (RFC 3596 §2.5). Errors: BadName if no
// address.
[[nodiscard]] Result<std::string> reverse_name(std::string_view address);

}  // namespace penstock::dns
