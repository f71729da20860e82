// SPDX-License-Identifier: Apache-2.0
#include "smtp/xclient.h"

#include <algorithm>
#include <charconv>

#include "base/ascii.h"
#include "smtp/utf8.h"
#include "smtp/xtext.h"

namespace penstock::smtp {
namespace {

constexpr std::size_t kValueBytesMax = 255;

bool is_unknown(std::string_view value) {
  return ascii::equal_ignoring_case(value, "[UNAVAILABLE]") || ascii::equal_ignoring_case(value, "[TEMPUNAVAIL]");
}

bool set_text(std::string value, std::optional<std::string>& out) {
  if (out) return false;
  out = is_unknown(value) ? std::string() : std::move(value);
  return true;
}

bool set_address(std::string_view value, std::optional<IpAddress>& out) {
  if (out) return false;
  if (is_unknown(value)) return true;
  if (ascii::starts_with_ignoring_case(value, "IPV6:")) value.remove_prefix(5);
  out = IpAddress::parse(value);
  return out.has_value();
}

bool set_port(std::string_view value, std::optional<std::uint16_t>& out) {
  if (out) return false;
  if (is_unknown(value)) return true;
  std::uint16_t port = 0;
  const char* end = value.data() + value.size();
  const auto read = std::from_chars(value.data(), end, port);
  if (read.ec != std::errc() || read.ptr != end) return false;
  out = port;
  return true;
}

bool set_protocol(std::string value, std::optional<std::string>& out) {
  std::transform(value.begin(), value.end(), value.begin(), ascii::to_upper);
  return (value == "SMTP" || value == "ESMTP" || is_unknown(value)) && set_text(std::move(value), out);
}

bool set(std::string_view name, std::string value, Xclient& out) {
  const auto is = [name](std::string_view wanted) { return ascii::equal_ignoring_case(name, wanted); };
  if (is("NAME")) return set_text(std::move(value), out.name);
  if (is("ADDR")) return set_address(value, out.address);
  if (is("PORT")) return set_port(value, out.port);
  if (is("PROTO")) return set_protocol(std::move(value), out.protocol);
  if (is("HELO")) return set_text(std::move(value), out.helo);
  if (is("LOGIN")) return set_text(std::move(value), out.login);
  if (is("DESTADDR")) return set_address(value, out.destination_address);
  if (is("DESTPORT")) return set_port(value, out.destination_port);
  return false;
}

}  // namespace

std::optional<Xclient> parse_xclient(std::string_view arguments) {
  Xclient out;
  bool any = false;
  for (std::string_view rest = ascii::trim(arguments); !rest.empty(); rest = ascii::trim(rest)) {
    const std::string_view attribute = rest.substr(0, rest.find(' '));
    rest.remove_prefix(attribute.size());
    const std::size_t equals = attribute.find('=');
    if (equals == std::string_view::npos) return std::nullopt;
    auto value = decode_xtext(attribute.substr(equals + 1));
    if (!value || value->empty() || value->size() > kValueBytesMax || !is_printable(*value)) return std::nullopt;
    if (!set(attribute.substr(0, equals), std::move(*value), out)) return std::nullopt;
    any = true;
  }
  return any ? std::optional<Xclient>(std::move(out)) : std::nullopt;
}

}  // namespace penstock::smtp
