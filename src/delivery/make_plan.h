// SPDX-License-Identifier: Apache-2.0
// The plan of a configuration. Reads time zone files and asks the machine which addresses it has: for start and reload,
// not for a shard.   Threads: any, one call at a time.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "config/config.h"
#include "delivery/plan.h"

namespace penstock::delivery {

// Something an operator should know of although the plan can be used.
struct PlanWarning {
  std::string part;  // "vmta v2"
  std::string message;
  std::string hint;
};

struct MadePlan {
  PlanPtr plan;
  std::vector<PlanWarning> warnings;
};

// Errors: queue::Errc::UnknownZone, BadZone, BadWindow; the detail names the stream. Errc::BadKey: see dkim_plan.h. A
// vMTA whose address is not on this machine is left out and reported in a warning.
[[nodiscard]] Result<MadePlan> make_plan(const config::Config& config, model::NameTable& names);

}  // namespace penstock::delivery
