// SPDX-License-Identifier: Apache-2.0
// What one key alone cannot show: names nobody declared, values that contradict each other, open relays, dead rules.
// Pure.
#pragma once

#include "config/config.h"
#include "config/problems.h"
#include "config/table_reader.h"

namespace penstock::config {

// After complete(). `places` says where each key stood.
void check(const Config& config, const Places& places, Problems& problems);

// The first of two streams' matches takes every message that the second would take. Pure; patterns are compared as
// texts, except that a lone "*" takes everything.
[[nodiscard]] bool shadows(const Match& first, const Match& second);

}  // namespace penstock::config
