// SPDX-License-Identifier: Apache-2.0
#include "queue/zone_rules.h"

#include <limits>

#include "base/rng.h"
#include "queue/errc.h"
#include "queue/test/civil.h"
#include "queue/test/tzif.h"

using namespace penstock;
using namespace penstock::queue;
using Twice = ZoneRules::Twice;

namespace {

constexpr std::int32_t kHour = 3600;

ZoneRules zone(const std::string& name) {
  auto rules = load_zone(name);
  EXPECT_TRUE(rules) << name << ": the tests need the package tzdata";
  return rules ? *rules : ZoneRules();
}

ZoneRules with_footer(const std::string& footer) {
  auto rules = ZoneRules::parse(Tzif{.footer = footer}.bytes());
  EXPECT_TRUE(rules) << footer;
  return rules ? *rules : ZoneRules();
}

}  // namespace

TEST(ZoneRules, UtcIsAlwaysZero) {
  EXPECT_EQ(ZoneRules().offset_at(0), 0);
  EXPECT_EQ(zone("UTC").offset_at(civil(2026, 7, 1, 12)), 0);
  EXPECT_EQ(zone("UTC").to_utc(1234, Twice::First), 1234);
  EXPECT_TRUE(load_zone("UTC", "/nowhere"));
}

TEST(ZoneRules, BerlinChangesInMarchAndOctober) {
  const ZoneRules berlin = zone("Europe/Berlin");
  EXPECT_EQ(berlin.offset_at(civil(2026, 3, 29, 0, 59, 59)), kHour);
  EXPECT_EQ(berlin.offset_at(civil(2026, 3, 29, 1)), 2 * kHour);
  EXPECT_EQ(berlin.offset_at(civil(2026, 10, 25, 0, 59, 59)), 2 * kHour);
  EXPECT_EQ(berlin.offset_at(civil(2026, 10, 25, 1)), kHour);
  EXPECT_EQ(berlin.offset_at(civil(1970, 7, 1, 0)), kHour) << "no daylight saving time then";
  EXPECT_EQ(berlin.offset_at(civil(2090, 7, 1, 0)), 2 * kHour) << "by the rule in the footer";
}

TEST(ZoneRules, NewYorkChangesInMarchAndNovember) {
  const ZoneRules york = zone("America/New_York");
  EXPECT_EQ(york.offset_at(civil(2026, 3, 8, 6, 59, 59)), -5 * kHour);
  EXPECT_EQ(york.offset_at(civil(2026, 3, 8, 7)), -4 * kHour);
  EXPECT_EQ(york.offset_at(civil(2026, 11, 1, 5, 59, 59)), -4 * kHour);
  EXPECT_EQ(york.offset_at(civil(2026, 11, 1, 6)), -5 * kHour);
}

TEST(ZoneRules, LordHoweMovesByHalfAnHourInTheSouth) {
  const ZoneRules howe = zone("Australia/Lord_Howe");
  EXPECT_EQ(howe.offset_at(civil(2026, 1, 1, 0)), 11 * kHour);
  EXPECT_EQ(howe.offset_at(civil(2026, 7, 1, 0)), 10 * kHour + kHour / 2);
  // First Sunday of April, 02:00 at +11.
  EXPECT_EQ(howe.offset_at(civil(2026, 4, 4, 14, 59, 59)), 11 * kHour);
  EXPECT_EQ(howe.offset_at(civil(2026, 4, 4, 15)), 10 * kHour + kHour / 2);
}

TEST(ZoneRules, ClocksThatShowATimeTwiceGiveTheOneAskedFor) {
  const ZoneRules berlin = zone("Europe/Berlin");
  const std::int64_t local = civil(2026, 10, 25, 2, 30);
  EXPECT_EQ(berlin.to_utc(local, Twice::First), civil(2026, 10, 25, 0, 30));
  EXPECT_EQ(berlin.to_utc(local, Twice::Last), civil(2026, 10, 25, 1, 30));
}

