// SPDX-License-Identifier: Apache-2.0
#include "base/units.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

using namespace penstock;
using namespace std::chrono_literals;

TEST(Units, SizesParse) {
  EXPECT_EQ(*parse_size("10 MiB"), 10U << 20);
  EXPECT_EQ(*parse_size("10MiB"), 10U << 20);
  EXPECT_EQ(*parse_size("1.5 KiB"), 1536U);
  EXPECT_EQ(*parse_size("2 kB"), 2000U);
  EXPECT_EQ(*parse_size("77"), 77U);
}

TEST(Units, BadSizesSayWhatIsExpected) {
  for (const char* bad :
       {"", "MiB", "10 Mib", "-1 KiB", "10 MiB x", "1e99 GiB", "ten", "nan", "inf B", "99999999999999999999"}) {
    const auto parsed = parse_size(bad);
    ASSERT_FALSE(parsed) << bad;
    EXPECT_THAT(parsed.error(), testing::HasSubstr("10 MiB"));
  }
}

TEST(Units, DurationsParse) {
  EXPECT_EQ(*parse_duration("30s"), 30s);
  EXPECT_EQ(*parse_duration("5m"), 5min);
  EXPECT_EQ(*parse_duration("5 min"), 5min);
  EXPECT_EQ(*parse_duration("1h30m"), 90min);
  EXPECT_EQ(*parse_duration("3d"), 72h);
  EXPECT_EQ(*parse_duration("250ms"), 250ms);
}

TEST(Units, BadDurationsAreRefused) {
  for (const char* bad : {"", "30", "s", "30 sec", "-5s", "1h x", "1e300d", "nan d"})
    EXPECT_FALSE(parse_duration(bad)) << bad;
}

TEST(Units, RatesParse) {
  EXPECT_EQ(*parse_rate("10/s"), (Rate{10, 1s}));
  EXPECT_DOUBLE_EQ(parse_rate("600/min")->per_second(), 10.0);
  for (const char* bad : {"", "10", "10/", "/s", "0/s", "10/year", "-1/s", "10 MiB/s", "inf/s", "nan/s"})
    EXPECT_FALSE(parse_rate(bad)) << bad;
}

TEST(Units, FormattingParsesBack) {
  for (const std::uint64_t bytes : {0ULL, 1ULL, 1000ULL, 1024ULL, 52428800ULL, 1234567ULL}) {
    EXPECT_EQ(*parse_size(format_size(bytes)), bytes);
  }
  for (const Duration span : {Duration{0}, Duration{1}, Duration{250ms}, Duration{90min}, Duration{72h + 3s}}) {
    EXPECT_EQ(*parse_duration(format_duration(span)), span) << format_duration(span);
  }
  EXPECT_EQ(format_size(10U << 20), "10 MiB");
  EXPECT_EQ(format_duration(90min), "1h30m");
  EXPECT_EQ(format_rate({10, 1s}), "10/s");
  EXPECT_EQ(format_rate({600, 1min}), "600/min");
}
