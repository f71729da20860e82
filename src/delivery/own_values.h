// SPDX-License-Identifier: Apache-2.0
// What a provider or a domain says of time-outs and back-off mode, over what holds for a wider scope. Pure.
#pragma once

#include "config/config.h"
#include "delivery/plan.h"
#include "shaping/adaptive_policy.h"

namespace penstock::delivery {

// `wide` itself (null: `usual`) when `own` says nothing; else a changed copy.
[[nodiscard]] TimeoutsPtr with(const TimeoutsPtr& wide, const config::OwnTimeouts& own, const Timeouts& usual);

// The same of back-off mode. A share given alone takes the place of the numbers that `wide` has.
[[nodiscard]] shaping::AdaptivePolicyPtr with(const shaping::AdaptivePolicyPtr& wide, const config::Backoff& own);

}  // namespace penstock::delivery
