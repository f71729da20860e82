// SPDX-License-Identifier: Apache-2.0
#include "warmup/plan.h"

#include <gtest/gtest.h>

namespace penstock::warmup {
namespace {

Plan with_days(std::vector<std::uint64_t> days) {
  Plan plan;
  plan.days = std::move(days);
  return plan;
}

TEST(Plan, ListGivesTheNextHigherAllowance) {
  const Plan plan = with_days({50, 100, 400});
  EXPECT_EQ(plan.first(), 50U);
  EXPECT_EQ(plan.after(50), 100U);
  EXPECT_EQ(plan.after(75), 100U);  // a day was cut
  EXPECT_EQ(plan.after(100), 400U);
  EXPECT_EQ(plan.after(400), 400U);
  EXPECT_EQ(plan.last(), 400U);
}

TEST(Plan, CurveGrowsUpToItsCap) {
  Plan plan;
  plan.curve = {50, 2, 300};
  EXPECT_EQ(plan.first(), 50U);
  EXPECT_EQ(plan.after(50), 100U);
  EXPECT_EQ(plan.after(37), 74U);
  EXPECT_EQ(plan.after(200), 300U);
  EXPECT_EQ(plan.after(300), 300U);
  EXPECT_EQ(plan.length(), 4U);  // 50, 100, 200, 300
}

TEST(Plan, CurveRisesByOneAtLeast) {
  Plan plan;
  plan.curve = {1, 1.01, 3};
  EXPECT_EQ(plan.after(1), 2U);
  EXPECT_EQ(plan.length(), 3U);
}

TEST(Plan, CurveThatBeginsAtItsCapIsOneDay) {
  Plan plan;
  plan.curve = {500, 1.5, 100};
  EXPECT_EQ(plan.first(), 100U);
  EXPECT_EQ(plan.length(), 1U);
}

TEST(Plan, DaysAndAllowancesAgree) {
  const Plan plan = with_days({50, 100, 400});
  EXPECT_EQ(plan.of_day(0), 0U);
  EXPECT_EQ(plan.of_day(2), 100U);
  EXPECT_EQ(plan.of_day(4), 0U);
  EXPECT_EQ(plan.day_of(50), 1U);
  EXPECT_EQ(plan.day_of(99), 1U);
  EXPECT_EQ(plan.day_of(100), 2U);
  EXPECT_EQ(plan.day_of(9'999), 3U);
  EXPECT_EQ(plan.day_of(3), 1U);
  Plan curve;
  curve.curve = {50, 1.5, 50'000};
  for (std::uint32_t day = 1; day <= curve.length(); ++day) EXPECT_EQ(curve.day_of(curve.of_day(day)), day);
  EXPECT_EQ(curve.of_day(curve.length() + 1), 0U);
}

}  // namespace
}  // namespace penstock::warmup
