// SPDX-License-Identifier: Apache-2.0
#include "warmup/verdict.h"

#include <gtest/gtest.h>

namespace penstock::warmup {
namespace {

Step step_of(DayCounts day, std::uint64_t allowance = 200, std::uint64_t before = 0) {
  return judge(day, allowance, before, Bounds{}).step;
}

TEST(Verdict, DayWithoutBadSignsGrows) {
  EXPECT_EQ(step_of({.taken = 200}), Step::Grow);
  EXPECT_EQ(step_of({.taken = 195, .deferred = 15, .bounced = 5}), Step::Grow);
}

TEST(Verdict, LittleUseProvesNothing) {
  EXPECT_EQ(step_of({}), Step::Unproven);
  EXPECT_EQ(step_of({.taken = 99}), Step::Unproven);
  EXPECT_EQ(step_of({.taken = 100}), Step::Grow);
}

TEST(Verdict, SharesDecideHowMuchIsCut) {
  struct Case {
    DayCounts day;
    Step expected;
  };
  const Case cases[] = {
      {{.taken = 180, .deferred = 25}, Step::Hold},         // 12 %
      {{.taken = 160, .deferred = 40}, Step::CutQuarter},   // 20 %
      {{.taken = 100, .deferred = 80}, Step::CutHalf},      // 44 %
      {{.taken = 188, .bounced = 12}, Step::Hold},          // 6 %
      {{.taken = 180, .bounced = 20}, Step::Hold},          // 10 %, perhaps by chance
      {{.taken = 170, .bounced = 30}, Step::CutQuarter},    // 15 %
      {{.taken = 160, .bounced = 40}, Step::CutHalf},       // 20 %
      {{.taken = 200, .complaints = 2}, Step::CutQuarter},  // 1 %
      {{.taken = 200, .complaints = 4}, Step::CutHalf},
      {{.taken = 160, .deferred = 25, .bounced = 50}, Step::CutHalf},
  };
  for (const Case& one : cases) EXPECT_EQ(step_of(one.day), one.expected);
}

TEST(Verdict, OneOddAnswerDecidesNothing) {
  EXPECT_EQ(step_of({.taken = 17, .deferred = 2}, 17), Step::Grow);  // below the floor of answers
  EXPECT_EQ(step_of({.taken = 20, .bounced = 2}, 20), Step::Grow);   // two signs
  EXPECT_EQ(step_of({.taken = 20, .bounced = 3}, 20), Step::Hold);
  EXPECT_EQ(step_of({.taken = 28, .bounced = 3}, 1000), Step::Hold);  // of 2 % in truth, sooner or later
  EXPECT_EQ(step_of({.taken = 200, .complaints = 1}), Step::Grow);
}

TEST(Verdict, ComplaintsAreAboutTheMailOfTheDayBefore) {
  EXPECT_EQ(step_of({.taken = 10, .complaints = 2}, 200, 10'000), Step::Unproven);
  EXPECT_EQ(step_of({.taken = 0, .complaints = 20}, 200, 10'000), Step::Hold);
  EXPECT_EQ(step_of({.taken = 0, .complaints = 30}, 200, 10'000), Step::CutQuarter);
}

TEST(Verdict, WordsNameShareAndBound) {
  EXPECT_EQ(judge({.taken = 180, .deferred = 25}, 200, 0, Bounds{}).why, "12.2 % deferred, above 10 %");
  EXPECT_EQ(judge({.taken = 198}, 200, 0, Bounds{}).why, "198 of 200 taken, no bad signs");
}

TEST(Verdict, CutsLeaveOneAtLeast) {
  EXPECT_EQ(after_cut(200, Step::CutQuarter), 150U);
  EXPECT_EQ(after_cut(200, Step::CutHalf), 100U);
  EXPECT_EQ(after_cut(200, Step::Hold), 200U);
  EXPECT_EQ(after_cut(1, Step::CutHalf), 1U);
}

}  // namespace
}  // namespace penstock::warmup
