// SPDX-License-Identifier: Apache-2.0
#include "warmup/sending_hours.h"

#include <gtest/gtest.h>

namespace penstock::warmup {
namespace {

using namespace std::chrono_literals;

Time utc(int year, unsigned month, unsigned day, Duration at = {}) {
  return Time{std::chrono::sys_days{std::chrono::year{year} / std::chrono::month{month} / std::chrono::day{day}}} + at;
}

SendingHours make(std::string_view hours, std::string_view zone = "UTC") {
  auto rules = queue::load_zone(zone);
  if (!rules) return {};
  return SendingHours::make(hours, std::move(*rules)).value();
}

TEST(SendingHours, WholeDayInUtcTurnsAtMidnight) {
  const SendingHours hours;
  const std::int64_t day = hours.day_at(utc(2026, 11, 25));
  EXPECT_EQ(hours.day_at(utc(2026, 11, 25, 24h) - Duration{1}), day);
  EXPECT_EQ(hours.day_at(utc(2026, 11, 26)), day + 1);
  EXPECT_EQ(hours.span_of(day).from, utc(2026, 11, 25));
  EXPECT_EQ(hours.span_of(day).until, utc(2026, 11, 26));
}

TEST(SendingHours, NightBelongsToTheDayBefore) {
  const SendingHours hours = make("08:00-20:00");
  const std::int64_t day = hours.day_at(utc(2026, 11, 25, 8h));
  EXPECT_EQ(hours.day_at(utc(2026, 11, 25, 23h)), day);
  EXPECT_EQ(hours.day_at(utc(2026, 11, 26, 7h + 59min)), day);
  EXPECT_EQ(hours.day_at(utc(2026, 11, 26, 8h)), day + 1);
  EXPECT_EQ(hours.span_of(day).until, utc(2026, 11, 25, 20h));
}

TEST(SendingHours, HoursMayRunOverMidnight) {
  const SendingHours hours = make("22:00-06:00");
  const std::int64_t day = hours.day_at(utc(2026, 11, 25, 23h));
  EXPECT_EQ(hours.day_at(utc(2026, 11, 26, 5h)), day);
  EXPECT_EQ(hours.day_at(utc(2026, 11, 26, 21h)), day);
  EXPECT_EQ(hours.span_of(day).until, utc(2026, 11, 26, 6h));
}

TEST(SendingHours, DaysAreThoseOfTheZone) {
  const SendingHours hours = make("00:00-24:00", "Europe/Berlin");
  const std::int64_t day = hours.day_at(utc(2026, 11, 25, 12h));
  EXPECT_EQ(hours.day_at(utc(2026, 11, 24, 23h)), day);  // 00:00 in Berlin
  EXPECT_EQ(hours.day_at(utc(2026, 11, 24, 23h) - Duration{1}), day - 1);
}

TEST(SendingHours, ChangesOfTheClocksMakeLongAndShortDays) {
  const SendingHours hours = make("00:00-24:00", "Europe/Berlin");
  const auto length = [&](Time at) {
    const SendingHours::Span span = hours.span_of(hours.day_at(at));
    return span.until - span.from;
  };
  EXPECT_EQ(length(utc(2026, 3, 29, 12h)), 23h);
  EXPECT_EQ(length(utc(2026, 10, 25, 12h)), 25h);
  // No moment belongs to no day or to two.
  for (Time at = utc(2026, 10, 24); at < utc(2026, 10, 27); at += 7min) {
    const SendingHours::Span span = hours.span_of(hours.day_at(at));
    EXPECT_LE(span.from, at);
    EXPECT_GT(span.until, at);
  }
}

TEST(SendingHours, BadHoursAreRefused) {
  EXPECT_FALSE(SendingHours::make("8-20", {}));
  EXPECT_FALSE(SendingHours::make("08:00-08:00", {}));
}

}  // namespace
}  // namespace penstock::warmup
