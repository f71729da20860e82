// SPDX-License-Identifier: Apache-2.0
#include "smtp/domain.h"

#include <algorithm>

#include "base/ascii.h"
#include "base/ip_network.h"
#include "smtp/utf8.h"

namespace penstock::smtp {
namespace {

constexpr std::size_t kDomainBytesMax = 253;
constexpr std::size_t kLabelBytesMax = 63;

bool is_label(std::string_view label) {
  if (label.empty() || label.size() > kLabelBytesMax || label.front() == '-' || label.back() == '-') return false;
  return std::all_of(label.begin(), label.end(), [](char c) {
    return ascii::is_alnum(c) || c == '-' || c == '_' || (static_cast<unsigned char>(c) & 0x80U) != 0;
  });
}

}  // namespace

bool is_domain(std::string_view text, Utf8 utf8) {
  if (text.empty() || text.size() > kDomainBytesMax) return false;
  if (has_eight_bit(text) && (utf8 == Utf8::Refused || !is_utf8_text(text))) return false;
  std::string_view label;
  for (std::size_t start = 0; start <= text.size(); start += label.size() + 1) {
    label = text.substr(start, text.find('.', start) - start);
    if (!is_label(label)) return false;
  }
  return !std::all_of(label.begin(), label.end(), ascii::is_digit);
}

bool is_address_literal(std::string_view text) {
  if (text.size() < 2 || text.front() != '[' || text.back() != ']') return false;
  const std::string_view inside = text.substr(1, text.size() - 2);
  constexpr std::string_view kTag = "IPv6:";
  if (!ascii::starts_with_ignoring_case(inside, kTag)) {
    return inside.find(':') == std::string_view::npos && IpAddress::parse(inside).has_value();
  }
  const std::string_view address = inside.substr(kTag.size());
  return address.find(':') != std::string_view::npos && IpAddress::parse(address).has_value();
}

bool is_client_name(std::string_view text) {
  if (text.empty() || text.size() > 255) return false;
  return std::all_of(text.begin(), text.end(), [](char c) {
    return c > ' ' && c <= '~' && std::string_view("<>()@,;\\\"").find(c) == std::string_view::npos;
  });
}

}  // namespace penstock::smtp
