// SPDX-License-Identifier: Apache-2.0
// Making text from outside fit for a report: no line can be forged, none is too long.   Pure; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace penstock::report {

inline constexpr std::size_t kLineBytesMax = 998;  // RFC 5322 §2.1.1, without CRLF

enum class Charset : std::uint8_t { Ascii, Utf8 };

// On one line: runs of blanks and control characters become one blank, ends are trimmed. Bytes above 127 become '?',
// unless the charset is Utf8 and the whole is well-formed. At most `bytes_max` bytes, cut between characters.
[[nodiscard]] std::string one_line(std::string_view text, Charset charset, std::size_t bytes_max);

// As many bytes of the text as fit, never half a UTF-8 character.
[[nodiscard]] std::string_view cut(std::string_view text, std::size_t bytes_max);

// Appends "Name: value\r\n", folded at blanks at about 76 columns and in any case before kLineBytesMax.
// `value` must be what one_line returned. Nothing is written for an empty value.
void append_folded(std::string& out, std::string_view name, std::string_view value);

// Appends the lines of a text (ended by LF or CRLF), each behind `indent`, ended with CRLF and broken before
// kLineBytesMax. Control characters become '?', TAB a blank; bytes above 127 as in one_line with Utf8.
void append_quoted(std::string& out, std::string_view indent, std::string_view text);

}  // namespace penstock::report
