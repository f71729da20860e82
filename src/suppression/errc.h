// SPDX-License-Identifier: Apache-2.0
// Errc: why a suppression cannot be kept, beyond what state::Errc says of the store.
#pragma once

#include <string_view>
#include <system_error>

namespace penstock::suppression {

enum class Errc {
  BadAddress = 1,  // neither an address nor "@" and a domain; the detail says what is wrong
  BadScope,        // not "global", "tenant:NAME", "stream:NAME" or "list:NAME"
  BadLine,         // of a file being imported; the detail says what is wrong
  BadFile,         // a file to be imported cannot be read
};

[[nodiscard]] std::string_view describe(Errc errc);
[[nodiscard]] bool is_transient(Errc errc);
[[nodiscard]] std::error_code make_error_code(Errc errc);

}  // namespace penstock::suppression

template <>
struct std::is_error_code_enum<penstock::suppression::Errc> : std::true_type {};
