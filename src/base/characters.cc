// SPDX-License-Identifier: Apache-2.0
#include "base/characters.h"

#include <fmt/format.h>

namespace penstock {
namespace {

constexpr std::uint32_t byte_at(std::string_view text, std::size_t i) {
  return static_cast<unsigned char>(text[i]);
}

// Length of the UTF-8 character at the start of `text`; 0 when there is none.
std::size_t length_of(std::string_view text) {
  const std::uint32_t lead = byte_at(text, 0);
  const auto tail = [text](std::size_t i, std::uint32_t low = 0x80, std::uint32_t high = 0xBF) {
    return i < text.size() && byte_at(text, i) >= low && byte_at(text, i) <= high;
  };
  if (lead < 0x80) return 1;
  if (lead >= 0xC2 && lead <= 0xDF) return tail(1) ? 2 : 0;
  if (lead >= 0xE0 && lead <= 0xEF) {
    const std::uint32_t low = lead == 0xE0 ? 0xA0 : 0x80;
    const std::uint32_t high = lead == 0xED ? 0x9F : 0xBF;
    return tail(1, low, high) && tail(2) ? 3 : 0;
  }
  if (lead >= 0xF0 && lead <= 0xF4) {
    const std::uint32_t low = lead == 0xF0 ? 0x90 : 0x80;
    const std::uint32_t high = lead == 0xF4 ? 0x8F : 0xBF;
    return tail(1, low, high) && tail(2) && tail(3) ? 4 : 0;
  }
  return 0;
}

constexpr bool steers(std::uint32_t code) {
  return code < 0x20 || (code >= 0x7F && code < 0xA0) || (code >= 0x2028 && code <= 0x202E) ||
         (code >= 0x2066 && code <= 0x2069);
}

}  // namespace

Character first_character(std::string_view text) {
  const std::uint32_t lead = byte_at(text, 0);
  const std::size_t bytes = length_of(text);
  if (bytes == 0) return {1, lead, false, false};
  std::uint32_t code = bytes == 1 ? lead : lead & (0x7FU >> bytes);
  for (std::size_t i = 1; i < bytes; ++i) code = code << 6U | (byte_at(text, i) & 0x3FU);
  return {bytes, code, true, steers(code)};
}

bool is_harmless(std::string_view text) {
  while (!text.empty()) {
    const Character next = first_character(text);
    if (!next.valid || next.steers) return false;
    text.remove_prefix(next.bytes);
  }
  return true;
}

std::string escape_steering(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const Character next = first_character(text);
    if (next.valid && !next.steers) {
      out += text.substr(0, next.bytes);
    } else {
      out +=
          next.code < 0x80 || !next.valid ? fmt::format("\\x{:02x}", next.code) : fmt::format("\\u{:04x}", next.code);
    }
    text.remove_prefix(next.bytes);
  }
  return out;
}

}  // namespace penstock
