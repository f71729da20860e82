// SPDX-License-Identifier: Apache-2.0
#include "tlspolicy/tlsa.h"

namespace penstock::tlspolicy {

bool Tlsa::usable() const {
  if ((usage != 2 && usage != 3) || selector > 1 || bytes.empty()) return false;
  switch (matching) {
    case 0: return true;
    case 1: return bytes.size() == 32;  // SHA-256
    case 2: return bytes.size() == 64;  // SHA-512
    default: return false;
  }
}

std::optional<Tlsa> parse_tlsa(std::string_view wire) {
  if (wire.size() < 4) return std::nullopt;
  const auto number = [&](std::size_t at) { return static_cast<std::uint8_t>(wire[at]); };
  return Tlsa{number(0), number(1), number(2), std::string(wire.substr(3))};
}

DaneDecision decide_dane(const TlsaAnswer& answer, std::span<const Tlsa> records) {
  DaneDecision decision;
  if (!answer.address_secure || answer.security == TlsaSecurity::Insecure) return decision;
  if (answer.security != TlsaSecurity::Secure) {
    decision.action = DaneAction::Defer;
    return decision;
  }
  if (records.empty()) return decision;
  for (const Tlsa& record : records) {
    if (record.usable() && decision.usable.size() < DaneDecision::kUsableMax) decision.usable.push_back(record);
  }
  decision.action = decision.usable.empty() ? DaneAction::Encrypt : DaneAction::Require;
  return decision;
}

}  // namespace penstock::tlspolicy