TEST(ZoneRules, SkippedTimeIsAsFarAfterTheJump) {
  const ZoneRules berlin = zone("Europe/Berlin");
  for (const Twice twice : {Twice::First, Twice::Last})
    EXPECT_EQ(berlin.to_utc(civil(2026, 3, 29, 2, 30), twice), civil(2026, 3, 29, 1, 30)) << "shown as 03:30";
  const ZoneRules howe = zone("Australia/Lord_Howe");
  EXPECT_EQ(howe.to_utc(civil(2026, 10, 4, 2, 15), Twice::First), civil(2026, 10, 3, 15, 45)) << "shown as 02:45";
}

TEST(ZoneRules, SkippedDayOfSamoa) {
  const ZoneRules apia = zone("Pacific/Apia");
  EXPECT_EQ(apia.offset_at(civil(2011, 12, 30, 9, 59)), -10 * kHour);
  EXPECT_EQ(apia.offset_at(civil(2011, 12, 30, 10, 1)), 14 * kHour);
  EXPECT_EQ(apia.to_utc(civil(2011, 12, 30, 12), Twice::First), civil(2011, 12, 30, 22)) << "a day after the jump";
}

// Both ways give the same time wherever clocks run on, through all changes of many years.
TEST(ZoneRules, ThereAndBackAgain) {
  for (const char* name : {"Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "Asia/Gaza",
                           "Africa/Casablanca", "Europe/Dublin", "America/Nuuk", "Pacific/Kiritimati"}) {
    const ZoneRules rules = zone(name);
    Rng rng(1);
    for (int i = 0; i < 2000; ++i) {
      const std::int64_t moment = civil(1990, 1, 1, 0) + static_cast<std::int64_t>(rng.below(3'600'000'000ULL));
      const std::int64_t local = moment + rules.offset_at(moment);
      const std::int64_t first = rules.to_utc(local, Twice::First), last = rules.to_utc(local, Twice::Last);
      ASSERT_TRUE(first == moment || last == moment) << name << " " << moment;
      ASSERT_LE(first, last);
    }
  }
}

// Files list the changes of years that the footer's rule covers too: what one says, the other must say.
TEST(ZoneRules, FooterAgreesWithTheTransitionsThatAreListed) {
  for (const char* name : {"Europe/Berlin", "Europe/Dublin", "America/New_York", "America/Santiago", "America/Nuuk",
                           "Australia/Lord_Howe", "Australia/Sydney", "Asia/Beirut", "Asia/Jerusalem"}) {
    const std::string bytes = zone_bytes(name);
    ASSERT_GT(bytes.size(), 50U) << name;
    const std::size_t start = bytes.rfind('\n', bytes.size() - 2) + 1;
    const ZoneRules listed = zone(name);
    const ZoneRules rule = with_footer(bytes.substr(start, bytes.size() - 1 - start));
    for (std::int64_t at = civil(2025, 1, 1, 0); at < civil(2033, 1, 1, 0); at += 1800)
      ASSERT_EQ(listed.offset_at(at), rule.offset_at(at)) << name << " " << at;
  }
}

TEST(ZoneRules, EveryZoneOfTheSystemIsRead) {
  for (const char* name :
       {"Africa/Cairo", "America/Argentina/Buenos_Aires", "America/Los_Angeles", "Antarctica/Troll", "Asia/Kolkata",
        "Asia/Tehran", "Atlantic/Azores", "Etc/GMT+12", "Pacific/Chatham", "EST5EDT"})
    EXPECT_TRUE(load_zone(name)) << name;
  EXPECT_EQ(zone("Asia/Kolkata").offset_at(civil(2026, 1, 1, 0)), 5 * kHour + kHour / 2);
  EXPECT_EQ(zone("Pacific/Chatham").offset_at(civil(2026, 1, 1, 0)), 13 * kHour + kHour * 3 / 4);
  EXPECT_EQ(zone("Etc/GMT+12").offset_at(0), -12 * kHour);
}

TEST(ZoneFile, UnknownNamesAreRefused) {
  for (const char* name :
       {"", "Mars/Olympus", "../../etc/passwd", "/etc/passwd", "Europe", "Europe/Berlin ", "zone.tab"}) {
    const auto loaded = load_zone(name);
    ASSERT_FALSE(loaded) << name;
    EXPECT_EQ(loaded.error(), make_error_code(Errc::UnknownZone)) << name;
  }
  EXPECT_EQ(load_zone(std::string(100, 'a')).error(), make_error_code(Errc::UnknownZone));
}

TEST(ZoneFile, OldVersionHasNoFooter) {
  const Tzif tzif{.offsets = {3600, 7200}, .changes = {{-1000, 1}, {5000, 0}}, .version = '\0'};
  const auto rules = ZoneRules::parse(tzif.bytes());
  ASSERT_TRUE(rules);
  EXPECT_EQ(rules->offset_at(-1001), 3600);
  EXPECT_EQ(rules->offset_at(-1000), 7200);
  EXPECT_EQ(rules->offset_at(4999), 7200);
  EXPECT_EQ(rules->offset_at(5'000'000'000), 3600) << "the last one stays";
}

TEST(ZoneFile, EmptyFooterLeavesTheLastOffset) {
  const auto rules = ZoneRules::parse(Tzif{.offsets = {0, 3600}, .changes = {{100, 1}}, .footer = ""}.bytes());
  ASSERT_TRUE(rules);
  EXPECT_EQ(rules->offset_at(99), 0);
  EXPECT_EQ(rules->offset_at(5'000'000'000), 3600);
}

TEST(ZoneFile, EveryCutIsNoticed) {
  for (const std::string& whole : {zone_bytes("Europe/Berlin"), Tzif{.offsets = {0, 1}, .changes = {{1, 1}}}.bytes(),
                                   Tzif{.changes = {{1, 0}}, .version = '\0'}.bytes()}) {
    ASSERT_TRUE(ZoneRules::parse(whole));
    for (std::size_t size = 0; size < whole.size(); ++size) {
      const auto cut = ZoneRules::parse(whole.substr(0, size));
      ASSERT_FALSE(cut) << size;
      ASSERT_EQ(cut.error(), make_error_code(Errc::BadZone));
    }
  }
}

TEST(ZoneFile, DamageGivesAnErrorOrRulesNeverMore) {
  const std::string whole = zone_bytes("America/New_York");
  Rng rng(11);
  for (int i = 0; i < 5000; ++i) {
    std::string damaged = whole;
    for (std::uint64_t bytes = 1 + rng.below(4); bytes > 0; --bytes)
      damaged[rng.below(damaged.size())] = static_cast<char>(rng.below(256));
    const auto rules = ZoneRules::parse(damaged);
    if (!rules) continue;
    for (const std::int64_t at : {std::int64_t{0}, civil(2026, 7, 1, 0), civil(2100, 7, 1, 0)})
      ASSERT_LE(std::abs(rules->offset_at(at)), 26 * kHour);
  }
}

TEST(ZoneFile, NonsenseIsRefusedWithAReason) {
  const auto detail_of = [](const Tzif& tzif) {
    const auto rules = ZoneRules::parse(tzif.bytes());
    return rules ? std::string() : rules.error().detail;
  };
  EXPECT_EQ(detail_of({.offsets = {27 * kHour}}), "offset out of range");
  EXPECT_EQ(detail_of({.changes = {{5, 1}}}), "transition of an unknown type");
  EXPECT_EQ(detail_of({.changes = {{5, 0}, {5, 0}}}), "transitions out of order");
  EXPECT_EQ(detail_of({.offsets = {}}), "second header");
  std::string wrong_magic = Tzif{}.bytes();
  wrong_magic[3] = 'F';
  EXPECT_FALSE(ZoneRules::parse(wrong_magic));
  std::string huge = Tzif{}.bytes();
  huge[32] = '\x7F';  // the number of transitions
  EXPECT_FALSE(ZoneRules::parse(huge));
}

TEST(ZoneFooter, FormsThatAreUnderstood) {
  EXPECT_EQ(with_footer("<-03>3").offset_at(0), -3 * kHour);
  EXPECT_EQ(with_footer("<+0545>-5:45").offset_at(0), 5 * kHour + 45 * 60);
  EXPECT_EQ(with_footer("ABC+1:02:03").offset_at(0), -(kHour + 123));
  const ZoneRules julian = with_footer("EST5EDT,J60/0,J300/0");  // March 1 in every year
  EXPECT_EQ(julian.offset_at(civil(2028, 2, 29, 12)), -5 * kHour);
  EXPECT_EQ(julian.offset_at(civil(2028, 3, 1, 12)), -4 * kHour);
  EXPECT_EQ(julian.offset_at(civil(2027, 2, 28, 12)), -5 * kHour);
  EXPECT_EQ(julian.offset_at(civil(2027, 3, 1, 12)), -4 * kHour);
  const ZoneRules counted = with_footer("EST5EDT,59/0,300/0");  // day 59 is February 29 in a leap year
  EXPECT_EQ(counted.offset_at(civil(2028, 2, 29, 12)), -4 * kHour);
  EXPECT_EQ(counted.offset_at(civil(2027, 2, 28, 12)), -5 * kHour);
  EXPECT_EQ(counted.offset_at(civil(2027, 3, 1, 12)), -4 * kHour);
}

TEST(ZoneFooter, RuleWithHoursBeyondItsDay) {
  const ZoneRules gaza = with_footer("EET-2EEST,M3.4.4/50,M10.4.4/50");  // fourth Thursday and two days on
  EXPECT_EQ(gaza.offset_at(civil(2026, 3, 27, 23, 59)), 2 * kHour);
  EXPECT_EQ(gaza.offset_at(civil(2026, 3, 28, 0)), 3 * kHour);
  const ZoneRules nuuk = with_footer("<-02>2<-01>,M3.5.0/-1,M10.5.0/0");
  EXPECT_EQ(nuuk.offset_at(civil(2026, 3, 29, 0, 59)), -2 * kHour);
  EXPECT_EQ(nuuk.offset_at(civil(2026, 3, 29, 1)), -1 * kHour);
}

TEST(ZoneFooter, DaylightSavingAllYear) {
  const ZoneRules always = with_footer("XXX5EDT4,0/0,J365/25");
  for (int month = 1; month <= 12; ++month)
    EXPECT_EQ(always.offset_at(civil(2028, static_cast<unsigned>(month), 1, 4, 59)), -4 * kHour) << month;
  EXPECT_EQ(always.offset_at(civil(2029, 1, 1, 4, 59, 59)), -4 * kHour);
  EXPECT_EQ(always.offset_at(civil(2029, 1, 1, 5)), -4 * kHour);
}

TEST(ZoneFooter, FormsThatAreRefused) {
  for (const char* footer : {"CE",
                             "CET",
                             "CET-1CEST",
                             "CET-25",
                             "CET-1CEST,M3.5.0",
                             "CET-1CEST,M13.5.0,M10.5.0",
                             "CET-1CEST,M3.6.0,M10.5.0",
                             "CET-1CEST,M3.5.7,M10.5.0",
                             "CET-1CEST,J0,J5",
                             "CET-1CEST,J366,J5",
                             "CET-1CEST,366,5",
                             "CET-1CEST,M3.5.0/168,J5",
                             "CET-1CEST,M3.5.0,M10.5.0,",
                             "CET-1:60",
                             "CET--1",
                             "<CET-1",
                             "CET-99999999999999999999",
                             "CET-2000000000",
                             "CET-1CEST,M3.5.0/2147483647,M10.5.0",
                             "CET-1CEST,J-1,J5",
                             "-1",
                             ",",
                             "CET-1 "}) {
    const auto rules = ZoneRules::parse(Tzif{.footer = footer}.bytes());
    ASSERT_FALSE(rules) << footer;
    EXPECT_EQ(rules.error(), make_error_code(Errc::BadZone));
    EXPECT_NE(rules.error().detail.find(footer), std::string::npos);
  }
}

TEST(ZoneFooter, MomentsFarAwayFollowTheRuleToo) {
  const ZoneRules berlin = with_footer("CET-1CEST,M3.5.0,M10.5.0/3");
  EXPECT_EQ(berlin.offset_at(civil(20000, 7, 1, 0)), 2 * kHour);
  const std::int64_t far = std::chrono::floor<std::chrono::seconds>(Time::max()).time_since_epoch().count();
  for (const std::int64_t at : {far, -far}) {
    const std::int32_t offset = berlin.offset_at(at);
    EXPECT_TRUE(offset == kHour || offset == 2 * kHour) << at;
  }
}
