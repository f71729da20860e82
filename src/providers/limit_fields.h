// SPDX-License-Identifier: Apache-2.0
// The fields of config::Limits one by one, so that layers of them are laid over each other in one place. Pure; what it
// names lives as long as the process.
#pragma once

#include <span>
#include <string>

#include "config/config.h"

namespace penstock::providers {

struct LimitField {
  const char* key;                                    // as in [[provider]]: "connections_floor"
  const char* table;                                  // of provider files: "connections"
  std::string (*text)(const config::Limits& limits);  // as written, without quotes: "20", "10/s"; "" when not set
  void (*copy)(const config::Limits& from, config::Limits& to);
};
[[nodiscard]] std::span<const LimitField> limit_fields();

// What `narrow` leaves open is taken from `wide`. A floor or start that comes from `wide` and is above the narrow
// ceiling is brought down to it: who lowers a ceiling means all of the range.
[[nodiscard]] config::Limits fill(const config::Limits& narrow, const config::Limits& wide);

}  // namespace penstock::providers
