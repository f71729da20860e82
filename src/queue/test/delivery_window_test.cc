// SPDX-License-Identifier: Apache-2.0
#include "queue/delivery_window.h"

#include "base/rng.h"
#include "queue/errc.h"
#include "queue/test/civil.h"
#include "queue/test/tzif.h"

using namespace penstock;
using namespace penstock::queue;
using namespace std::chrono_literals;

namespace {

DeliveryWindow window(const char* days, const char* hours, const char* zone = "UTC") {
  auto rules = load_zone(zone);
  EXPECT_TRUE(rules) << zone << ": the tests need the package tzdata";
  auto made = DeliveryWindow::make(days, hours, std::move(*rules));
  EXPECT_TRUE(made);
  return *made;
}

}  // namespace

// 2026-06-01 is a Monday.

TEST(DeliveryWindow, DefaultIsAlwaysOpen) {
  const DeliveryWindow always;
  const Time now = utc(2026, 6, 1, 3);
  EXPECT_EQ(always.opens(now), now);
  EXPECT_TRUE(always.open(now));
  EXPECT_EQ(always.closes(now), std::nullopt);
  EXPECT_EQ(window("mon-sun", "00:00-24:00", "Europe/Berlin").closes(now), std::nullopt);
}

TEST(DeliveryWindow, OpensAndClosesAtItsHours) {
  const DeliveryWindow day = window("mon-sun", "08:00-22:00");
  EXPECT_EQ(day.opens(utc(2026, 6, 1, 7, 59, 59)), utc(2026, 6, 1, 8));
  EXPECT_TRUE(day.open(utc(2026, 6, 1, 8)));
  EXPECT_TRUE(day.open(utc(2026, 6, 1, 22) - 1us));
  EXPECT_FALSE(day.open(utc(2026, 6, 1, 22)));
  EXPECT_EQ(day.opens(utc(2026, 6, 1, 22)), utc(2026, 6, 2, 8));
  EXPECT_EQ(day.closes(utc(2026, 6, 1, 9)), utc(2026, 6, 1, 22));
  EXPECT_EQ(day.closes(utc(2026, 6, 1, 7)), std::nullopt) << "it is closed";
}

TEST(DeliveryWindow, HoursAreThoseOfTheZone) {
  const DeliveryWindow berlin = window("mon-fri", "09:00-17:00", "Europe/Berlin");
  EXPECT_EQ(berlin.opens(utc(2026, 6, 1, 0)), utc(2026, 6, 1, 7)) << "summer";
  EXPECT_EQ(berlin.opens(utc(2026, 12, 1, 0)), utc(2026, 12, 1, 8)) << "winter";
  const DeliveryWindow york = window("mon", "00:00-24:00", "America/New_York");
  EXPECT_EQ(york.opens(utc(2026, 6, 1, 0)), utc(2026, 6, 1, 4)) << "it is still Sunday there";
  EXPECT_EQ(york.closes(utc(2026, 6, 2, 3, 59)), utc(2026, 6, 2, 4));
}

TEST(DeliveryWindow, DaysAreKept) {
  const DeliveryWindow workdays = window("mon-fri", "08:00-20:00");
  EXPECT_EQ(workdays.opens(utc(2026, 6, 5, 21)), utc(2026, 6, 8, 8)) << "from Friday evening to Monday";
  const DeliveryWindow sunday = window("sun", "10:00-11:00");
  EXPECT_EQ(sunday.opens(utc(2026, 6, 7, 11)), utc(2026, 6, 14, 10)) << "a whole week";
  const DeliveryWindow around = window("fri-mon,wed", "08:00-09:00");
  for (const unsigned day : {1U, 3U, 5U, 6U, 7U}) EXPECT_TRUE(around.open(utc(2026, 6, day, 8))) << day;
  for (const unsigned day : {2U, 4U}) EXPECT_FALSE(around.open(utc(2026, 6, day, 8))) << day;
}

TEST(DeliveryWindow, NightBelongsToTheDayOnWhichItBegins) {
  const DeliveryWindow night = window("fri", "22:00-06:00");
  EXPECT_FALSE(night.open(utc(2026, 6, 5, 3)));
  EXPECT_EQ(night.opens(utc(2026, 6, 5, 3)), utc(2026, 6, 5, 22));
  EXPECT_TRUE(night.open(utc(2026, 6, 6, 5, 59)));
  EXPECT_FALSE(night.open(utc(2026, 6, 6, 6)));
  EXPECT_FALSE(night.open(utc(2026, 6, 6, 23)));
  EXPECT_EQ(night.closes(utc(2026, 6, 5, 23)), utc(2026, 6, 6, 6));
}

