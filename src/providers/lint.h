// SPDX-License-Identifier: Apache-2.0
// lint: whether provider files can do what they say. Part of check-config and of the unit tests over conf/providers.
//
// Finds what one file alone does not show: two files of one provider, a suffix or domain that two providers claim (one
// of them would be dead), one that a file names twice or that a shorter one of the same file covers already, a
// [[provider]] that matches nothing because no file knows its name, a file that [[provider]] tables leave nothing to
// match, and back-off mode above the ceiling that another table gives. Problems name file, line and remedy.
#pragma once

#include <vector>

#include "config/load.h"
#include "providers/catalog.h"

namespace penstock::providers {

// The files together. `catalog` must have been read with these problems.
void lint(const Catalog& catalog, config::Problems& problems);
// All that concerns providers in a configuration: the folder's files, and the [[provider]] tables against them.
[[nodiscard]] std::vector<config::Problem> lint_config(const config::Config& config);

}  // namespace penstock::providers
