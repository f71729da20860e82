// SPDX-License-Identifier: Apache-2.0
// xtext: how parameters carry bytes that may not stand in a command (RFC 3461 §4). Encoding is in client_commands.h.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace penstock::smtp {

// "a+2Bb" gives "a+b". Nothing for a '+' without two hexadecimal digits, a blank, a control character or a byte above
// 127.
// '=' and digits in lower case, which the grammar forbids and clients send, are taken.   Pure; any thread.
[[nodiscard]] std::optional<std::string> decode_xtext(std::string_view text);

}  // namespace penstock::smtp
