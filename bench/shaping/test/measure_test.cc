// SPDX-License-Identifier: Apache-2.0
#include "../measure.h"

#include <gtest/gtest.h>

using namespace penstock::bench;

namespace {

PathMeasure path(std::initializer_list<std::pair<int, PathMeasure::Second>> parts) {
  PathMeasure all;
  for (const auto& [count, second] : parts) all.seconds.insert(all.seconds.end(), count, second);
  return all;
}

}  // namespace

TEST(Measure, SettledOnceTenSecondsCarryNineTenths) {
  const PathMeasure one = path({{20, {10, 5, 0}}, {30, {10, 10, 0}}});
  const Settled settled = settle_time(one, 0, 50);
  EXPECT_TRUE(settled.whole);
  EXPECT_NEAR(settled.seconds, 18, 1);
}

TEST(Measure, RefusalsAreNotSettled) {
  const PathMeasure one = path({{12, {10, 10, 3}}, {30, {10, 10, 0}}});
  EXPECT_GE(settle_time(one, 0, 42).seconds, 11);
}

TEST(Measure, WithoutMailNothingIsKnown) {
  EXPECT_FALSE(settle_time(path({{5, {10, 1, 0}}, {30, {0, 0, 0}}}), 0, 35).whole);
  EXPECT_FALSE(settle_time(path({{30, {10, 1, 0}}}), 0, 30).whole);
}

TEST(Measure, PercentileIsOfTheOrderedValues) {
  EXPECT_EQ(percentile({}, 0.5), 0);
  EXPECT_EQ(percentile({3, 1, 2}, 1), 3);
  EXPECT_EQ(percentile({4, 1, 3, 2}, 0.5), 2);
}

TEST(Measure, PictureNamesItsSeries) {
  const std::string svg = draw_svg({{"gmail", "per s", {1, 2}, {1, 1}, {0, 1}}});
  EXPECT_NE(svg.find("gmail"), std::string::npos);
  EXPECT_NE(svg.find("polyline"), std::string::npos);
  EXPECT_TRUE(svg.ends_with("</svg>\n"));
}
