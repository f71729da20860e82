// SPDX-License-Identifier: Apache-2.0
// Dates in messages (RFC 5322 §3.3) and in what programs write (RFC 3339).   Pure; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace penstock::mime {

// "Thu, 01 Jan 2026 00:00:00 +0000": always UTC, always 31 bytes. Years 0 to 9999.
[[nodiscard]] std::string format_date(Time time);

// Either form, blanks around it allowed:
//   "2026-01-02T03:04:05.25+01:00", "2026-01-02 03:04:05Z" (RFC 3339; the offset is required)
//   "Fri, 2 Jan 2026 03:04:05 +0100 (CET)", "2 Jan 26 03:04 GMT" (RFC 5322 with its obsolete zones and years)
// Nothing for anything else, for a day the month does not have, or for a year before 1970.
// A leap second counts as the second after.
[[nodiscard]] std::optional<Time> parse_date(std::string_view text);

}  // namespace penstock::mime
