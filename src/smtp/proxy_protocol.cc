// SPDX-License-Identifier: Apache-2.0
#include "smtp/proxy_protocol.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "base/ascii.h"

namespace penstock::smtp {
namespace {

constexpr std::string_view kVersion1Start = "PROXY ";
constexpr std::string_view kSignature("\r\n\r\n\0\r\nQUIT\n", 12);  // of version 2
constexpr std::size_t kFixedBytes = 16;                             // of version 2: signature, command, family, length

std::size_t byte_at(std::string_view text, std::size_t index) {
  return static_cast<unsigned char>(text[index]);
}

bool is_prefix_of(std::string_view part, std::string_view whole) {
  return part == whole.substr(0, part.size());
}

// Words are separated by exactly one space.
std::string_view take_word(std::string_view& text) {
  const std::string_view word = text.substr(0, text.find(' '));
  text.remove_prefix(std::min(word.size() + 1, text.size()));
  return word;
}

std::optional<std::uint16_t> parse_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), port);
  const bool whole = read.ec == std::errc() && read.ptr == text.data() + text.size();
  // "00025" is none: the proxy writes the shortest form.
  if (!whole || (text.size() > 1 && text.front() == '0')) return std::nullopt;
  return port;
}

// In the family that the header names; "::ffff:192.0.2.1" under TCP6 is taken as the IPv4 address it is.
std::optional<IpAddress> parse_address(std::string_view text, bool v6) {
  if ((text.find(':') != std::string_view::npos) != v6) return std::nullopt;
  return IpAddress::parse(text);
}

IpAddress address_at(std::string_view text, std::size_t offset, bool v6) {
  IpAddress address;
  address.v6 = v6;
  for (std::size_t i = 0; i < (v6 ? 16U : 4U); ++i) address.bytes[i] = static_cast<std::uint8_t>(text[offset + i]);
  // Through text and back, so that an IPv4 address in IPv6 form becomes plain, as everywhere.
  return IpAddress::parse(address.to_string()).value_or(address);
}

std::uint16_t port_at(std::string_view text, std::size_t offset) {
  return static_cast<std::uint16_t>(byte_at(text, offset) << 8 | byte_at(text, offset + 1));
}

}  // namespace

// Bytes that can be taken without reading past the header, given what is known of it.
std::size_t ProxyParser::wanted_bytes() const {
  if (is_prefix_of(taken_, kSignature) && !taken_.empty()) return kFixedBytes - taken_.size();
  if (taken_.starts_with(kSignature)) {
    if (taken_.size() < kFixedBytes) return kFixedBytes - taken_.size();
    return kFixedBytes + port_at(taken_, 14) - taken_.size();
  }
  return 1;  // version 1, or not known yet
}

ProxyParser::Got ProxyParser::take(std::string_view& bytes) {
  while (state_ == Got::More && !bytes.empty()) {
    const std::size_t count = std::min(wanted_bytes(), bytes.size());
    taken_.append(bytes.substr(0, count));
    bytes.remove_prefix(count);
    state_ = examine();
  }
  return state_;
}

ProxyParser::Got ProxyParser::examine() {
  const std::string_view taken = taken_;
  if (is_prefix_of(taken.substr(0, kSignature.size()), kSignature)) return examine_version_2();
  if (is_prefix_of(taken.substr(0, kVersion1Start.size()), kVersion1Start)) return examine_version_1();
  return malformed("no PROXY header");
}

ProxyParser::Got ProxyParser::examine_version_1() {
  if (taken_.back() != '\n') return taken_.size() < kVersion1BytesMax ? Got::More : malformed("header too long");
  std::string_view line = taken_;
  if (!line.ends_with("\r\n")) return malformed("header does not end in CRLF");
  line.remove_suffix(2);
  if (line.find('\r') != std::string_view::npos) return malformed("CR inside the header");
  if (line.size() < kVersion1Start.size()) return malformed("no PROXY header");
  line.remove_prefix(kVersion1Start.size());
  const std::string_view family = take_word(line);
  if (family == "UNKNOWN") return Got::Done;  // whatever follows
  if (family != "TCP4" && family != "TCP6") return malformed("unknown protocol");
  const bool v6 = family == "TCP6";
  const auto source = parse_address(take_word(line), v6);
  const auto destination = parse_address(take_word(line), v6);
  const auto source_port = parse_port(take_word(line));
  const auto destination_port = parse_port(line);
  if (!source || !destination || !source_port || !destination_port) return malformed("unreadable address or port");
  header_ = {true, *source, *destination, *source_port, *destination_port};
  return Got::Done;
}

ProxyParser::Got ProxyParser::examine_version_2() {
  if (taken_.size() < kFixedBytes) return Got::More;
  const std::size_t version = byte_at(taken_, 12) >> 4;
  const std::size_t command = byte_at(taken_, 12) & 0x0FU;
  const std::size_t family = byte_at(taken_, 13);
  const std::size_t length = port_at(taken_, 14);
  if (version != 2) return malformed("unknown version");
  if (command > 1) return malformed("unknown command");
  if (kFixedBytes + length > kVersion2BytesMax) return malformed("header too long");
  if (taken_.size() < kFixedBytes + length) return Got::More;
  if (command == 0) return Got::Done;  // LOCAL: the proxy speaks for itself
  constexpr std::size_t kTcp4 = 0x11;
  constexpr std::size_t kTcp6 = 0x21;
  if (family != kTcp4 && family != kTcp6) return Got::Done;
  const std::size_t address_bytes = family == kTcp6 ? 16 : 4;
  if (length < 2 * address_bytes + 4) return malformed("header too short for its addresses");
  const std::size_t ports = kFixedBytes + 2 * address_bytes;
  header_ = {true, address_at(taken_, kFixedBytes, family == kTcp6),
             address_at(taken_, kFixedBytes + address_bytes, family == kTcp6), port_at(taken_, ports),
             port_at(taken_, ports + 2)};
  return Got::Done;
}

ProxyParser::Got ProxyParser::malformed(std::string_view why) {
  problem_ = why;
  return Got::Malformed;
}

}  // namespace penstock::smtp
