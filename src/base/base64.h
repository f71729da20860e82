// SPDX-License-Identifier: Apache-2.0
// Base64 of RFC 4648 §4, strict: no white space, no missing or surplus padding, no stray bits.   Pure; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace penstock {

[[nodiscard]] std::string encode_base64(std::string_view bytes);
// Nothing for what encode_base64() would not have written.
[[nodiscard]] std::optional<std::string> decode_base64(std::string_view text);

}  // namespace penstock
