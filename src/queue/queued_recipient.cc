// SPDX-License-Identifier: Apache-2.0
#include "queue/queued_recipient.h"

#include <algorithm>
#include <limits>

#include "base/check.h"

namespace penstock::queue {
namespace {

Second bounded(std::int64_t seconds) {
  return static_cast<Second>(std::clamp<std::int64_t>(seconds, 0, std::numeric_limits<Second>::max()));
}

}  // namespace

Second second_of(Time time) {
  return bounded(std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count());
}

Second due_second(Time time) {
  return bounded(std::chrono::ceil<std::chrono::seconds>(time).time_since_epoch().count());
}

const char* to_string(HoldReason reason) {
  switch (reason) {
    case HoldReason::None: return "none";
    case HoldReason::Operator: return "operator";
    case HoldReason::Paused: return "paused";
    case HoldReason::Wave: return "wave";
    case HoldReason::NoPath: return "no-path";
    case HoldReason::Action: return "action";
    case HoldReason::PutOff: return "put-off";
  }
  PENSTOCK_UNREACHABLE();
}

}  // namespace penstock::queue
