// SPDX-License-Identifier: Apache-2.0
// How much a test does. Sanitizers make it some ten times slower and look at memory and threads, not at rare schedules,
// so a random test may do less there.
#pragma once

#include <chrono>

namespace penstock {

template <typename T>
constexpr T effort([[maybe_unused]] T full, [[maybe_unused]] T sanitized) {
#ifdef PENSTOCK_SANITIZED
  return sanitized;
#else
  return full;
#endif
}

// How long a test waits for what must happen before it fails.
constexpr std::chrono::seconds kPatience{effort(10, 60)};

}  // namespace penstock
