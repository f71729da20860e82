// SPDX-License-Identifier: Apache-2.0
#include "sim/pattern.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sim/errc.h"

using namespace penstock::sim;
using testing::ElementsAre;

TEST(Pattern, StarsAndQuestionMarksMatchWithoutCase) {
  EXPECT_TRUE(matches("", "anything"));
  EXPECT_TRUE(matches("full*@*", "Full.house@a.test"));
  EXPECT_TRUE(matches("*@?.test", "u@a.test"));
  EXPECT_TRUE(matches("a*b*c", "axxbyybzc"));
  EXPECT_TRUE(matches("*", ""));
  EXPECT_FALSE(matches("full*@*", "nofull@a.test"));
  EXPECT_FALSE(matches("*@?.test", "u@ab.test"));
  EXPECT_FALSE(matches("a", "ab"));
}

TEST(Family, RangeIsWrittenOut) {
  EXPECT_THAT(*expand_family("d{9..11}.test"), ElementsAre("d9.test", "d10.test", "d11.test"));
  EXPECT_THAT(*expand_family("{08..10}"), ElementsAre("08", "09", "10"));
  EXPECT_THAT(*expand_family("plain.test"), ElementsAre("plain.test"));
}

TEST(Family, BadRangesAreRefused) {
  for (const char* bad :
       {"d{1..}", "d{..2}", "d{3..1}", "d{1..2", "d{a..b}", "d{1..2}{1..2}", "d{1..1000001}", "d{}"}) {
    const auto names = expand_family(bad);
    ASSERT_FALSE(names) << bad;
    EXPECT_EQ(names.error().code, Errc::BadArgument) << bad;
  }
  EXPECT_EQ(expand_family("d{1..1000000}")->size(), kFamilyMax);
}
