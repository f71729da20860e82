// SPDX-License-Identifier: Apache-2.0
// What bytes a text holds: ASCII, printable, well-formed UTF-8.   Pure; any thread.
#pragma once

#include <string>
#include <string_view>

namespace penstock::smtp {

// Bytes 32 to 126 only.
[[nodiscard]] bool is_printable(std::string_view text);
[[nodiscard]] bool has_eight_bit(std::string_view text);
// RFC 3629: shortest forms, no surrogates, nothing above U+10FFFF; and no control characters (below 32, 127 to 159).
[[nodiscard]] bool is_utf8_text(std::string_view text);
// The first `bytes_max` bytes with everything but printable ASCII replaced by '?': safe for replies and logs.
[[nodiscard]] std::string harmless(std::string_view text, std::size_t bytes_max);

}  // namespace penstock::smtp
