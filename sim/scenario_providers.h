// SPDX-License-Identifier: Apache-2.0
// The parts of a scenario that make providers: [personality.*], [[timeline]], [[receiver.after]].
//
// Each reads one table and complains to `problems` with file and line.   Threads: one.
#pragma once

#include <string>
#include <vector>

#include "sim/aftermath.h"
#include "sim/personality.h"
#include "sim/toml_fields.h"

namespace penstock::sim {

[[nodiscard]] PersonalitySpec read_personality(const std::string& name, const toml::table& table, Problems& problems);
// Adds the changes of one entry to the personalities it names.
void read_timeline(const toml::table& table, Problems& problems, std::vector<PersonalitySpec>& personalities);
[[nodiscard]] AfterSpec read_after(const toml::table& table, Problems& problems);

}  // namespace penstock::sim
