// SPDX-License-Identifier: Apache-2.0
// What bytes of a message are, and the quoted-printable encoding (RFC 2045 §6.7).   Pure; any thread.
#pragma once

#include <string>
#include <string_view>

namespace penstock::mime {

// Whether the bytes are well-formed UTF-8 (RFC 3629: no surrogates, no overlong forms).
[[nodiscard]] bool is_utf8(std::string_view bytes);

// Whether there is a byte below 32 or a DEL: nothing that belongs on one line of text. A TAB counts too.
[[nodiscard]] bool has_control(std::string_view bytes);

// Text with CRLF line ends as quoted-printable: lines of at most 76 bytes, 7-bit, decoding to the same bytes. A CR or
// LF that is not part of a CRLF is encoded.
[[nodiscard]] std::string encode_quoted_printable(std::string_view text);

}  // namespace penstock::mime
