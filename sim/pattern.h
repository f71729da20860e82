// SPDX-License-Identifier: Apache-2.0
// Patterns and numbered families, the two ways in which a scenario names many things at once.
//
// Pure; any thread.   Limits: a family has at most kFamilyMax members.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace penstock::sim {

inline constexpr std::size_t kFamilyMax = 1'000'000;

// `*` stands for any run of characters, `?` for one; letters match without regard to case. An empty pattern matches
// all.
[[nodiscard]] bool matches(std::string_view pattern, std::string_view text);

// "d{1..3}.test" gives d1.test, d2.test, d3.test; "{01..10}" keeps the width; text without braces gives itself.
// Errors: Errc::BadArgument for a second range, a range that falls, or one that is too long.
[[nodiscard]] Result<std::vector<std::string>> expand_family(std::string_view text);

}  // namespace penstock::sim
