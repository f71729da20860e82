// SPDX-License-Identifier: Apache-2.0
#include "classify/fold.h"

#include <cstdint>

namespace penstock::classify {
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

// U+0080 to U+07FF.
void put_folded(std::uint32_t code_point, char*& out) {
  if (code_point >= 0xc0 && code_point < 0x180) {
    *out++ = code_point < 0x100 ? kLatin1[code_point - 0xc0] : kLatinExtended[code_point - 0x100];
  } else if (code_point == 0xa0) {
    *out++ = ' ';
  } else if (code_point == 0xab || code_point == 0xbb) {
    *out++ = '\'';
  } else {
    put_two_bytes(small_cyrillic(code_point), out);
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

}  // namespace penstock::classify
