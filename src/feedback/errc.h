// SPDX-License-Identifier: Apache-2.0
// What can go wrong in module feedback as expected.
#pragma once

#include <string_view>
#include <system_error>

#include "base/result.h"

namespace penstock::feedback {

enum class Errc {
  BadKeyFile = 1,  // not in the format, or its permissions let others read it
  InboxFull,       // more reports wait than may, or the disk failed: try again later
};
[[nodiscard]] std::string_view describe(Errc code);
[[nodiscard]] std::error_code make_error_code(Errc code);

}  // namespace penstock::feedback

template <>
struct std::is_error_code_enum<penstock::feedback::Errc> : std::true_type {};
