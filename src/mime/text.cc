// SPDX-License-Identifier: Apache-2.0
#include "mime/text.h"

#include <cstddef>
#include <cstdint>

namespace penstock::mime {
namespace {

constexpr std::size_t kEncodedLineMax = 76;

// Length of the UTF-8 sequence that `lead` opens, and the range its second byte must be in (RFC 3629 §4).
struct Sequence {
  std::size_t length = 0;
  std::uint8_t low = 0x80, high = 0xBF;
};
constexpr Sequence sequence_of(std::uint8_t lead) {
  if (lead < 0x80) return {1};
  if (lead >= 0xC2 && lead <= 0xDF) return {2};
  if (lead == 0xE0) return {3, 0xA0, 0xBF};
  if (lead == 0xED) return {3, 0x80, 0x9F};
  if (lead >= 0xE1 && lead <= 0xEF) return {3};
  if (lead == 0xF0) return {4, 0x90, 0xBF};
  if (lead >= 0xF1 && lead <= 0xF3) return {4};
  if (lead == 0xF4) return {4, 0x80, 0x8F};
  return {0};
}

}  // namespace

bool is_utf8(std::string_view bytes) {
  for (std::size_t i = 0; i < bytes.size();) {
    const Sequence s = sequence_of(static_cast<std::uint8_t>(bytes[i]));
    if (s.length == 0 || s.length > bytes.size() - i) return false;
    for (std::size_t k = 1; k < s.length; ++k) {
      const auto b = static_cast<std::uint8_t>(bytes[i + k]);
      if (k == 1 ? (b < s.low || b > s.high) : (b < 0x80 || b > 0xBF)) return false;
    }
    i += s.length;
  }
  return true;
}

bool has_control(std::string_view bytes) {
  for (const char c : bytes) {
    if ((c >= 0 && c < ' ') || c == '\x7F') return true;
  }
  return false;
}

std::string encode_quoted_printable(std::string_view text) {
  constexpr char kHex[] = "0123456789ABCDEF";
  std::string out;
  out.reserve(text.size() + text.size() / 8);
  std::size_t column = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '\r' && text.substr(i, 2) == "\r\n") {
      out += "\r\n";
      column = 0;
      ++i;
      continue;
    }
    // A blank must not end a line, where relays may drop it.
    const bool line_ends = i + 1 == text.size() || text.substr(i + 1, 2) == "\r\n";
    const bool plain = (c > ' ' && c <= '~' && c != '=') || ((c == ' ' || c == '\t') && !line_ends);
    const std::size_t width = plain ? 1 : 3;
    if (column + width > kEncodedLineMax - 1) {  // leaves room for the '=' of a soft line break
      out += "=\r\n";
      column = 0;
    }
    if (plain) {
      out += c;
    } else {
      const auto byte = static_cast<std::uint8_t>(c);
      out += {'=', kHex[byte >> 4], kHex[byte & 15]};
    }
    column += width;
  }
  return out;
}

}  // namespace penstock::mime
