// SPDX-License-Identifier: Apache-2.0
// Text as the inside of a JSON string (RFC 8259 §7), and back.  Pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace penstock::eventlog {

// Bytes of output per byte of input at most: "\u001f".
inline constexpr std::size_t kEscapeGrowth = 6;

// Writes `text` escaped at `out` and returns the end; there must be room for kEscapeGrowth * text.size() + 8 bytes.
// What is not UTF-8 (RFC 3629) becomes U+FFFD, one for each byte that begins no character. DEL and U+0080 to U+009F are
// escaped too, since terminals obey them.
[[nodiscard]] char* escape_json(char* out, std::string_view text);
[[nodiscard]] std::string escape_json(std::string_view text);

// Appends the text that `escaped` stands for. False when it is not the inside of a JSON string; surrogates that do not
// pair become U+FFFD.
[[nodiscard]] bool unescape_json(std::string_view escaped, std::string& out);

}  // namespace penstock::eventlog
