// SPDX-License-Identifier: Apache-2.0
// How the [dns] table says to ask: one reading of it for the daemon and for the commands that look things up.
#pragma once

#include "config/config.h"
#include "dns/unbound_resolver.h"

namespace penstock::dns {

// Servers, stub zones, trust anchors, time-out and cache of `from`.   Pure; any thread.
[[nodiscard]] UnboundOptions configured(const config::Dns& from);

}  // namespace penstock::dns
