// SPDX-License-Identifier: Apache-2.0
// SendingHours: which day of warming up a moment belongs to, and from when until when that day's allowance is spread.
//
// A day begins when its hours open, in the zone's time; what lies between closing and the next opening belongs to the
// day before. Hours may run over midnight. At a change of the clocks the day is an hour shorter or longer
// (ZoneRules::to_utc says which hour counts).
// Pure.   Threads: const, any.   Errors: queue::Errc::BadWindow.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "queue/zone_rules.h"

namespace penstock::warmup {

class SendingHours {
 public:
  // The whole day, UTC.
  SendingHours() = default;
  [[nodiscard]] static Result<SendingHours> make(std::string_view hours, queue::ZoneRules zone);

  struct Span {
    Time from, until;  // wall
  };
  // Days since 1970-01-01 as the zone's calendars count them.
  [[nodiscard]] std::int64_t day_at(Time wall) const;
  [[nodiscard]] Span span_of(std::int64_t day) const;

 private:
  std::int32_t from_ = 0;       // seconds after local midnight
  std::int32_t until_ = 86400;  // above from_; beyond 86400: on the next day
  queue::ZoneRules zone_;
};

}  // namespace penstock::warmup
