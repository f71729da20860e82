// SPDX-License-Identifier: Apache-2.0
// A reaction given as words on the control channel: {"step": "rcpt", "reply": "450 4.2.0 later", "share": "0.5"}.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "base/result.h"
#include "sim/behaviour.h"

namespace penstock::sim {

// Takes the keys of a reaction out of `settings`. Absent when there is no `step`.
// Errors: Errc::BadArgument, naming the key and what was expected.
[[nodiscard]] Result<std::optional<Reaction>> take_reaction(std::map<std::string, std::string>& settings);

// Takes one key out; absent when it is not there.
[[nodiscard]] std::optional<std::string> take(std::map<std::string, std::string>& settings, const std::string& key);

}  // namespace penstock::sim
