// SPDX-License-Identifier: Apache-2.0
// config_lint: what can be told only by who knows the providers and what ships: provider files (providers/lint.h), the
// operator's classification rules (classify/lint.h), which may speak of any provider that is known, providers that
// [[limit]], [[path]] and [[warmup]] name and nobody knows, and shipped rules that [[action]] switches off and that are
// none. One list for `penstock check-config`, the API's check, and a daemon that starts or reloads.
//
// Reads the folders that the configuration names.   Threads: any.   Cost: some milliseconds a hundred rules.
#pragma once

#include <vector>

#include "config/config.h"
#include "config/load.h"

namespace penstock::delivery {

[[nodiscard]] std::vector<config::Problem> lint_config(const config::Config& config);

}  // namespace penstock::delivery