TEST(DeliveryWindow, WholeDaysInARowAreOneSpan) {
  const DeliveryWindow workdays = window("mon-fri", "00:00-24:00");
  EXPECT_EQ(workdays.closes(utc(2026, 6, 1, 12)), utc(2026, 6, 6, 0));
  EXPECT_EQ(workdays.closes(utc(2026, 6, 5, 23, 59)), utc(2026, 6, 6, 0));
  EXPECT_EQ(workdays.opens(utc(2026, 6, 6, 0)), utc(2026, 6, 8, 0));
  EXPECT_EQ(window("mon-sat", "06:00-05:59").closes(utc(2026, 6, 1, 12)), utc(2026, 6, 2, 5, 59)) << "a minute's rest";
}

TEST(DeliveryWindow, SpringInBerlin) {
  // 2026-03-29: 02:00 becomes 03:00.
  const DeliveryWindow night = window("mon-sun", "01:00-04:00", "Europe/Berlin");
  EXPECT_EQ(night.opens(utc(2026, 3, 28, 12)), utc(2026, 3, 29, 0));
  EXPECT_EQ(night.closes(utc(2026, 3, 29, 0)), utc(2026, 3, 29, 2)) << "two hours only";
  const DeliveryWindow into_gap = window("mon-sun", "01:00-02:30", "Europe/Berlin");
  EXPECT_EQ(into_gap.closes(utc(2026, 3, 29, 0)), utc(2026, 3, 29, 1, 30));
  const DeliveryWindow morning = window("mon-sun", "08:00-22:00", "Europe/Berlin");
  EXPECT_EQ(morning.opens(utc(2026, 3, 28, 23)), utc(2026, 3, 29, 6)) << "an hour sooner than the day before";
}

TEST(DeliveryWindow, AutumnInBerlin) {
  // 2026-10-25: 03:00 becomes 02:00.
  const DeliveryWindow twice = window("mon-sun", "02:15-02:45", "Europe/Berlin");
  EXPECT_EQ(twice.opens(utc(2026, 10, 24, 12)), utc(2026, 10, 25, 0, 15)) << "the first 02:15";
  EXPECT_EQ(twice.closes(utc(2026, 10, 25, 0, 15)), utc(2026, 10, 25, 1, 45)) << "the last 02:45";
  const DeliveryWindow night = window("sat", "22:00-06:00", "Europe/Berlin");
  EXPECT_EQ(night.closes(utc(2026, 10, 24, 20)), utc(2026, 10, 25, 5)) << "nine hours";
}

TEST(DeliveryWindow, ChangesInNewYork) {
  const DeliveryWindow night = window("sat", "22:00-06:00", "America/New_York");
  EXPECT_EQ(night.opens(utc(2026, 3, 7, 12)), utc(2026, 3, 8, 3));
  EXPECT_EQ(night.closes(utc(2026, 3, 8, 3)), utc(2026, 3, 8, 10)) << "seven hours";
  EXPECT_EQ(night.opens(utc(2026, 10, 31, 12)), utc(2026, 11, 1, 2));
  EXPECT_EQ(night.closes(utc(2026, 11, 1, 2)), utc(2026, 11, 1, 11)) << "nine hours";
}

TEST(DeliveryWindow, ChangesOfHalfAnHourOnLordHowe) {
  const DeliveryWindow night = window("sat", "23:00-05:00", "Australia/Lord_Howe");
  // 2026-04-05, 02:00 becomes 01:30: from +11 to +10:30.
  EXPECT_EQ(night.opens(utc(2026, 4, 4, 0)), utc(2026, 4, 4, 12));
  EXPECT_EQ(night.closes(utc(2026, 4, 4, 12)), utc(2026, 4, 4, 18, 30));
  // 2026-10-04, 02:00 becomes 02:30.
  EXPECT_EQ(night.opens(utc(2026, 10, 3, 0)), utc(2026, 10, 3, 12, 30));
  EXPECT_EQ(night.closes(utc(2026, 10, 3, 12, 30)), utc(2026, 10, 3, 18));
}

TEST(DeliveryWindow, MidnightShownTwiceDoesNotPartWholeDays) {
  // Havana, 2026-11-01: 01:00 becomes 00:00. Sunday and Saturday still meet.
  const DeliveryWindow weekend = window("sat,sun", "00:00-24:00", "America/Havana");
  EXPECT_EQ(weekend.opens(utc(2026, 10, 31, 0)), utc(2026, 10, 31, 4));
  EXPECT_EQ(weekend.closes(utc(2026, 10, 31, 5)), utc(2026, 11, 2, 5));
}

