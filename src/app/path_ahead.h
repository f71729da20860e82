// SPDX-License-Identifier: Apache-2.0
// What can be told of an egress path before anybody has sent there.
//
// Threads: API threads, while the shards run; they wait for the answer.
#pragma once

#include <cstdint>
#include <optional>

#include "delivery/engine.h"
#include "model/name_table.h"
#include "shaping/path_key.h"

namespace penstock::app {

// Where mail of that domain goes by this route. Asks the first shard, which remembers the answer for its own mail.
// Nothing: the look-up takes longer than the resolver's deadline is by default.
[[nodiscard]] std::optional<delivery::Resolved> look_up(delivery::Engine& engine, model::NameId domain,
                                                        const delivery::Route& route);

// The most connections that the path will have once somebody sends there, as the configuration in force says of its
// vMTA and group. Looks the domain up where the group is one: its path lies within that of its provider or site, which
// may be what limits it. 0: no limit, or not known.
[[nodiscard]] std::uint32_t ceiling_ahead(delivery::Engine& engine, model::NameTable& names,
                                          const shaping::PathKey& key);

}  // namespace penstock::app
