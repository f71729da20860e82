// SPDX-License-Identifier: Apache-2.0
// TLSA records (RFC 6698) and what they ask of a delivery (DANE for SMTP, RFC 7672). The handshake itself compares.
//
// Use:  const DaneDecision dane = decide_dane({TlsaSecurity::Secure, true}, records);
//       Require: TLS, and the certificate must match one of dane.usable.
//       Encrypt: TLS without verification (§2.2: secure records none of which can be used).
//       None:    as if there was no DANE.        Defer: no mail to this host now.
// Pure.   Limits: kUsableMax records of a host.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace penstock::tlspolicy {

struct Tlsa {
  std::uint8_t usage = 0, selector = 0, matching = 0;
  std::string bytes;  // digest, or the certificate or key itself
  // RFC 7672 §3.1: usages 2 and 3, selectors 0 and 1, matching 0 to 2 with a digest of the right length.
  [[nodiscard]] bool usable() const;
  friend bool operator==(const Tlsa&, const Tlsa&) = default;
};

// The record's data as on the wire (RFC 6698 §2.1); nothing when it is too short to be one.
[[nodiscard]] std::optional<Tlsa> parse_tlsa(std::string_view wire);

// What the look-up of a host's TLSA records came to.
enum class TlsaSecurity : std::uint8_t {
  Secure,    // DNSSEC proves the answer, also that there is none
  Insecure,  // the zone is not signed
  Bogus,     // signed and wrong
  Failed     // no answer
};
struct TlsaAnswer {
  TlsaSecurity security = TlsaSecurity::Failed;
  // DNSSEC proves the host's addresses, or that its name is an alias, and the MX records that name it.
  bool address_secure = false;
};

enum class DaneAction : std::uint8_t { None, Encrypt, Require, Defer };
struct DaneDecision {
  static constexpr std::size_t kUsableMax = 64;
  DaneAction action = DaneAction::None;
  std::vector<Tlsa> usable;  // Require: at least one
};
// §2.2: an answer of TLSA records counts only where MX and addresses are secure; then a look-up that fails or is bogus
// forbids the host, or an attacker could take DANE away.
[[nodiscard]] DaneDecision decide_dane(const TlsaAnswer& answer, std::span<const Tlsa> records);

}  // namespace penstock::tlspolicy
