// SPDX-License-Identifier: Apache-2.0
#include "warmup/sending_hours.h"

#include <algorithm>

#include "queue/delivery_window.h"

namespace penstock::warmup {
namespace {

constexpr std::int64_t kDaySeconds = 86400;

}  // namespace

Result<SendingHours> SendingHours::make(std::string_view hours, queue::ZoneRules zone) {
  const auto read = queue::parse_hours(hours);
  if (!read) return fail(read.error());
  SendingHours made;
  made.from_ = read->from;
  made.until_ = read->until;
  made.zone_ = std::move(zone);
  return made;
}

std::int64_t SendingHours::day_at(Time wall) const {
  const std::int64_t utc = std::chrono::floor<std::chrono::seconds>(wall).time_since_epoch().count();
  const std::int64_t local = utc + zone_.offset_at(utc);
  // Clocks that were set back show an hour twice; the opening that was, stays.
  std::int64_t day = local / kDaySeconds - (local % kDaySeconds < 0 ? 1 : 0) + 1;
  while (span_of(day).from > wall) --day;
  return day;
}

SendingHours::Span SendingHours::span_of(std::int64_t day) const {
  const std::int64_t midnight = day * kDaySeconds;
  const Time from{std::chrono::seconds{zone_.to_utc(midnight + from_, queue::ZoneRules::Twice::First)}};
  const Time until{std::chrono::seconds{zone_.to_utc(midnight + until_, queue::ZoneRules::Twice::Last)}};
  // Hours that the clocks skip altogether leave a second, in which next to nothing goes.
  return {from, std::max(until, from + Duration{std::chrono::seconds{1}})};
}

}  // namespace penstock::warmup
