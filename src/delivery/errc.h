// SPDX-License-Identifier: Apache-2.0
// Errc: why the delivery engine cannot work with a configuration.
#pragma once

#include <string_view>
#include <system_error>

namespace penstock::delivery {

enum class Errc {
  BadKey = 1,   // a DKIM key file cannot be read, others can use it, or it holds no usable key
  BadPassword,  // the password file of a relay cannot be read, others can use it, or it is empty
};

[[nodiscard]] std::string_view describe(Errc errc);
[[nodiscard]] bool is_transient(Errc errc);
[[nodiscard]] std::error_code make_error_code(Errc errc);

}  // namespace penstock::delivery

template <>
struct std::is_error_code_enum<penstock::delivery::Errc> : std::true_type {};
