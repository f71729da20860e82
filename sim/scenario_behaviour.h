// SPDX-License-Identifier: Apache-2.0
// The part of a scenario that says how a receiver behaves: [behaviour.*], and the same keys in [[receiver]].
//
// Complains to `problems` with file and line.   Threads: one.
#pragma once

#include "sim/behaviour.h"
#include "sim/toml_fields.h"

namespace penstock::sim {

// What `fields` does not name stays as it is in `behaviour`; its reactions go before those already there.
void read_behaviour(Fields& fields, Problems& problems, Behaviour& behaviour);

}  // namespace penstock::sim
