// SPDX-License-Identifier: Apache-2.0
// plain_json: JSON as text with plain numbers: Boost.JSON writes 812.5 as 8.125E2, which people and some tools read
// badly. Pure.
#pragma once

#include <boost/json/value.hpp>
#include <string>

namespace penstock {

// On one line. Numbers are decimals without an exponent, as short as they can be read back (at most 15 digits behind
// the point); what is no number is null. What steers a terminal or ends a line for some (characters.h) is escaped.
[[nodiscard]] std::string plain_json(const boost::json::value& value);

}  // namespace penstock
