// SPDX-License-Identifier: Apache-2.0
// read_provider: the text of one provider file → ProviderData.
//
// Every mistake is a problem with file, line and remedy: unknown tables and keys (with the nearest that exists), values
// of the wrong kind, floor, start and ceiling out of order, a table without reference or standing. Pure; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "config/problems.h"
#include "providers/provider_data.h"

namespace penstock::providers {

// Nothing when the file is no TOML or has an error.
[[nodiscard]] std::optional<ProviderData> read_provider(std::string_view text, const std::string& name,
                                                        config::Problems& problems);

}  // namespace penstock::providers
