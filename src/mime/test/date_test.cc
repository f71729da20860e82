// SPDX-License-Identifier: Apache-2.0
#include "mime/date.h"

#include <gtest/gtest.h>

#include "base/rng.h"

namespace penstock::mime {
namespace {

constexpr Time at(std::int64_t seconds, std::int64_t micro = 0) {
  return Time{Duration{seconds * 1'000'000 + micro}};
}

TEST(FormatDate, IsUtcWithFixedWidth) {
  EXPECT_EQ(format_date(at(0)), "Thu, 01 Jan 1970 00:00:00 +0000");
  EXPECT_EQ(format_date(at(1767323045, 999'999)), "Fri, 02 Jan 2026 03:04:05 +0000");
  EXPECT_EQ(format_date(at(1709210096)), "Thu, 29 Feb 2024 12:34:56 +0000");
  EXPECT_EQ(format_date(at(-1)), "Wed, 31 Dec 1969 23:59:59 +0000");
}

TEST(ParseDate, BothFormsAreRead) {
  const std::pair<std::string_view, Time> table[] = {
      {"2026-01-02T03:04:05Z", at(1767323045)},
      {" 2026-01-02t03:04:05z ", at(1767323045)},
      {"2026-01-02 03:04:05.25+01:00", at(1767319445, 250'000)},
      {"2026-01-02T03:04:05.123456789-05:30", at(1767342845, 123'456)},
      {"2024-02-29T12:34:56+00:00", at(1709210096)},
      {"2016-12-31T23:59:60Z", at(1483228800)},
      {"Fri, 02 Jan 2026 03:04:05 +0000", at(1767323045)},
      {"2 Jan 2026 03:04 GMT", at(1767323040)},
      {"fri,2 jan 26 03:04:05 gmt", at(1767323045)},
      {"Fri, 2 Jan 126 03:04:05 +0000", at(1767323045)},
      {"Fri, 2 Jan 2026 03:04:05 EST", at(1767341045)},
      {"Fri, 2 Jan 2026 03:04:05 A", at(1767323045)},
      {"Fri, 2 Jan 2026 03:04:05 +0100 (CET (winter \\) time))", at(1767319445)},
      {"Fri,\r\n 2 (second) Jan\t2026 03 : 04 : 05 -0330", at(1767335645)},
      {"1 Jan 70 00:00 UT", at(0)},
  };
  for (const auto& [text, wanted] : table) {
    const auto got = parse_date(text);
    ASSERT_TRUE(got) << text;
    EXPECT_EQ(*got, wanted) << text;
  }
}

TEST(ParseDate, WhatIsNoDateGivesNothing) {
  for (const std::string_view text : {"",
                                      "now",
                                      "2026-01-02",
                                      "2026-01-02T03:04:05",
                                      "2026-01-02T03:04Z",
                                      "2026-13-02T03:04:05Z",
                                      "2026-02-29T03:04:05Z",
                                      "2026-01-02T24:00:00Z",
                                      "2026-01-02T03:60:00Z",
                                      "2026-01-02T03:04:61Z",
                                      "2026-01-02T03:04:05.Z",
                                      "2026-01-02T03:04:05+0100",
                                      "2026-01-02T03:04:05+24:00",
                                      "2026-01-02T03:04:05Zx",
                                      "02026-01-02T03:04:05Z",
                                      "1969-12-31T23:59:59Z",
                                      "Fri 2 Jan 2026 03:04:05 +0000",
                                      "Fry, 2 Jan 2026 03:04 GMT",
                                      "Fri, 31 Feb 2026 03:04:05 +0000",
                                      "Fri, 2 Jan 2026 03:04:05",
                                      "Fri, 2 Jan 2026 3:04:05 +0000",
                                      "Fri, 2 Jan 2026 03:04:05 +0000 (open",
                                      "Fri, 2 Jan 2026 03:04:05 J",
                                      "Fri, 2 Jan 2026 03:04:05 XYZ",
                                      "Fri, 2 Jan 2026 03:04:05 +2500",
                                      "Fri, 2 Jan 2026 03:04:05 +0000 x",
                                      "Fri, 2 Jan 20260 03:04 GMT",
                                      "0001-01-01T00:00:00Z",
                                      "(",
                                      "1767323045",
                                      "Fri, 123 Jan 2026 03:04 GMT"}) {
    EXPECT_FALSE(parse_date(text)) << text;
  }
}

TEST(ParseDate, ReadsWhatFormatWrites) {
  Rng rng(3);
  for (int i = 0; i < 2000; ++i) {
    const Time time = at(static_cast<std::int64_t>(rng.below(253'402'300'799ULL)));
    const auto back = parse_date(format_date(time));
    ASSERT_TRUE(back) << format_date(time);
    EXPECT_EQ(*back, time);
  }
}

}  // namespace
}  // namespace penstock::mime
