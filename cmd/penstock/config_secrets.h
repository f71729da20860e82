// SPDX-License-Identifier: Apache-2.0
// Looks at the files with secrets that a configuration names: private keys and passwords. The daemon refuses those that
// others can use; whoever checks a configuration should hear of it before.
//
// What only this user or this machine cannot see (a file that is not there, or cannot be read) is a warning.
#pragma once

#include <vector>

#include "config/load.h"

namespace penstock::cli {

// Nothing for a configuration with errors.
[[nodiscard]] std::vector<config::Problem> look_at_secrets(const config::Loaded& loaded);

}  // namespace penstock::cli
