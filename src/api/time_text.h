// SPDX-License-Identifier: Apache-2.0
// Points in time as the API writes them: RFC 3339 in UTC with milliseconds, "2026-11-24T08:20:00.000Z".  Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace penstock::api {

[[nodiscard]] std::string format_time(Time time);
// RFC 3339 with any offset and any number of decimals; "T" may be a space. Nothing when it is not one,
// or lies before 1970 or in the last days of 9999.
[[nodiscard]] std::optional<Time> parse_time(std::string_view text);

}  // namespace penstock::api
