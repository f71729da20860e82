// SPDX-License-Identifier: Apache-2.0
#include "warmup/account.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "base/rng.h"

namespace penstock::warmup {
namespace {

using namespace std::chrono_literals;

const Time kMidnight{std::chrono::sys_days{std::chrono::year{2026} / 11 / 25}};

std::shared_ptr<Schedule> make_schedule(std::vector<std::uint64_t> days, std::string_view hours = "00:00-24:00") {
  auto schedule = std::make_shared<Schedule>();
  schedule->plan.days = std::move(days);
  schedule->hours = SendingHours::make(hours, {}).value();
  return schedule;
}

// Mail without end, taken at once: what an account lets go in simulated time.
class Sender {
 public:
  explicit Sender(SchedulePtr schedule, Ledger ledger = {}) : account(std::move(schedule), std::move(ledger)) {}

  // Sends all that may go, in steps of `step`, for `how_long`; of a hundred answers so many are deferrals. Returns
  // what was taken.
  std::uint64_t send(Duration how_long, unsigned deferred_percent = 0, Duration step = 30s) {
    std::uint64_t taken = 0;
    for (const Time end = now + how_long; now < end; pass(step)) taken += send_now(deferred_percent);
    return taken;
  }
  std::uint64_t send_now(unsigned deferred_percent = 0) {
    std::uint64_t taken = 0;
    const std::uint32_t may = account.reserve(1000, now, wall);
    most_at_once = std::max<std::uint64_t>(most_at_once, may);
    std::uint32_t good = 0;
    for (std::uint32_t i = 0; i < may; ++i) good += rng.below(100) >= deferred_percent ? 1 : 0;
    account.settle(may, good, now, wall);
    for (std::uint32_t i = good; i < may; ++i) account.note_deferred(now, wall);
    return taken + good;
  }
  void pass(Duration by) {
    now += by;
    wall += by;
  }

