// SPDX-License-Identifier: Apache-2.0
// How the descriptors that the system lets us have are shared out, so that neither slow receivers nor many clients can
// take those that the spool, the event log, DNS and the operator's socket need.   Pure; any thread.
#pragma once

#include <cstdint>
#include <vector>

#include "config/config.h"
#include "delivery/make_plan.h"

namespace penstock::app {

struct DescriptorShares {
  std::uint32_t own = 0;       // spool, logs, databases, DNS, HTTP: an eighth, at least 64, at most 4,096
  std::uint32_t incoming = 0;  // of all listeners: what they ask for, at most three quarters of the rest
  std::uint32_t outgoing = 0;  // to receivers: what is left
};

// `limit`: RLIMIT_NOFILE. `incoming_wanted`: the sum of max_connections over the listeners. Never 0 for the last two.
[[nodiscard]] DescriptorShares share_descriptors(std::uint64_t limit, std::uint64_t incoming_wanted);

// For the descriptors that the system lets this process have now.
[[nodiscard]] DescriptorShares share_descriptors(const config::Config& config);

// Bounds of the configuration that are more than the shares allow.
[[nodiscard]] std::vector<delivery::PlanWarning> warnings_of_descriptors(const config::Config& config,
                                                                         const DescriptorShares& shares);

}  // namespace penstock::app
