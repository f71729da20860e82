// SPDX-License-Identifier: Apache-2.0
// Letters as rules and phrases want them, so that each is written once: "Boîte", "boite" and its Latin-1 form are
// "boite"; "ПОЛУЧАТЕЛЬ" is "получатель"; typographic quotation marks are '.
//
// Latin letters with marks (U+00C0 to U+017F) lose them and are small; ß is s, æ a. Cyrillic letters are small, ё is е.
// Greek letters are small and lose their accents. Everything else (Chinese, bytes of other character sets) stays as it
// is. Pure. What comes out is never longer than what goes in.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace penstock {

// `rest` begins with a byte above 0x7f. Writes what stands for its first character to `out`, moves that, and tells how
// many bytes were read (at least 1).
std::size_t fold_character(std::string_view rest, char*& out);

// A whole text, ASCII letters small as well.
[[nodiscard]] std::string folded(std::string_view text);

}  // namespace penstock
