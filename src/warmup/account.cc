// SPDX-License-Identifier: Apache-2.0
#include "warmup/account.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

namespace penstock::warmup {
namespace {

// Clocks of one machine drift apart by less than this between two looks.
constexpr Duration kStep{std::chrono::minutes{30}};
// A day's number may be behind the clock's by one when the clock is set back around midnight.
constexpr std::int64_t kBackMost = 1;
constexpr Duration kLookAgain{std::chrono::seconds{15}};

double seconds(Duration duration) {
  return std::chrono::duration<double>(duration).count();
}

}  // namespace

Account::Account(SchedulePtr schedule, Ledger ledger) : ledger_(std::move(ledger)) {
  set_schedule(std::move(schedule));
}

// What the receiver has got used to stays; the new plan says how to go on from there.
void Account::set_schedule(SchedulePtr schedule) {
  schedule_ = std::move(schedule);
  if (!schedule_) return;
  const Plan& plan = schedule_->plan;
  if (ledger_.planned == 0) ledger_.planned = plan.first();
  if (ledger_.planned < plan.last()) ledger_.finished = false;
  ledger_.planned = std::min(ledger_.planned, plan.last());
}

bool Account::limits() const {
  return schedule_ && (!ledger_.finished || ledger_.paused);
}

bool Account::waits() const {
  return schedule_ && schedule_->plan.beyond == Beyond::Wait;
}

std::uint64_t Account::left() const {
  if (ledger_.paused) return 0;
  const std::uint64_t used = ledger_.counts.taken + under_way_;
  return allowance() > used ? allowance() - used : 0;
}

double Account::burst() const {
  const SendingHours::Span span = schedule_->hours.span_of(ledger_.day);
  return std::max(1.0, static_cast<double>(allowance()) * seconds(kBurst) / seconds(span.until - span.from));
}

double Account::pace(Time wall) const {
  const SendingHours::Span span = schedule_->hours.span_of(ledger_.day);
  if (wall < span.from || wall >= span.until) return 0;
  const double even = static_cast<double>(allowance()) / seconds(span.until - span.from);
  const double waiting = std::max(0.0, static_cast<double>(left()) - ready_);
  return std::min(waiting / seconds(span.until - wall), kCatchUp * even);
}

void Account::accrue(Time now, Time wall) {
  if (!schedule_) return;
  roll(now, wall);
  const Duration since = seen_now_ ? std::max(now - *seen_now_, Duration::zero()) : Duration::zero();
  const SendingHours::Span span = schedule_->hours.span_of(ledger_.day);
  if (wall < span.from || wall >= span.until) {
    ready_ = 0;
  } else {
    // Not for the time before the hours opened.
    const Duration open = std::min(since, std::max(wall - span.from, Duration::zero()));
    ready_ = std::min(ready_ + pace(wall) * seconds(open), burst());
  }
  ready_ = std::min(ready_, static_cast<double>(left()));
  seen_now_ = now;
  seen_wall_ = wall;
}

std::uint32_t Account::reserve(std::uint32_t most, Time now, Time wall) {
  accrue(now, wall);
  std::uint32_t granted = most;
  if (limits()) granted = static_cast<std::uint32_t>(std::min<double>(most, std::floor(ready_ + 1e-9)));
  under_way_ += granted;
  ready_ = std::max(0.0, ready_ - granted);
  return granted;
}

void Account::settle(std::uint32_t reserved, std::uint32_t taken, Time now, Time wall) {
  accrue(now, wall);
  under_way_ -= std::min<std::uint64_t>(reserved, under_way_);
  ledger_.counts.taken += taken;
  if (!schedule_) return;
  if (reserved > taken) ready_ = std::min(ready_ + (reserved - taken), burst());
  ready_ = std::min(ready_, static_cast<double>(left()));
  if (taken > 0) look_for_signs();
}

void Account::note_deferred(Time now, Time wall) {
  accrue(now, wall);
  ++ledger_.counts.deferred;
  look_for_signs();
}

void Account::note_bounced(Time now, Time wall) {
  accrue(now, wall);
  ++ledger_.counts.bounced;
  look_for_signs();
}

void Account::note_complaint(Time now, Time wall) {
  accrue(now, wall);
  ++ledger_.counts.complaints;
  look_for_signs();
}

// A cut takes effect at once and stays for the day: what was said is not unsaid by a few good answers.
void Account::look_for_signs() {
  if (!schedule_ || ledger_.finished) return;
  const Verdict verdict = judge(ledger_.counts, ledger_.planned, ledger_.taken_before, schedule_->plan.bounds);
  if (verdict.step < Step::CutQuarter || verdict.step <= ledger_.cut) return;
  const std::uint64_t before = allowance();
  ledger_.cut = verdict.step;
  ledger_.why = fmt::format("cut from {} to {} during the day: {}", before, allowance(), verdict.why);
  ready_ = std::min(ready_, static_cast<double>(left()));
  decision_ = Decision{ledger_.why};
}

void Account::roll(Time now, Time wall) {
  if (!schedule_) return;
  if (seen_wall_ && (wall - *seen_wall_) - (now - *seen_now_) > kStep) stepped_ = true;
  const std::int64_t day = schedule_->hours.day_at(wall);
  if (day > ledger_.day) {
    begin_day(day);
  } else if (day + kBackMost < ledger_.day) {
    // The clock was wrong before and is right now: what counted goes on to count, on the day that it is.
    ledger_.day = day;
    stepped_ = true;
  }
}

void Account::begin_day(std::int64_t day) {
  if (ledger_.day == 0) {
    ledger_.day = day;
    ledger_.why = fmt::format("the plan's day {}", schedule_->plan.day_of(ledger_.planned));
    return;
  }
  const std::uint64_t before = allowance();
  const Tomorrow next = tomorrow();
  const auto passed = static_cast<std::uint32_t>(std::min<std::int64_t>(day - ledger_.day, 10'000));
  const bool idle = ledger_.counts.taken == 0;
  const std::uint32_t idle_before = idle ? ledger_.idle_days : 0;
  ledger_.idle_days = idle_before + passed - (idle ? 0 : 1);
  ledger_.days += idle ? 0 : 1;
  ledger_.taken_before = passed == 1 ? ledger_.counts.taken : 0;
  ledger_.counts = {};
  ledger_.cut = Step::Unproven;
  ledger_.day = day;
  ready_ = 0;
  const bool stepped = std::exchange(stepped_, false);
  if (ledger_.finished) return;
  ledger_.planned = stepped ? std::min(next.allowance, before) : next.allowance;
  ledger_.finished = next.finished && !stepped;
  ledger_.why = stepped ? "the clock was set forward: the same again" : next.verdict.why;
  const std::uint64_t least = std::min(ledger_.planned, schedule_->plan.first());
  for (std::uint32_t weeks = ledger_.idle_days / kForget - idle_before / kForget; weeks > 0; --weeks) {
    ledger_.planned = std::max(after_cut(ledger_.planned, Step::CutQuarter), least);
    ledger_.why = fmt::format("no mail for {} days", ledger_.idle_days);
  }
  const std::string what = ledger_.finished ? std::string("warm, no allowance any more")
                                            : fmt::format("{} may be taken, {} before", ledger_.planned, before);
  if (ledger_.finished || ledger_.planned != before) decision_ = Decision{what + ": " + ledger_.why};
}

Account::Tomorrow Account::tomorrow() const {
  Tomorrow next;
  if (!schedule_ || ledger_.finished) return {0, ledger_.finished, {Step::Grow, "warm"}};
  const Plan& plan = schedule_->plan;
  next.verdict = judge(ledger_.counts, allowance(), ledger_.taken_before, plan.bounds);
  next.allowance = allowance();
  if (ledger_.cut != Step::Unproven) {
    next.verdict = {ledger_.cut, ledger_.why};
    next.allowance = std::max(next.allowance, (plan.first() + 1) / 2);  // bad weeks do not end in nothing
  } else if (next.verdict.step == Step::Grow) {
    next.finished = ledger_.planned >= plan.last();
    next.allowance = plan.after(ledger_.planned);
  }
  return next;
}

void Account::pause(std::string by, std::string why, Time wall) {
  if (!ledger_.paused) ledger_.paused_since = wall;
  ledger_.paused = true;
  ledger_.paused_by = std::move(by);
  ledger_.paused_why = std::move(why);
}

void Account::resume() {
  ledger_.paused = false;
  ledger_.paused_by.clear();
  ledger_.paused_why.clear();
  ledger_.paused_since = {};
}

bool Account::set_day(std::uint32_t day, Time now, Time wall) {
  if (!schedule_) return false;
  const std::uint64_t allowance = schedule_->plan.of_day(day);
  if (allowance == 0) return false;
  roll(now, wall);
  ledger_.planned = allowance;
  ledger_.cut = Step::Unproven;
  ledger_.finished = false;
  ledger_.idle_days = 0;
  ledger_.why = fmt::format("an operator set the plan's day {}", day);
  ready_ = 0;
  return true;
}

std::uint64_t Account::room(Duration within, Time now, Time wall) {
  accrue(now, wall);
  if (!limits()) return UINT64_MAX;
  const Time until = schedule_->hours.span_of(ledger_.day).until;
  const Duration open = std::clamp(until - wall, Duration::zero(), within);
  const double could = ready_ + pace(wall) * seconds(open);
  return static_cast<std::uint64_t>(std::min(std::floor(could + 1e-9), static_cast<double>(left())));
}

std::uint64_t Account::room_in_line(Time now, Time wall) {
  return schedule_ ? room(schedule_->plan.ahead, now, wall) : UINT64_MAX;
}

std::uint64_t Account::allowed_so_far(Time now, Time wall) {
  return ledger_.counts.taken + under_way_ + room_now(now, wall);
}

Time Account::next_room(Time now, Time wall) {
  const Time soon = now + kLookAgain;
  if (!limits() || room_now(now, wall) > 0) return now + Duration{1};
  const double rate = pace(wall);
  if (rate <= 0) return soon;
  return std::min(soon, now + std::max(Duration{1000}, Duration{std::llround((1 - ready_) / rate * 1e6)}));
}

}  // namespace penstock::warmup
