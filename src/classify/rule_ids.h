// SPDX-License-Identifier: Apache-2.0
// Ids of rules that outlive their rules: outcomes, limits and counters keep them over a reload of the rules.
//
// Threads: any; takes a lock, so for when rules are read. Memory: each id ever read, once, until the process ends.
#pragma once

#include <string_view>

namespace penstock::classify {

[[nodiscard]] std::string_view lasting_id(std::string_view id);

}  // namespace penstock::classify
