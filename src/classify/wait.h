// SPDX-License-Identifier: Apache-2.0
// told_wait: how long a reply asks us to stay away.
//
// "try again in 10 minutes", "retry after 300 seconds", "come back in 00:05:00", "wait 5 min", "for 1 hour 30 minutes",
// "in ten minutes", in English and with the units of French, German and Spanish. Several units add up. Pure.   Limits:
// between 1 s and 7 days; anything else is nothing.
#pragma once

#include <optional>
#include <string_view>

#include "base/clock.h"

namespace penstock::classify {

// `text` is in lower case and on one line, as Said has it.
[[nodiscard]] std::optional<Duration> told_wait(std::string_view text);

}  // namespace penstock::classify
