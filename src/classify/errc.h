// SPDX-License-Identifier: Apache-2.0
// Errc: what can go wrong with rules. It is never transient: a person has to mend the file.
#pragma once

#include <string_view>
#include <system_error>

namespace penstock::classify {

enum class Errc {
  BadRules = 1,  // a rule file is wrong; the detail has one problem a line
};
[[nodiscard]] std::string_view describe(Errc code);
[[nodiscard]] bool is_transient(Errc code);
[[nodiscard]] std::error_code make_error_code(Errc code);

}  // namespace penstock::classify

template <>
struct std::is_error_code_enum<penstock::classify::Errc> : std::true_type {};
