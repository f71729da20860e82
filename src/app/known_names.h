// SPDX-License-Identifier: Apache-2.0
// check_names: whether the streams, vMTAs and providers that a selection names exist, so that a mistyped name is no
// command that did nothing.
//
// A name that some queued mail carries exists too: mail of a stream that was taken out of the configuration has to be
// reached. Tenants, campaigns and domains are free words.
// Threads: not on a shard; it looks through the queues when a name is not configured.
// Errors: api::Errc::NotFound, with the nearest name there is.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "api/shaping_operations.h"
#include "api/types.h"
#include "app/node.h"
#include "base/result.h"

namespace penstock::app {

[[nodiscard]] Result<> check_names(Node& node, const api::Selection& selection);

// The same of the names in a tuple of an action; pools too.
[[nodiscard]] Result<> check_names(Node& node, const api::Tuple& tuple);

// "no stream "markting" is configured; did you mean "marketing"?"
[[nodiscard]] std::string not_configured(std::string_view kind, const std::string& name,
                                         std::span<const std::string> known);
[[nodiscard]] std::vector<std::string> stream_names(const config::Config& config);
[[nodiscard]] std::vector<std::string> vmta_names(const config::Config& config);

}  // namespace penstock::app