  Account account;
  Time now = kMidnight, wall = kMidnight;
  std::uint64_t most_at_once = 0;
  Rng rng{7};
};

TEST(Account, DaysAllowanceIsTakenAndNoMore) {
  Sender sender(make_schedule({1000, 2000}));
  const std::uint64_t taken = sender.send(24h);
  EXPECT_LE(taken, 1000U);
  EXPECT_GE(taken, 995U);
}

TEST(Account, AllowanceIsSpreadOverTheHours) {
  Sender sender(make_schedule({2400, 4800}, "08:00-20:00"));
  EXPECT_EQ(sender.send(8h), 0U);
  for (int hour = 0; hour < 12; ++hour) EXPECT_NEAR(static_cast<double>(sender.send(1h)), 200, 20) << hour;
  EXPECT_EQ(sender.send(4h), 0U);
  EXPECT_LE(sender.most_at_once, 17U);  // five minutes' worth
}

TEST(Account, NothingBurstsAtMidnightOrAfterAPause) {
  Sender sender(make_schedule({2400, 4800}));
  sender.send(6h);
  sender.pass(12h);  // nothing to send
  sender.most_at_once = 0;
  EXPECT_LE(sender.send_now(), 9U);
  // Behind, it goes up to twice as fast as evenly: 100 an hour.
  EXPECT_NEAR(static_cast<double>(sender.send(1h)), 200, 15);
  sender.send(5h);
  sender.most_at_once = 0;
  sender.send(2h);  // over midnight
  EXPECT_LE(sender.most_at_once, 17U);
}

TEST(Account, GoodDaysFollowThePlanUntilItIsWarm) {
  Sender sender(make_schedule({50, 100, 200}));
  std::vector<std::uint64_t> days;
  for (int day = 0; day < 3; ++day) {
    days.push_back(sender.send(24h));
    sender.account.roll(sender.now, sender.wall);
  }
  EXPECT_GE(days[0], 48U);
  EXPECT_LE(days[0], 50U);
  EXPECT_GE(days[1], 97U);
  EXPECT_LE(days[1], 100U);
  EXPECT_GE(days[2], 195U);
  EXPECT_TRUE(sender.account.ledger().finished);
  EXPECT_FALSE(sender.account.limits());
  EXPECT_EQ(sender.account.reserve(100'000, sender.now, sender.wall), 100'000U);
}

TEST(Account, WhatWasNotTakenMayGoAgain) {
  Sender sender(make_schedule({1000, 2000}));
  // Half of the attempts come to nothing, for reasons that say nothing of us.
  std::uint64_t taken = 0;
  for (const Time end = sender.now + 24h; sender.now < end; sender.pass(10s)) {
    const std::uint32_t may = sender.account.reserve(100, sender.now, sender.wall);
    sender.account.settle(may, may / 2, sender.now, sender.wall);
    taken += may / 2;
  }
  EXPECT_LE(taken, 1000U);
  EXPECT_GE(taken, 950U);
}

TEST(Account, UnderWayCountsUntilItIsSettled) {
  Sender sender(make_schedule({24 * 60, 5000}));
  std::uint32_t reserved = 0;
  for (int i = 0; i < 100 * 60; ++i, sender.pass(1min)) reserved += sender.account.reserve(10, sender.now, sender.wall);
  EXPECT_LE(reserved, 24U * 60 + 1);  // of four days, and nothing was taken
  sender.account.settle(reserved, 0, sender.now, sender.wall);
  EXPECT_EQ(sender.account.under_way(), 0U);
}

TEST(Account, BadSignsCutTheDayAtOnceAndStopTheGrowth) {
  Sender sender(make_schedule({1000, 2000, 4000}));
  sender.send(24h);
  sender.send(12h, 20);
  EXPECT_EQ(sender.account.ledger().cut, Step::CutQuarter);
  EXPECT_EQ(sender.account.allowance(), 1500U);
  const auto decision = sender.account.take_decision();
  ASSERT_TRUE(decision);
  EXPECT_NE(decision->text.find("deferred"), std::string::npos) << decision->text;
  sender.send(12h, 0);
  sender.account.roll(sender.now, sender.wall);
  EXPECT_EQ(sender.account.allowance(), 1500U);
  sender.send(24h);
  sender.account.roll(sender.now, sender.wall);
  EXPECT_EQ(sender.account.allowance(), 2000U);
}

TEST(Account, BadWeekEndsAtHalfTheFirstDay) {
  Sender sender(make_schedule({100, 200, 400}));
  for (int day = 0; day < 7; ++day) sender.send(24h, 60);
  sender.account.roll(sender.now, sender.wall);
  EXPECT_EQ(sender.account.allowance(), 50U);
  for (int day = 0; day < 3; ++day) sender.send(24h);
  sender.account.roll(sender.now, sender.wall);
  EXPECT_EQ(sender.account.allowance(), 400U);
}

TEST(Account, ComplaintsOfTheNextDayCut) {
  Sender sender(make_schedule({1000, 2000}));
  sender.send(24h);
  sender.send(1h);
  for (int i = 0; i < 8; ++i) sender.account.note_complaint(sender.now, sender.wall);
  EXPECT_EQ(sender.account.ledger().cut, Step::CutHalf);
}

TEST(Account, DayWithoutMailRepeatsAndWeeksForget) {
  Sender sender(make_schedule({1000, 2000, 4000}));
  for (int day = 0; day < 2; ++day) sender.send(24h);
  sender.account.roll(sender.now, sender.wall);
  EXPECT_EQ(sender.account.allowance(), 4000U);
  for (int day = 0; day < 6; ++day) {
    sender.pass(24h);
    sender.account.roll(sender.now, sender.wall);
    EXPECT_EQ(sender.account.allowance(), 4000U);
  }
  sender.pass(24h);
  sender.account.roll(sender.now, sender.wall);
  EXPECT_EQ(sender.account.allowance(), 3000U);
  sender.pass(24h * 100);  // the daemon was off
  sender.account.roll(sender.now, sender.wall);
  EXPECT_EQ(sender.account.allowance(), 1000U);
}

TEST(Account, RestartGoesOnWithTheCounts) {
  Sender before(make_schedule({1000, 2000}));
  const std::uint64_t first = before.send(12h);
  Sender after(make_schedule({1000, 2000}), before.account.ledger());
  after.now = before.now + 1000h;  // another process's schedule
  after.wall = before.wall;
  EXPECT_LE(after.send_now(), 0U);  // nothing was saved up
  const std::uint64_t second = after.send(12h);
  EXPECT_LE(first + second, 1000U);
  EXPECT_GE(first + second, 990U);
}

TEST(Account, RestartsOneAfterTheOtherNeverExceedTheDay) {
  Ledger ledger;
  Time now = kMidnight;
  std::uint64_t taken = 0;
  for (int i = 0; i < 24 * 6; ++i) {
    Sender run(make_schedule({1000, 2000}), ledger);
    run.now = run.wall = now;
    taken += run.send(10min);
    ledger = run.account.ledger();
    now += 10min;
  }
  EXPECT_LE(taken, 1000U);
  EXPECT_GE(taken, 900U);
}

TEST(Account, ClockSetBackBeginsNoDayTwice) {
  Sender sender(make_schedule({1000, 2000, 4000}));
  sender.send(24h);
  std::uint64_t taken = sender.send(1h);
  EXPECT_EQ(sender.account.allowance(), 2000U);
  sender.wall -= 2h;  // yesterday again
  taken += sender.send(2h);
  EXPECT_EQ(sender.account.allowance(), 2000U);
  taken += sender.send(23h);
  EXPECT_LE(taken, 2000U);
  EXPECT_EQ(sender.account.ledger().days, 1U);
}

TEST(Account, ClockThatWasYearsAheadComesBack) {
  Sender sender(make_schedule({1000, 2000}));
  sender.wall += 24h * 3650;
  sender.send(12h);
  sender.wall -= 24h * 3650;
  const std::uint64_t taken = sender.account.ledger().counts.taken;
  sender.send(11h);
  EXPECT_EQ(sender.account.allowance(), 1000U);
  EXPECT_GT(sender.account.ledger().counts.taken, taken);
  EXPECT_LE(sender.account.ledger().counts.taken, 1000U);
}

TEST(Account, DayThatAClockStepEndedBringsNoGrowth) {
  Sender sender(make_schedule({1000, 2000}));
  sender.send(20h);
  sender.wall += 24h;
  sender.account.roll(sender.now, sender.wall);
  EXPECT_EQ(sender.account.allowance(), 1000U);
  EXPECT_LE(sender.send_now(), 4U);
}

TEST(Account, OtherPlanGoesOnFromWhatTheReceiverKnows) {
  Sender sender(make_schedule({1000, 2000, 4000}));
  sender.send(24h);
  sender.account.roll(sender.now, sender.wall);
  sender.account.set_schedule(make_schedule({100, 500, 3000}));
  EXPECT_EQ(sender.account.allowance(), 2000U);
  sender.send(24h);
  sender.account.roll(sender.now, sender.wall);
  EXPECT_EQ(sender.account.allowance(), 3000U);
  sender.account.set_schedule(make_schedule({100, 500}));
  EXPECT_EQ(sender.account.allowance(), 500U);
  sender.account.set_schedule(nullptr);
  EXPECT_FALSE(sender.account.limits());
  EXPECT_EQ(sender.account.reserve(10'000, sender.now, sender.wall), 10'000U);
}

TEST(Account, LongerPlanLimitsAWarmVmtaAgain) {
  Sender sender(make_schedule({1000}));
  sender.send(24h);
  sender.account.roll(sender.now, sender.wall);
  ASSERT_TRUE(sender.account.ledger().finished);
  sender.account.set_schedule(make_schedule({1000, 2000}));
  EXPECT_TRUE(sender.account.limits());
}

TEST(Account, PauseStopsAndResumeDoesNotBurst) {
  Sender sender(make_schedule({2400, 4800}));
  sender.send(1h);
  sender.account.pause("root", "", {});
  EXPECT_EQ(sender.send(3h), 0U);
  sender.account.resume();
  EXPECT_LE(sender.send_now(), 9U);
}

TEST(Account, OperatorSetsTheDay) {
  Sender sender(make_schedule({100, 200, 400}));
  EXPECT_FALSE(sender.account.set_day(4, sender.now, sender.wall));
  EXPECT_TRUE(sender.account.set_day(3, sender.now, sender.wall));
  EXPECT_EQ(sender.account.allowance(), 400U);
  EXPECT_NE(sender.account.ledger().why.find("operator"), std::string::npos);
}

TEST(Account, RoomInLineLooksAhead) {
  Sender sender(make_schedule({2400, 4800}));
  sender.account.roll(sender.now, sender.wall);
  EXPECT_EQ(sender.account.room_now(sender.now, sender.wall), 0U);
  EXPECT_NEAR(static_cast<double>(sender.account.room_in_line(sender.now, sender.wall)), 100, 1);
  sender.pass(23h + 45min);
  EXPECT_LE(sender.account.room_in_line(sender.now, sender.wall), 8U + 50U);
}

TEST(Account, NextRoomIsNeverInThePast) {
  Sender sender(make_schedule({1000, 2000}, "08:00-20:00"));
  EXPECT_EQ(sender.account.next_room(sender.now, sender.wall), sender.now + 15s);
  sender.pass(9h);
  for (int i = 0; i < 1000; ++i) {
    const Time next = sender.account.next_room(sender.now, sender.wall);
    ASSERT_GT(next, sender.now);
    sender.pass(next - sender.now);
    (void)sender.account.reserve(1, sender.now, sender.wall);
  }
  EXPECT_LE(sender.account.under_way(), 1000U);
}

// Whatever happens in whatever order, a day of the sender's own takes no more than its allowance.
TEST(AccountProperty, RandomSchedulesNeverExceedTheDay) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    Rng rng(seed);
    Sender sender(make_schedule({500, 1000, 2000, 4000}));
    std::uint32_t under_way = 0;
    std::map<std::int64_t, std::uint64_t> taken, allowed;
    for (int step = 0; step < 3000; ++step) {
      sender.pass(Duration{static_cast<std::int64_t>(rng.below(240'000'000))});
      if (rng.below(3) != 0)
        under_way += sender.account.reserve(1 + static_cast<std::uint32_t>(rng.below(30)), sender.now, sender.wall);
      if (rng.below(2) == 0 && under_way > 0) {
        const auto part = 1 + static_cast<std::uint32_t>(rng.below(under_way));
        const auto good = static_cast<std::uint32_t>(rng.below(part + 1));
        sender.account.settle(part, good, sender.now, sender.wall);
        under_way -= part;
      }
      if (rng.below(200) == 0) {
        sender.account = Account(sender.account.schedule(), sender.account.ledger());  // a restart
        under_way = 0;
      }
      const Ledger& ledger = sender.account.ledger();
      allowed[ledger.day] = std::max(allowed[ledger.day], ledger.planned);
      taken[ledger.day] = ledger.counts.taken;
    }
    for (const auto& [day, count] : taken) {
      ASSERT_LE(count, allowed[day]) << seed;
    }
  }
}

}  // namespace
}  // namespace penstock::warmup
