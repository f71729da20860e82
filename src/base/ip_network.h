// SPDX-License-Identifier: Apache-2.0
// IpAddress and IpNetwork: addresses and CIDR blocks as operators write them, IPv4 and IPv6, as plain values.
//
// Use:  const auto network = IpNetwork::parse("10.0.0.0/8");  if (network->contains(*IpAddress::parse(peer))) …
//
// An IPv4 address that arrived in IPv6 form ("::ffff:192.0.2.1", RFC 4291 §2.5.5.2) is taken as the IPv4 address, so a
// rule for one holds for both. Zones ("fe80::1%eth0") are refused. Pure; any thread; no allocation except in texts.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/units.h"

namespace penstock {

struct IpAddress {
  std::array<std::uint8_t, 16> bytes{};  // network order; IPv4 uses the first four
  bool v6 = false;

  // "192.0.2.1", "2001:db8::1", "::ffff:192.0.2.1" (gives 192.0.2.1). Nothing else: no port, no brackets.
  [[nodiscard]] static std::optional<IpAddress> parse(std::string_view text);
  [[nodiscard]] std::string to_string() const;  // the short form of RFC 5952
  [[nodiscard]] bool is_loopback() const;
  [[nodiscard]] bool is_any() const;  // 0.0.0.0 or ::
  // Whom counts by address take it for: an IPv4 address itself, of an IPv6 address the /64, which is one customer's.
  [[nodiscard]] IpAddress holder() const;
  // One host of the internet (RFC 6890): neither this machine nor a private network, nor a link, nor several hosts. An
  // IPv6 address that stands for an IPv4 address (RFC 6052's known prefix, 6to4) is what that is.
  [[nodiscard]] bool is_public() const;
  friend auto operator<=>(const IpAddress&, const IpAddress&) = default;
};

struct IpNetwork {
  IpAddress address;         // bits after the prefix are zero
  std::uint8_t prefix = 32;  // 0 to 32, or to 128 for IPv6

  // "10.0.0.0/8", "2001:db8::/32", or one address. Bits set after the prefix ("10.1.2.3/8") are refused: they are
  // mostly a slip, and the sentence returned names the network that was probably meant.
  [[nodiscard]] static Parsed<IpNetwork> parse(std::string_view text);
  [[nodiscard]] bool contains(const IpAddress& candidate) const;
  // False for a text that is no address.
  [[nodiscard]] bool contains(std::string_view candidate) const;
  [[nodiscard]] std::string to_string() const;  // "10.0.0.0/8"; a single address without prefix
  friend bool operator==(const IpNetwork&, const IpNetwork&) = default;
};

// Whether one of them contains the address.
[[nodiscard]] bool contains(std::span<const IpNetwork> networks, const IpAddress& candidate);

}  // namespace penstock
