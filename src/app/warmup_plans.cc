// SPDX-License-Identifier: Apache-2.0
#include "app/warmup_plans.h"

#include <fmt/format.h>

namespace penstock::app {
namespace {

Result<warmup::SchedulePtr> schedule_of(const config::Warmup& from) {
  auto zone = queue::load_zone(from.zone);
  if (!zone) return fail(zone.error());
  auto hours = warmup::SendingHours::make(from.hours, std::move(*zone));
  if (!hours) return fail(hours.error());
  auto made = std::make_shared<warmup::Schedule>();
  made->plan.days.assign(from.days.begin(), from.days.end());
  made->plan.curve = {from.start, from.growth, from.cap};
  made->plan.bounds = {from.deferral_share, from.bounce_share, from.complaint_share, from.least_answers,
                       from.least_used};
  made->plan.beyond = from.beyond == config::WarmupBeyond::Wait ? warmup::Beyond::Wait : warmup::Beyond::Warm;
  made->plan.ahead = from.ahead;
  made->hours = std::move(*hours);
  made->hours_text = from.hours;
  made->zone_text = from.zone;
  return made;
}

}  // namespace

Result<warmup::SchedulesPtr> make_warmup_plans(const config::Config& config) {
  auto made = std::make_shared<warmup::Schedules>();
  for (std::size_t i = 0; i < config.warmups.size(); ++i) {
    auto schedule = schedule_of(config.warmups[i]);
    if (!schedule) {
      return fail(schedule.error().code, fmt::format("warmup {}: {}", i + 1, schedule.error().detail));
    }
    for (const std::string& vmta : config.warmups[i].vmta) {
      for (const std::string& provider : config.warmups[i].provider) made->by_name[{vmta, provider}] = *schedule;
    }
  }
  return made;
}

}  // namespace penstock::app
