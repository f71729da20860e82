// SPDX-License-Identifier: Apache-2.0
// The table of settings as texts: effective values, and what the manual says.   Pure; any thread.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "config/load.h"
#include "config/schema.h"

namespace penstock::config {

// Every value that is set or has a default, in the manual's order. `origin_of` gets the key's path in Places.
[[nodiscard]] std::vector<Setting> list_settings(const Config& config,
                                                 const std::function<std::string(const std::string&)>& origin_of);

// One line of the manual.
struct KnownSetting {
  std::string table;  // "listener"
  std::string key;    // "max_errors", "retry.expire", "members[].weight"
  std::string kind, bounds;
  std::string default_value;  // as written, or in words; "required"
  bool needs_restart = false;
  std::string help;
};
[[nodiscard]] std::vector<KnownSetting> known_settings();

}  // namespace penstock::config