// 02:30-03:00 on Sundays does not come on the one on which clocks go from 02:00 to 03:00.
TEST(DeliveryWindow, SpanThatTheClocksSkipIsLeftOut) {
  const DeliveryWindow skipped = window("sun", "02:30-03:00", "Europe/Berlin");
  for (unsigned day = 23; day <= 29; ++day) {
    const Time now = utc(2026, 3, day, 12);
    EXPECT_EQ(skipped.opens(now), utc(2026, 4, 5, 0, 30)) << day;
    EXPECT_EQ(skipped.closes(now), std::nullopt);
  }
}

// A zone (of an odd file) whose clocks skip the span on each of its days for years.
TEST(DeliveryWindow, SpanThatNeverComesDoesNotStopMail) {
  Tzif tzif{.offsets = {0, 3600}, .footer = "<+01>-1"};
  for (int week = 0; week < 500; ++week) {
    const std::int64_t sunday = civil(2026, 3, 29, 2) + week * std::int64_t{7 * 86400};
    tzif.changes.emplace_back(sunday - 3 * 86400, 0);
    tzif.changes.emplace_back(sunday, 1);
  }
  auto rules = ZoneRules::parse(tzif.bytes());
  ASSERT_TRUE(rules);
  const auto odd = DeliveryWindow::make("sun", "02:30-03:00", std::move(*rules));
  ASSERT_TRUE(odd);
  const Time now = utc(2026, 6, 1, 12);
  EXPECT_GE(odd->opens(now), now);
  EXPECT_LE(odd->opens(now), now + 24h * 366);
}

TEST(DeliveryWindow, WhatCannotBeReadIsRefused) {
  for (const char* days : {"", "monday", "mon-", "-mon", "mon,", ",mon", "mon,,tue", "mon-tue-wed", "Mon", "mon fri"}) {
    const auto made = DeliveryWindow::make(days, "08:00-22:00", {});
    ASSERT_FALSE(made) << days;
    EXPECT_EQ(made.error(), make_error_code(Errc::BadWindow));
    EXPECT_NE(made.error().detail.find("days"), std::string::npos);
  }
  for (const char* hours : {"", "8:00-22:00", "08:00", "08:00-", "-22:00", "08:00-08:00", "08:60-22:00", "08:00-24:01",
                            "24:00-08:00", "22:00-00:00", "08:00 - 22:00", "08:00-22:00-23:00", "aa:bb-cc:dd"}) {
    const auto made = DeliveryWindow::make("mon", hours, {});
    ASSERT_FALSE(made) << hours;
    EXPECT_EQ(made.error(), make_error_code(Errc::BadWindow));
    EXPECT_NE(made.error().detail.find("hours"), std::string::npos);
  }
}

// Whatever the window and the moment: opens() is open, not before now, nothing opens in between, and closes() is shut.
TEST(DeliveryWindow, OpensIsTheFirstOpenMoment) {
  Rng rng(21);
  constexpr std::array kDays{"mon-sun", "mon-fri", "sat,sun", "wed", "fri-mon"};
  constexpr std::array kHours{"08:00-22:00", "22:00-06:00", "00:00-24:00", "02:10-02:50", "01:30-03:30", "23:59-00:01"};
  constexpr std::array kZones{"Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Africa/Casablanca"};
  for (int i = 0; i < 3000; ++i) {
    const char* days = kDays[rng.below(kDays.size())];
    const char* hours = kHours[rng.below(kHours.size())];
    const DeliveryWindow some = window(days, hours, kZones[rng.below(kZones.size())]);
    const Time now = utc(2026, 1, 1, 0) + std::chrono::seconds{rng.below(86400 * 730)};
    const Time opens = some.opens(now);
    ASSERT_GE(opens, now);
    ASSERT_TRUE(some.open(opens)) << days << " " << hours;
    if (opens > now) {
      ASSERT_FALSE(some.open(opens - 1us)) << days << " " << hours;
      const Time between = now + Duration{rng.below(static_cast<std::uint64_t>((opens - now).count()))};
      ASSERT_EQ(some.opens(between), opens) << days << " " << hours;
      continue;
    }
    if (const auto closes = some.closes(now)) {
      ASSERT_GT(*closes, now);
      ASSERT_TRUE(some.open(*closes - 1us)) << days << " " << hours;
      ASSERT_FALSE(some.open(*closes)) << days << " " << hours;
    }
  }
}
