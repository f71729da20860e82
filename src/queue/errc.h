// SPDX-License-Identifier: Apache-2.0
// What can go wrong in this module in an expected way. None of it is transient: it is input to be corrected.
#pragma once

#include <cstdint>
#include <string_view>
#include <system_error>
#include <type_traits>

namespace penstock::queue {

enum class Errc : std::uint8_t {
  BadSelection = 1,  // a message or recipient id of a selection cannot be read
  BadWindow,         // days or hours of a delivery window cannot be read
  UnknownZone,       // the system has no time zone of this name
  BadZone,           // the time zone's file is damaged or of an unknown format
  TooMany,           // a bound on the number of pauses is reached; remove some
};

[[nodiscard]] std::string_view describe(Errc errc);
[[nodiscard]] bool is_transient(Errc errc);
[[nodiscard]] std::error_code make_error_code(Errc errc);

}  // namespace penstock::queue

template <>
struct std::is_error_code_enum<penstock::queue::Errc> : std::true_type {};
