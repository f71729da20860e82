// SPDX-License-Identifier: Apache-2.0
#include "base/fold.h"

#include <cstdint>

#include "base/ascii.h"

namespace penstock {
namespace {

// U+00C0 to U+00FF, U+0100 to U+017F: one letter each; a blank is none (× and ÷).
constexpr std::string_view kLatin1 = "aaaaaaaceeeeiiiidnooooo ouuuuytsaaaaaaaceeeeiiiidnooooo ouuuuyty";
constexpr std::string_view kLatinExtended =
    "aaaaaaccccccccddddeeeeeeeeeegggggggghhhhiiiiiiiiiiiijjkkkllllllllllnnnnnnnnnoooooooorrrrrrssssssssttttttuuuuuuuuuu"
    "u"
    "uwwyyyzzzzzzs";
static_assert(kLatin1.size() == 64 && kLatinExtended.size() == 128);

bool is_continuation(std::string_view rest, std::size_t i) {
  return i < rest.size() && (static_cast<unsigned char>(rest[i]) & 0xc0U) == 0x80;
}

void put_two_bytes(std::uint32_t code_point, char*& out) {
  *out++ = static_cast<char>(0xc0U | code_point >> 6U);
  *out++ = static_cast<char>(0x80U | (code_point & 0x3fU));
}

std::uint32_t small_cyrillic(std::uint32_t code_point) {
  if (code_point == 0x401 || code_point == 0x451) return 0x435;  // ё is often written е
  if (code_point >= 0x400 && code_point <= 0x40f) return code_point + 0x50;
  if (code_point >= 0x410 && code_point <= 0x42f) return code_point + 0x20;
  return code_point;
}

// Without accents; the sigma at the end of a word is a sigma.
std::uint32_t small_greek(std::uint32_t code_point) {
  switch (code_point) {
    case 0x386:
    case 0x3ac: return 0x3b1;
    case 0x388:
    case 0x3ad: return 0x3b5;
    case 0x389:
    case 0x3ae: return 0x3b7;
    case 0x38a:
    case 0x3aa:
    case 0x3af:
    case 0x3ca: return 0x3b9;
    case 0x38c:
    case 0x3cc: return 0x3bf;
    case 0x38e:
    case 0x3ab:
    case 0x3cb:
    case 0x3cd: return 0x3c5;
    case 0x38f:
    case 0x3ce: return 0x3c9;
    case 0x3c2: return 0x3c3;
    default: return code_point >= 0x391 && code_point <= 0x3a9 ? code_point + 0x20 : code_point;
  }
}

// U+0080 to U+07FF.
void put_folded(std::uint32_t code_point, char*& out) {
  if (code_point >= 0xc0 && code_point < 0x180) {
    *out++ = code_point < 0x100 ? kLatin1[code_point - 0xc0] : kLatinExtended[code_point - 0x100];
  } else if (code_point == 0xa0) {
    *out++ = ' ';
  } else if (code_point == 0xab || code_point == 0xbb) {
    *out++ = '\'';
  } else {
    put_two_bytes(code_point < 0x400 ? small_greek(code_point) : small_cyrillic(code_point), out);
  }
}

}  // namespace

std::size_t fold_character(std::string_view rest, char*& out) {
  const auto first = static_cast<unsigned char>(rest[0]);
  if (first >= 0xc2 && first < 0xe0 && is_continuation(rest, 1)) {
    put_folded((first & 0x1fU) << 6U | (static_cast<unsigned char>(rest[1]) & 0x3fU), out);
    return 2;
  }
  if (first >= 0xe0 && first < 0xf0 && is_continuation(rest, 1) && is_continuation(rest, 2)) {
    const bool quotation_mark = rest[0] == '\xe2' && rest[1] == '\x80' && rest[2] >= '\x98' && rest[2] <= '\x9f';
    if (quotation_mark) {
      *out++ = '\'';
    } else {
      for (std::size_t i = 0; i < 3; ++i) *out++ = rest[i];
    }
    return 3;
  }
  if (is_continuation(rest, 0) || is_continuation(rest, 1)) {
    *out++ = rest[0];
    return 1;
  }
  *out++ = first >= 0xc0 ? kLatin1[first - 0xc0] : rest[0];  // ISO 8859-1
  return 1;
}

std::string folded(std::string_view text) {
  std::string out(text.size(), ' ');
  char* at = out.data();
  for (std::size_t i = 0; i < text.size();) {
    if (static_cast<unsigned char>(text[i]) > 0x7f) {
      i += fold_character(text.substr(i), at);
    } else {
      *at++ = ascii::to_lower(text[i++]);
    }
  }
  out.resize(static_cast<std::size_t>(at - out.data()));
  return out;
}

}  // namespace penstock
