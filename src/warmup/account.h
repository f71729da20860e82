// SPDX-License-Identifier: Apache-2.0
// Account: the warm-up of one vMTA at one provider: what may still go today, how it is spread, what follows tomorrow.
//
// Use:  const std::uint32_t may = account.reserve(20, now, wall);   …   account.settle(may, taken, now, wall);
//       account.note_deferred(…), note_bounced(…), note_complaint(…);   account.roll(now, wall);   account.ledger()
//
// Spreading: recipients are let go one after the other at the pace that uses the allowance up when the hours close. At
// most kBurst of that pace may go at once, and after a pause the pace is at most kCatchUp times the even one, so that
// neither midnight nor a pause nor a restart is followed by a burst. What is reserved and not taken is given back.
// Clocks: the pace runs on `now` (the schedule's time); days are those of `wall`. A day never begins twice: when the
// clock is set back, the day goes on. A day that only a step of the clock ended brings no growth.
// Pure.   Threads: one at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/clock.h"
#include "warmup/plan.h"
#include "warmup/sending_hours.h"
#include "warmup/verdict.h"

namespace penstock::warmup {

// What survives a restart. Also what the operator is shown.
struct Ledger {
  std::int64_t day = 0;            // see SendingHours; 0: not begun
  std::uint64_t planned = 0;       // allowance of the day before any cut
  Step cut = Step::Unproven;       // CutQuarter or CutHalf: the day's allowance was cut
  DayCounts counts;                // of the day
  std::uint64_t taken_before = 0;  // the day before
  std::uint32_t days = 0;          // on which something was taken
  std::uint32_t idle_days = 0;     // since then
  bool finished = false;           // warm: no allowance any more
  bool paused = false;             // by an operator: nothing goes
  std::string paused_by, paused_why;
  Time paused_since{};  // wall
  std::string why;      // of the day's allowance
  friend bool operator==(const Ledger&, const Ledger&) = default;
};

// A plan with what is only known after reading the time zone.
struct Schedule {
  Plan plan;
  SendingHours hours;
  std::string hours_text, zone_text;  // as configured
};
using SchedulePtr = std::shared_ptr<const Schedule>;

// Something an operator may want to read in the event log.
struct Decision {
  std::string text;  // "day 7: 350 may be taken, 200 before: 198 of 200 taken, no bad signs"
};

class Account {
 public:
  static constexpr Duration kBurst{std::chrono::minutes{5}};
  static constexpr double kCatchUp = 2;
  // After so many days in a row without mail, and again after as many more, the allowance falls by a quarter, down to
  // the plan's first: receivers forget.
  static constexpr std::uint32_t kForget = 7;

  Account(SchedulePtr schedule, Ledger ledger);
  void set_schedule(SchedulePtr schedule);  // nullptr: the plan is gone, nothing is limited

  // Recipients that may be sent now, at most `most`; they count as under way until settle().
  [[nodiscard]] std::uint32_t reserve(std::uint32_t most, Time now, Time wall);
  // `taken` of these `reserved` were taken; the others may go again.
  void settle(std::uint32_t reserved, std::uint32_t taken, Time now, Time wall);
  void note_deferred(Time now, Time wall);
  void note_bounced(Time now, Time wall);
  void note_complaint(Time now, Time wall);

  // False: everything may go (no plan, or warm).
  [[nodiscard]] bool limits() const;
  [[nodiscard]] bool waits() const;  // Beyond::Wait
  // How many more could go within that time, those under way not counted; never more than the day has left.
  [[nodiscard]] std::uint64_t room(Duration within, Time now, Time wall);
  [[nodiscard]] std::uint64_t room_now(Time now, Time wall) { return room(Duration::zero(), now, wall); }
  // With Beyond::Warm: how many may stand in line for this vMTA.
  [[nodiscard]] std::uint64_t room_in_line(Time now, Time wall);
  // When the next may go, a guess; later than `now`.
  [[nodiscard]] Time next_room(Time now, Time wall);

  // Begins a new day when there is one. Called by everything above; call it now and then when there is no mail.
  void roll(Time now, Time wall);

  // By an operator, whose name and words are kept with the wall time.
  void pause(std::string by, std::string why, Time wall);
  void resume();
  // Today and from now on as on that day of the plan. False: the plan has no such day.
  bool set_day(std::uint32_t day, Time now, Time wall);

  [[nodiscard]] const Ledger& ledger() const { return ledger_; }
  [[nodiscard]] const SchedulePtr& schedule() const { return schedule_; }
  [[nodiscard]] std::uint64_t allowance() const { return after_cut(ledger_.planned, ledger_.cut); }
  [[nodiscard]] std::uint64_t under_way() const { return under_way_; }
  // Of today's allowance, by the spread: taken, under way, and what may go at once.
  [[nodiscard]] std::uint64_t allowed_so_far(Time now, Time wall);
  // What would follow if the day ended now.
  struct Tomorrow {
    std::uint64_t allowance = 0;
    bool finished = false;
    Verdict verdict;
  };
  [[nodiscard]] Tomorrow tomorrow() const;
  // What was decided since the last call.
  [[nodiscard]] std::optional<Decision> take_decision() { return std::exchange(decision_, std::nullopt); }

 private:
  void accrue(Time now, Time wall);
  void begin_day(std::int64_t day);
  void look_for_signs();
  [[nodiscard]] std::uint64_t left() const;    // of today, those under way not counted
  [[nodiscard]] double pace(Time wall) const;  // recipients a second
  [[nodiscard]] double burst() const;

  SchedulePtr schedule_;
  Ledger ledger_;
  std::uint64_t under_way_ = 0;
  double ready_ = 0;  // may go at once
  std::optional<Time> seen_now_, seen_wall_;
  bool stepped_ = false;  // the clock was set forward during the day
  std::optional<Decision> decision_;
};

}  // namespace penstock::warmup
