// SPDX-License-Identifier: Apache-2.0
// Record: an SPF record, read (RFC 7208 §4.5, §4.6, §5, §6, §12).
//
// Use:  if (is_spf_record(text)) { const auto record = parse_record(text); if (!record) … record.error() … }
// The whole record is checked before any of it counts (§4.6). Domain specifications stay macro strings: see macro.h.
// Errors: one sentence that names the term.   Owns its texts.   Pure; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/ip_network.h"
#include "base/units.h"

namespace penstock::spf {

enum class Qualifier : std::uint8_t { Pass, Fail, SoftFail, Neutral };
enum class Mechanism : std::uint8_t { All, Include, A, Mx, Ptr, Ip4, Ip6, Exists };

struct Directive {
  Qualifier qualifier = Qualifier::Pass;
  Mechanism mechanism = Mechanism::All;
  std::string domain;         // domain-spec; "": the domain that is being checked
  IpAddress address;          // of ip4 and ip6
  std::uint8_t prefix4 = 32;  // of a, mx and ip4
  std::uint8_t prefix6 = 128;
  std::string text;  // as written: "-all"
};

struct Record {
  std::vector<Directive> directives;
  std::string redirect;     // domain-spec; "": none
  std::string explanation;  // exp=, domain-spec; "": none
};

// Whether the TXT record is one of version 1 at all (§4.5).
[[nodiscard]] bool is_spf_record(std::string_view text);
// `text` must be one.
[[nodiscard]] Parsed<Record> parse_record(std::string_view text);

// Whether the first `prefix` bits of both are the same; false for addresses of different families.
[[nodiscard]] bool same_network(const IpAddress& one, const IpAddress& other, std::uint8_t prefix);

}  // namespace penstock::spf
