// SPDX-License-Identifier: Apache-2.0
#include "eventlog/json_text.h"

#include <cstdint>
#include <cstring>

#include "base/ascii.h"
#include "base/characters.h"

namespace penstock::eventlog {
namespace {

constexpr std::uint64_t kOnes = 0x0101010101010101ULL;
constexpr std::uint64_t kHighs = 0x8080808080808080ULL;
constexpr unsigned char kDelete = 0x7F;

constexpr std::uint64_t zero_bytes(std::uint64_t v) {
  return (v - kOnes) & ~v & kHighs;
}
// Whether any of eight bytes is a control character, a quote, a backslash or not ASCII.
constexpr bool needs_care(std::uint64_t v) {
  const std::uint64_t control = ((v - kOnes * 0x20) & ~v & kHighs) | zero_bytes(v ^ (kOnes * kDelete));
  return (control | zero_bytes(v ^ (kOnes * '"')) | zero_bytes(v ^ (kOnes * '\\')) | (v & kHighs)) != 0;
}

constexpr unsigned byte_at(std::string_view text, std::size_t i) {
  return static_cast<unsigned char>(text[i]);
}

char* put(char* out, std::string_view text) {
  std::memcpy(out, text.data(), text.size());
  return out + text.size();
}

// "\u009b"
char* escape_control(char* out, std::uint32_t c) {
  constexpr std::string_view kHex = "0123456789abcdef";
  out = put(out, "\\u");
  for (unsigned shift = 16; shift > 0; shift -= 4) *out++ = kHex[(c >> (shift - 4)) & 15U];
  return out;
}

char* escape_ascii(char* out, char c) {
  const auto pair = [out](char second) {
    out[0] = '\\';
    out[1] = second;
    return out + 2;
  };
  switch (c) {
    case '"': return pair('"');
    case '\\': return pair('\\');
    case '\n': return pair('n');
    case '\r': return pair('r');
    case '\t': return pair('t');
    default: break;
  }
  const auto byte = static_cast<unsigned char>(c);
  if (byte < 0x20 || byte == kDelete) return escape_control(out, byte);
  *out = c;
  return out + 1;
}

void append_utf8(std::string& out, std::uint32_t c) {
  const auto add = [&out](std::uint32_t byte) { out += static_cast<char>(byte); };
  if (c < 0x80) {
    add(c);
  } else if (c < 0x800) {
    add(0xC0 | (c >> 6));
    add(0x80 | (c & 0x3F));
  } else if (c < 0x10000) {
    add(0xE0 | (c >> 12));
    add(0x80 | ((c >> 6) & 0x3F));
    add(0x80 | (c & 0x3F));
  } else {
    add(0xF0 | (c >> 18));
    add(0x80 | ((c >> 12) & 0x3F));
    add(0x80 | ((c >> 6) & 0x3F));
    add(0x80 | (c & 0x3F));
  }
}

// Reads the four digits of "\uXXXX" at the start of `text` and advances past them.
bool take_hex4(std::string_view& text, std::uint32_t& value) {
  if (text.size() < 4) return false;
  value = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    const char c = ascii::to_lower(text[i]);
    const bool letter = c >= 'a' && c <= 'f';
    if (!ascii::is_digit(c) && !letter) return false;
    value = value * 16 + static_cast<std::uint32_t>(letter ? c - 'a' + 10 : c - '0');
  }
  text.remove_prefix(4);
  return true;
}

bool unescape_unicode(std::string_view& text, std::string& out) {
  constexpr std::uint32_t kReplacement = 0xFFFD;
  std::uint32_t first = 0;
  if (!take_hex4(text, first)) return false;
  if (first < 0xD800 || first > 0xDFFF) {
    append_utf8(out, first);
    return true;
  }
  std::string_view rest = text;
  std::uint32_t second = 0;
  if (first < 0xDC00 && rest.starts_with("\\u")) {
    rest.remove_prefix(2);
    if (!take_hex4(rest, second)) return false;
    if (second >= 0xDC00 && second <= 0xDFFF) {
      text = rest;
      append_utf8(out, 0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00));
      return true;
    }
  }
  append_utf8(out, kReplacement);
  return true;
}

}  // namespace

char* escape_json(char* out, std::string_view text) {
  std::size_t i = 0;
  while (i < text.size()) {
    while (i + 8 <= text.size()) {
      std::uint64_t word = 0;
      std::memcpy(&word, text.data() + i, 8);
      if (needs_care(word)) break;
      std::memcpy(out, &word, 8);
      out += 8;
      i += 8;
    }
    // Up to a word's worth by hand, then the fast loop tries again.
    for (const std::size_t stop = i + 8; i < stop && i < text.size();) {
      if (byte_at(text, i) < 0x80) {
        out = escape_ascii(out, text[i++]);
        continue;
      }
      const Character next = first_character(text.substr(i));
      if (!next.valid) {
        out = put(out, "\xEF\xBF\xBD");
      } else if (next.steers) {
        out = escape_control(out, next.code);
      } else {
        out = put(out, text.substr(i, next.bytes));
      }
      i += next.bytes;
    }
  }
  return out;
}

std::string escape_json(std::string_view text) {
  std::string out(text.size() * kEscapeGrowth + 8, '\0');
  const char* end = escape_json(out.data(), text);
  out.resize(static_cast<std::size_t>(end - out.data()));
  return out;
}

bool unescape_json(std::string_view escaped, std::string& out) {
  while (!escaped.empty()) {
    const std::size_t slash = std::min(escaped.find('\\'), escaped.size());
    out += escaped.substr(0, slash);
    escaped.remove_prefix(slash);
    if (escaped.empty()) break;
    if (escaped.size() < 2) return false;
    const char c = escaped[1];
    escaped.remove_prefix(2);
    switch (c) {
      case '"':
      case '\\':
      case '/': out += c; break;
      case 'n': out += '\n'; break;
      case 'r': out += '\r'; break;
      case 't': out += '\t'; break;
      case 'b': out += '\b'; break;
      case 'f': out += '\f'; break;
      case 'u':
        if (!unescape_unicode(escaped, out)) return false;
        break;
      default: return false;
    }
  }
  return true;
}

}  // namespace penstock::eventlog
