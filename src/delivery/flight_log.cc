// SPDX-License-Identifier: Apache-2.0
#include "delivery/flight_log.h"

namespace penstock::delivery {

std::uint64_t FlightLog::begin(std::span<const queue::QueuedRecipient> recipients, const queue::Place& place) {
  ++last_;
  Group group;
  group.recipients.assign(recipients.begin(), recipients.end());
  group.place = place;
  flights_.emplace_hint(flights_.end(), last_, std::move(group));
  return last_;
}

void FlightLog::visit(const Visitor& visitor) const {
  for (const auto& [number, group] : flights_) {
    for (const queue::QueuedRecipient& recipient : group.recipients) visitor(recipient, group.place);
  }
}

}  // namespace penstock::delivery
