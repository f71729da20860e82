// SPDX-License-Identifier: Apache-2.0
// JSON as text with plain numbers: Boost.JSON writes 812.5 as 8.125E2, which people and some tools read badly.
// Pure.
#pragma once

#include <boost/json/value.hpp>
#include <string>

namespace penstock::api {

// On one line. Numbers are decimals without an exponent, as short as they can be read back (at most 15 digits behind
// the point); what is no number is null.
[[nodiscard]] std::string to_text(const boost::json::value& value);

}  // namespace penstock::api
