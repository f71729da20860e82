// SPDX-License-Identifier: Apache-2.0
// Record: a DMARC record, read (RFC 7489 §6.3, §6.4).
//
// Unknown tags are passed over; so are values of known ones that cannot be read, which then keep their defaults and are
// told in `problems`, except p, which must be there and good.   Pure; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/units.h"

namespace penstock::dmarc {

enum class Policy : std::uint8_t { None, Quarantine, Reject };
[[nodiscard]] std::string_view to_string(Policy policy);  // "quarantine"

enum class Alignment : std::uint8_t {
  Relaxed,  // the same organisational domain
  Strict    // the same domain
};

struct Record {
  Policy policy = Policy::None;             // p
  std::optional<Policy> subdomains;         // sp; absent: as p
  Alignment dkim = Alignment::Relaxed;      // adkim
  Alignment spf = Alignment::Relaxed;       // aspf
  std::uint32_t percent = 100;              // pct
  std::vector<std::string> aggregate_to{};  // rua: URIs, sizes cut off
  std::vector<std::string> failures_to{};   // ruf
  std::vector<std::string> problems{};      // sentences
};

// Whether a TXT record is meant to be one: its first tag is v=DMARC1.
[[nodiscard]] bool is_dmarc_record(std::string_view text);
// `text` must be one. The error is a sentence.
[[nodiscard]] Parsed<Record> parse_record(std::string_view text);

}  // namespace penstock::dmarc
