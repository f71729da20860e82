// SPDX-License-Identifier: Apache-2.0
// Limits: the static bounds an operator puts on one scope (an egress path, a provider, a domain, a vMTA).
//
// Zero, or a Rate with count 0, means "no limit set here"; another scope may still set one. Plain values; any thread.
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
  bool operator==(const Limits&) const = default;
};

// The stricter of the two in each field; an unset field takes the other's value.
[[nodiscard]] Limits stricter(const Limits& a, const Limits& b);

}  // namespace penstock::shaping
