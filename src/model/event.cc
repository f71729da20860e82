// SPDX-License-Identifier: Apache-2.0
#include "model/event.h"

#include <array>

#include "base/check.h"

namespace penstock::model {

std::string_view to_string(EventType type) {
  switch (type) {
    case EventType::Accepted: return "accepted";
    case EventType::Rejected: return "rejected";
    case EventType::Delivered: return "delivered";
    case EventType::Deferred: return "deferred";
    case EventType::Bounced: return "bounced";
    case EventType::Expired: return "expired";
    case EventType::Suppressed: return "suppressed";
    case EventType::Held: return "held";
    case EventType::Released: return "released";
    case EventType::BounceReport: return "bounce-report";
    case EventType::Complaint: return "complaint";
    case EventType::Unsubscribed: return "unsubscribed";
    case EventType::Admin: return "admin";
    case EventType::Action: return "action";
    case EventType::Config: return "config";
    case EventType::BulkRules: return "bulk-rules";
    case EventType::Warmup: return "warmup";
  }
  PENSTOCK_UNREACHABLE();
}

std::span<const std::string_view> event_type_names() {
  static const auto kNames = [] {
    std::array<std::string_view, static_cast<std::size_t>(EventType::Warmup) + 1> names;
    for (std::size_t i = 0; i < names.size(); ++i) names[i] = to_string(static_cast<EventType>(i));
    return names;
  }();
  return kNames;
}

}  // namespace penstock::model
