// SPDX-License-Identifier: Apache-2.0
#include "base/ip_network.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstring>

namespace penstock {
namespace {

constexpr std::array<std::uint8_t, 12> kMappedPrefix{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};

std::uint8_t bits_of(const IpAddress& address) {
  return address.v6 ? 128 : 32;
}

IpAddress masked(IpAddress address, std::uint8_t prefix) {
  for (std::size_t i = 0; i < address.bytes.size(); ++i) {
    const std::size_t kept = std::clamp<std::size_t>(prefix, 8 * i, 8 * i + 8) - 8 * i;
    address.bytes[i] = static_cast<std::uint8_t>(address.bytes[i] & (0xFF00U >> kept));
  }
  return address;
}

}  // namespace

std::optional<IpAddress> IpAddress::parse(std::string_view text) {
  std::array<char, INET6_ADDRSTRLEN> buffer{};
  // A zero byte inside would end the text early for inet_pton.
  if (text.empty() || text.size() >= buffer.size() || text.find('\0') != std::string_view::npos) return std::nullopt;
  std::memcpy(buffer.data(), text.data(), text.size());
  IpAddress address;
  if (inet_pton(AF_INET, buffer.data(), address.bytes.data()) == 1) return address;
  if (inet_pton(AF_INET6, buffer.data(), address.bytes.data()) != 1) return std::nullopt;
  if (std::equal(kMappedPrefix.begin(), kMappedPrefix.end(), address.bytes.begin())) {
    IpAddress mapped;
    std::copy_n(address.bytes.begin() + kMappedPrefix.size(), 4, mapped.bytes.begin());
    return mapped;
  }
  address.v6 = true;
  return address;
}

std::string IpAddress::to_string() const {
  std::array<char, INET6_ADDRSTRLEN> buffer{};
  inet_ntop(v6 ? AF_INET6 : AF_INET, bytes.data(), buffer.data(), buffer.size());
  return buffer.data();
}

bool IpAddress::is_loopback() const {
  if (!v6) return bytes[0] == 127;
  return bytes[15] == 1 && std::all_of(bytes.begin(), bytes.end() - 1, [](std::uint8_t byte) { return byte == 0; });
}

bool IpAddress::is_public() const {
  // First byte, second byte from and to: 172.16.0.0/12 and the like.
  struct Range {
    std::uint8_t first, low, high;
  };
  constexpr std::array<Range, 8> kNot{{{0, 0, 255},
                                       {10, 0, 255},
                                       {100, 64, 127},
                                       {127, 0, 255},
                                       {169, 254, 254},
                                       {172, 16, 31},
                                       {192, 168, 168},
                                       {198, 18, 19}}};
  const auto is_public_v4 = [&](std::size_t at) {
    const bool special = bytes[at] == 192 && bytes[at + 1] == 0 && bytes[at + 2] == 0;
    return bytes[at] < 224 && !special && std::none_of(kNot.begin(), kNot.end(), [&](const Range& range) {
             return bytes[at] == range.first && bytes[at + 1] >= range.low && bytes[at + 1] <= range.high;
           });
  };
  if (!v6) return is_public_v4(0);
  constexpr std::array<std::uint8_t, 12> kTranslated{0, 0x64, 0xFF, 0x9B};  // 64:ff9b::/96
  if (std::equal(kTranslated.begin(), kTranslated.end(), bytes.begin())) return is_public_v4(12);
  if (bytes[0] == 0x20 && bytes[1] == 0x02) return is_public_v4(2);  // 2002::/16
  return (bytes[0] & 0xE0U) == 0x20;                                 // 2000::/3
}

bool IpAddress::is_any() const {
  return std::all_of(bytes.begin(), bytes.end(), [](std::uint8_t byte) { return byte == 0; });
}

IpAddress IpAddress::holder() const {
  IpAddress network = *this;
  if (v6) std::fill(network.bytes.begin() + 8, network.bytes.end(), std::uint8_t{0});
  return network;
}

Parsed<IpNetwork> IpNetwork::parse(std::string_view text) {
  const auto error = tl::unexpected(
      fmt::format("\"{}\" is not a network; write it as \"10.0.0.0/8\", \"2001:db8::/32\" or as one address", text));
  const std::size_t slash = text.find('/');
  const auto address = IpAddress::parse(text.substr(0, slash));
  if (!address) return error;
  IpNetwork network{*address, bits_of(*address)};
  if (slash == std::string_view::npos) return network;
  const std::string_view digits = text.substr(slash + 1);
  const char* end = digits.data() + digits.size();
  const auto [stop, failed] = std::from_chars(digits.data(), end, network.prefix);
  if (failed != std::errc{} || stop != end || network.prefix > bits_of(*address)) return error;
  network.address = masked(*address, network.prefix);
  if (network.address != *address) {
    return tl::unexpected(fmt::format("\"{}\" has bits set after its prefix; did you mean \"{}\" or \"{}\"?", text,
                                      network.to_string(), address->to_string()));
  }
  return network;
}

bool IpNetwork::contains(const IpAddress& candidate) const {
  return candidate.v6 == address.v6 && masked(candidate, prefix) == address;
}

bool IpNetwork::contains(std::string_view candidate) const {
  const auto parsed = IpAddress::parse(candidate);
  return parsed && contains(*parsed);
}

std::string IpNetwork::to_string() const {
  return prefix == bits_of(address) ? address.to_string() : fmt::format("{}/{}", address.to_string(), prefix);
}

bool contains(std::span<const IpNetwork> networks, const IpAddress& candidate) {
  return std::any_of(networks.begin(), networks.end(), [&](const IpNetwork& n) { return n.contains(candidate); });
}

}  // namespace penstock
