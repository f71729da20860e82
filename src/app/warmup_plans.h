// SPDX-License-Identifier: Apache-2.0
// The warm-up plans of a configuration, with their time zones.   Reads zone files: for start and reload.
#pragma once

#include "base/result.h"
#include "config/config.h"
#include "warmup/desk.h"

namespace penstock::app {

// Errors: queue::Errc of the zone or the hours; the detail names the plan.
[[nodiscard]] Result<warmup::SchedulesPtr> make_warmup_plans(const config::Config& config);

}  // namespace penstock::app
