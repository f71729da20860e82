// SPDX-License-Identifier: Apache-2.0
// Limits: the bounds an operator puts on one scope (an egress path, a provider, a domain, a vMTA, any LimitKey).
//
// Zero, or a Rate with count 0, means "no limit set here"; another scope may still set one. Where a floor or a start is
// given, that limit is a range and adaptive: it moves between floor and ceiling (the field without a suffix) as the
// receiver's answers say. Otherwise it stands still, but for messages_per_connection, which a receiver that ends
// connections always brings down. Plain values; any thread.
// transaction_rate and byte_rate are set by [[limit]] only.
#pragma once

#include <cstdint>

#include "base/units.h"

namespace penstock::shaping {

struct Limits {
  std::uint32_t connections = 0;              // open at the same time, including those being opened
  Rate connection_rate{};                     // new connections per span, tried ones included
  std::uint32_t messages_per_connection = 0;  // transactions, then the connection is closed with QUIT
  Rate message_rate{};                       // recipients attempted per span: a receiver counts those, not transactions
  std::uint32_t recipients_per_message = 0;  // RCPT commands in one transaction
  Rate transaction_rate{};                   // messages as the receiver's logs count them: MAIL commands per span
  Rate byte_rate{};                          // of message bodies per span

  std::uint32_t connections_floor = 0;
  std::uint32_t connections_start = 0;
  Rate message_rate_floor{};
  Rate message_rate_start{};
  std::uint32_t messages_per_connection_floor = 0;  // see MessageCap
  std::uint32_t messages_per_connection_start = 0;

  [[nodiscard]] bool adaptive_connections() const { return connections_floor != 0 || connections_start != 0; }
  [[nodiscard]] bool adaptive_rate() const { return message_rate_floor.count > 0 || message_rate_start.count > 0; }
  bool operator==(const Limits&) const = default;
};

// The stricter of the two in each field; an unset field takes the other's value.
[[nodiscard]] Limits stricter(const Limits& a, const Limits& b);

// `narrow`, and where it says nothing, `wide`. A floor or start from `wide` above the ceiling is brought down to it:
// who lowers a ceiling means all of the range.
[[nodiscard]] Limits filled(const Limits& narrow, const Limits& wide);

}  // namespace penstock::shaping
