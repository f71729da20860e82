// SPDX-License-Identifier: Apache-2.0
// parse_toml: text → Values. The only place that includes the TOML library, which is slow to compile.
#pragma once

#include <optional>
#include <string_view>

#include "config/problems.h"
#include "config/value.h"

namespace penstock::config {

// The document as a table, its keys in the file's order; nothing when it is not TOML: then one problem says where.
[[nodiscard]] std::optional<Value> parse_toml(std::string_view text, std::uint32_t file, Problems& problems);

}  // namespace penstock::config
