// SPDX-License-Identifier: Apache-2.0
#include "shaping/connection_controller.h"

#include <gtest/gtest.h>

using namespace std::chrono_literals;
using penstock::Time;
using namespace penstock::shaping;

namespace {

constexpr Time kStart{1'800'000'000s};

// A receiver that takes `hidden` connections; each carries two messages a second.
struct Play {
  explicit Play(std::uint32_t hidden_limit, ConnectionRange range = {1, 2, 20})
      : hidden(hidden_limit), controller(range, AdaptivePolicy{}, kStart) {}
  void run(penstock::Duration span) {
    const Time end = now + span;
    for (; now < end; now += 100ms) {
      while (open > hidden) {  // the receiver turns them away one by one
        --open;
        ++refused;
        controller.refused(open, now);
      }
      if (open < controller.limit()) {
        if (open < hidden) {
          ++open;
        } else {
          ++refused;
          controller.refused(open, now);
        }
      }
      for (std::uint32_t i = 0; i < open; i += 5) controller.carried(open, open >= controller.limit(), now);
    }
  }
  std::uint32_t hidden;
  ConnectionController controller;
  Time now = kStart;
  std::uint32_t open = 0, refused = 0;
};

}  // namespace

TEST(ConnectionController, LearnsTheCeilingFromOneRefusal) {
  Play play(8);
  play.run(28s);
  EXPECT_EQ(play.controller.limit(), 8U);
  EXPECT_EQ(play.controller.ceiling(), 8U);
  EXPECT_LE(play.refused, 2U);
}

TEST(ConnectionController, ForgetsTheCeilingSlowlyAndProbesIt) {
  Play play(4);
  play.run(60s);
  const std::uint32_t before = play.refused;
  play.run(600s);
  EXPECT_GE(play.refused, before + 5) << "it asks again";
  EXPECT_LE(play.refused, before + 30) << "but not all the time";
  EXPECT_EQ(play.open, 4U);
}

TEST(ConnectionController, FollowsAStepUpAndAStepDown) {
  Play play(4);
  play.run(120s);
  play.hidden = 12;
  play.run(60s);
  EXPECT_GE(play.controller.limit(), 11U);
  play.hidden = 3;
  play.run(10s);
  EXPECT_EQ(play.controller.limit(), 3U);
}

TEST(ConnectionController, ClimbsFasterWhereEachConnectionIsQuick) {
  ConnectionController controller({1, 30, 200}, AdaptivePolicy{}, kStart);
  Time now = kStart;
  controller.restore(30, 30, now);
  // 120 messages a second: the probe after seven seconds shows that the ceiling has moved; then half a second proves a
  // step.
  for (int i = 0; i < 120 * 16; ++i) {
    now += 8ms;
    for (std::uint32_t each = 0; each < controller.limit() / 30; ++each)
      controller.carried(controller.limit(), true, now);
  }
  EXPECT_GE(controller.limit(), 90U);
}

TEST(ConnectionController, OneOddRefusalOfAProvenNumberChangesNothing) {
  Play play(8);
  play.run(40s);
  EXPECT_EQ(play.controller.refused(5, play.now + 1s), ConnectionController::Effect::None);
  EXPECT_EQ(play.controller.limit(), 8U);
  EXPECT_EQ(play.controller.refused(5, play.now + 2s), ConnectionController::Effect::Cut);
  EXPECT_EQ(play.controller.limit(), 5U);
}

TEST(ConnectionController, StaysBetweenFloorAndCeiling) {
  Play play(100, {3, 5, 10});
  play.run(60s);
  EXPECT_EQ(play.controller.limit(), 10U);
  for (int i = 0; i < 10; ++i) play.controller.refused(0, play.now += 1s);
  EXPECT_EQ(play.controller.limit(), 3U);
}

TEST(ConnectionController, CutIsHeldAndMadeGoodInSteps) {
  Play play(12);
  play.run(60s);
  play.controller.cut(0.5, 30s, play.now);
  play.run(25s);
  EXPECT_EQ(play.controller.limit(), 6U);
  play.run(60s);
  EXPECT_GE(play.controller.limit(), 11U);
}
