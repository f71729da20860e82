// SPDX-License-Identifier: Apache-2.0
// Macro strings of SPF (RFC 7208 §7): checking their syntax and expanding them.
//
// Pure; any thread.   Cost: some hundred nanoseconds for each macro.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/ip_network.h"

namespace penstock::spf {

enum class MacroUse : std::uint8_t {
  DomainSpec,  // ends in a dot and a top label, or in a macro; c, r and t are not allowed
  Value,       // of an unknown modifier; anything the syntax of macros allows
  Explanation  // the text that exp= names: blanks and c, r and t too
};
// What is wrong with it, in words; "" when it is good. `text` may be empty for Value and Explanation.
[[nodiscard]] std::string check_macros(std::string_view text, MacroUse use);

// What the letters stand for.
struct MacroValues {
  std::string_view sender;        // s; local part and domain
  std::string_view domain;        // d; the one being checked now
  IpAddress address;              // i and c; v is its family
  std::string_view helo;          // h
  std::string_view validated;     // p; "unknown" when there is none
  std::string_view receiver;      // r
  std::int64_t unix_seconds = 0;  // t
};
// `text` has passed check_macros().
[[nodiscard]] std::string expand_macros(std::string_view text, const MacroValues& values);
// A domain-spec: as above, canonical, and cut at the left to at most 253 characters (§7.3).
[[nodiscard]] std::string expand_domain(std::string_view text, const MacroValues& values);
// Whether %{p} is in it, which costs look-ups.
[[nodiscard]] bool needs_validated_name(std::string_view text);

// "192.0.2.1", or the 32 nibbles of an IPv6 address with dots between: as %{i} has it.
[[nodiscard]] std::string dotted_address(const IpAddress& address);

}  // namespace penstock::spf
