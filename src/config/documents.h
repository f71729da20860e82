// SPDX-License-Identifier: Apache-2.0
// read_documents: the main file and everything it includes, as Values in reading order.
//
// Patterns of `include` are relative to the file that has them. A pattern with "*", "?" or "[" may fit no file; a plain
// name must be there. A file that is named twice is read once.   Limits: 1,000 files, includes 8 deep.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/problems.h"
#include "config/surroundings.h"
#include "config/value.h"

namespace penstock::config {

[[nodiscard]] std::vector<Value> read_documents(std::string_view text, const std::string& name,
                                                const Surroundings& surroundings, Problems& problems);

}  // namespace penstock::config
