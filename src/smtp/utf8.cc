// SPDX-License-Identifier: Apache-2.0
#include "smtp/utf8.h"

#include <algorithm>
#include <array>
#include <cstddef>

namespace penstock::smtp {
namespace {

bool printable(char c) {
  return c >= ' ' && c <= '~';
}

// Takes one character of more than one byte from the front.
bool take_wide(std::string_view& text) {
  const auto lead = static_cast<unsigned char>(text.front());
  std::size_t following = 0;
  if (lead >= 0xC2 && lead <= 0xDF) following = 1;
  if (lead >= 0xE0 && lead <= 0xEF) following = 2;
  if (lead >= 0xF0 && lead <= 0xF4) following = 3;
  if (following == 0 || text.size() <= following) return false;
  char32_t character = lead & (0x3FU >> following);
  for (std::size_t i = 1; i <= following; ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if ((byte & 0xC0U) != 0x80U) return false;
    character = character << 6 | (byte & 0x3FU);
  }
  constexpr std::array<char32_t, 4> kLeast{0, 0xA0, 0x800, 0x10000};  // below U+00A0 are control characters
  if (character < kLeast[following] || character > 0x10FFFF) return false;
  if (character >= 0xD800 && character <= 0xDFFF) return false;
  text.remove_prefix(following + 1);
  return true;
}

}  // namespace

bool is_printable(std::string_view text) {
  return std::all_of(text.begin(), text.end(), printable);
}

bool has_eight_bit(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0x80U) != 0; });
}

bool is_utf8_text(std::string_view text) {
  while (!text.empty()) {
    if (printable(text.front())) {
      text.remove_prefix(1);
    } else if (!take_wide(text)) {
      return false;
    }
  }
  return true;
}

std::string harmless(std::string_view text, std::size_t bytes_max) {
  std::string out(text.substr(0, bytes_max));
  std::replace_if(
      out.begin(), out.end(), [](char c) { return !printable(c); }, '?');
  return out;
}

}  // namespace penstock::smtp
