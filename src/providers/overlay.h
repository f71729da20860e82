// SPDX-License-Identifier: Apache-2.0
// Own time-outs and back-off rules of two layers as one: what `narrow` says counts, and where it says nothing, `wide`.
// Pure. (Limits: see limit_fields.h.)
#pragma once

#include "config/config.h"

namespace penstock::providers {

[[nodiscard]] config::OwnTimeouts overlay(const config::OwnTimeouts& narrow, const config::OwnTimeouts& wide);

// A share that `narrow` gives takes the place of the numbers of `wide`.
[[nodiscard]] config::Backoff overlay(const config::Backoff& narrow, const config::Backoff& wide);

}  // namespace penstock::providers
