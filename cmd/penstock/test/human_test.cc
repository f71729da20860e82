// SPDX-License-Identifier: Apache-2.0
#include "cmd/penstock/human.h"

#include <gtest/gtest.h>

#include "cmd/penstock/progress.h"

namespace penstock::cli {
namespace {

using std::chrono::seconds;

TEST(Human, CountsHaveSeparators) {
  EXPECT_EQ(human_count(0), "0");
  EXPECT_EQ(human_count(999), "999");
  EXPECT_EQ(human_count(1000), "1,000");
  EXPECT_EQ(human_count(12'345'678), "12,345,678");
}

TEST(Human, RatesKeepWhatMatters) {
  EXPECT_EQ(human_rate(0), "0");
  EXPECT_EQ(human_rate(0.016), "0.02");
  EXPECT_EQ(human_rate(31.46), "31.5");
  EXPECT_EQ(human_rate(12'345.6), "12,346");
}

TEST(Human, SizesUseTheLargestUnit) {
  EXPECT_EQ(human_size(1023), "1023 B");
  EXPECT_EQ(human_size(1536), "1.5 KiB");
  EXPECT_EQ(human_size(std::uint64_t{5} << 40), "5.0 TiB");
}

TEST(Human, SpansShowTwoUnits) {
  EXPECT_EQ(human_span(seconds(59)), "59s");
  EXPECT_EQ(human_span(seconds(61)), "1m01s");
  EXPECT_EQ(human_span(seconds(3600)), "1h00m");
  EXPECT_EQ(human_span(seconds(90'000)), "1d01h");
  EXPECT_EQ(human_span(seconds(-5)), "0s");
  EXPECT_EQ(human_between("2026-11-24T08:00:00Z", "2026-11-24T08:00:30Z"), "30s");
  EXPECT_EQ(human_between("", "2026-11-24T08:00:30Z"), "");
}

TEST(Human, ControlCharactersAreNotPrinted) {
  EXPECT_EQ(printable("a\x1b[2J\x7f\tb"), "a?[2J??b");
  EXPECT_EQ(printable("a\u2028b\u202ec\u2066d, \x9b no UTF-8"), "a?b?c?d, ? no UTF-8");
  EXPECT_EQ(printable_lines("a\x1b\nb\r\n"), "a?\nb?\n");
  EXPECT_EQ(printable("C1 \xC2\x9B, \xC3\xA9 stays"), "C1 ?, \xC3\xA9 stays");
}

TEST(Table, ColumnsAlignByTheWidestCell) {
  Table table({{"NAME"}, {"N", Table::Align::Right}, {"WHY"}});
  table.add({"a", "1,000", "x"});
  table.add({"b\xC3\xBC", "5", ""});
  EXPECT_EQ(table.text(), "NAME      N  WHY\na     1,000  x\nb\xC3\xBC        5\n");
}

TEST(Progress, BarGrowsWithWhatWasLookedAt) {
  const boost::json::object half{{"visited", 20'000}, {"to_visit", 40'000}, {"matched", 1234}};
  EXPECT_EQ(progress_line(half), "[###############               ]  50%  20,000 of 40,000 looked at, 1,234 match");
  EXPECT_EQ(progress_line({}), "[                              ]   0%  0 of 1 looked at, 0 match");
}

}  // namespace
}  // namespace penstock::cli
