// SPDX-License-Identifier: Apache-2.0
#include "base/clock.h"

#include <gtest/gtest.h>

using namespace penstock;
using namespace std::chrono_literals;

TEST(Clock, ScheduleSurvivesAStepOfTheWallClock) {
  FakeClock clock;
  const Time due = clock.now() + 10min;
  clock.step_wall(-1h);
  EXPECT_EQ(due - clock.now(), 10min);
  EXPECT_EQ(clock.to_wall(due) - clock.wall(), 10min);
  EXPECT_EQ(clock.from_wall(clock.to_wall(due)), due);
}

TEST(Clock, SystemClockStartsAtWallTime) {
  const SystemClock clock;
  const auto apart = clock.now() - clock.wall();
  EXPECT_LT(std::chrono::abs(apart), 1s);
}
