// SPDX-License-Identifier: Apache-2.0
// Errc: why a user cannot be kept or changed, beyond what state::Errc says of the store.
#pragma once

#include <string_view>
#include <system_error>

namespace penstock::users {

enum class Errc {
  BadUser = 1,  // a name, password or limit that cannot be one; the detail says what is wrong
  Exists,       // there is a user of that name
  Unknown,      // there is none
  TooMany,      // Users::kUsersMax
};

[[nodiscard]] std::string_view describe(Errc errc);
[[nodiscard]] bool is_transient(Errc errc);
[[nodiscard]] std::error_code make_error_code(Errc errc);

}  // namespace penstock::users

template <>
struct std::is_error_code_enum<penstock::users::Errc> : std::true_type {};
