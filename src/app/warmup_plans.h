// SPDX-License-Identifier: Apache-2.0
// The warm-up plans of a configuration, with their time zones.   Reads zone files: for start and reload.
#pragma once

#include <vector>

#include "base/result.h"
#include "config/config.h"
#include "delivery/make_plan.h"
#include "warmup/desk.h"

namespace penstock::app {

// Errors: queue::Errc of the zone or the hours; the detail names the plan.
[[nodiscard]] Result<warmup::SchedulesPtr> make_warmup_plans(const config::Config& config);
// A plan for a provider that nothing is known of never counts anything.
[[nodiscard]] std::vector<delivery::PlanWarning> warnings_of_warmups(const config::Config& config,
                                                                     const delivery::Plan& plan,
                                                                     const model::NameTable& names);

}  // namespace penstock::app
