// SPDX-License-Identifier: Apache-2.0
#include "shaping/rate_controller.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <map>

using namespace std::chrono_literals;
using penstock::Duration;
using penstock::Time;
using namespace penstock::shaping;

namespace {

constexpr Time kStart{1'800'000'000s};

// A receiver that counts with a bucket of tokens, and a sender that follows the controller; answers take 200 ms.
struct Play {
  explicit Play(double hidden_rate, double start = 2, double burst_seconds = 0.5, const Neighbours& neighbours = {})
      : hidden(hidden_rate),
        burst(burst_seconds),
        controller({0.2, start, 1000}, AdaptivePolicy{}, kStart, neighbours) {}

  void run(Duration span) { run_until(now + span); }
  void run_until(Time end) {
    while (now < end) {
      now += Duration{static_cast<std::int64_t>(1e6 / controller.rate())};
      const double seconds = std::chrono::duration<double>(now - filled).count();
      tokens = std::min(std::max(1.0, hidden * burst), tokens + seconds * hidden);
      filled = now;
      const bool taken = tokens >= 1;
      if (taken) tokens -= 1;
      answers.emplace_back(now + 200ms, taken);
      while (!answers.empty() && answers.front().first <= now) {
        if (answers.front().second) {
          ++taken_count;
          controller.answered(true, 200ms, answers.front().first);
        } else {
          ++refused_count;
          controller.refused(answers.front().first);
        }
        answers.pop_front();
      }
    }
  }
  void count_from_here() { taken_count = refused_count = 0; }

  double hidden, burst;
  RateController controller;
  Time now = kStart;
  Time filled = kStart;
  double tokens = 1;
  std::deque<std::pair<Time, bool>> answers;
  std::uint32_t taken_count = 0, refused_count = 0;
};

}  // namespace

TEST(RateController, FindsTheRateOfTheReceiver) {
  for (const double hidden : {3.0, 10.0, 40.0, 200.0}) {
    Play play(hidden);
    play.run(60s);
    const double counted_off = hidden < 5 ? 0.2 : 0;  // two recipients of the ten seconds between two refusals
    EXPECT_NEAR(play.controller.ceiling(), hidden, hidden * 0.12 + counted_off) << hidden;
    play.count_from_here();
    play.run(600s);
    EXPECT_GT(play.taken_count, (hidden < 5 ? 0.9 : 0.95) * hidden * 600) << hidden;
    EXPECT_LT(play.refused_count, 0.008 * play.taken_count + 2) << hidden;
  }
}

TEST(RateController, ClimbThatOvershotCostsFewRefusalsWhateverTheBurst) {
  for (const double hidden : {6.0, 24.0, 60.0}) {
    for (const double burst : {0.2, 0.5, 1.0}) {
      Play play(hidden, hidden / 3, burst);
      play.run(45s);
      EXPECT_NEAR(play.controller.ceiling(), hidden, hidden * 0.12) << hidden << ' ' << burst;
      EXPECT_LE(play.refused_count, 2 + hidden * 0.3) << hidden << ' ' << burst;
    }
  }
}

TEST(RateController, BurstThatGrewIsLearnedFromTheClimbThatWasNone) {
  Play play(10, 5, 0.5);
  play.run(120s);
  play.burst = 2;
  play.run(120s);
  play.count_from_here();
  play.run(600s);
  EXPECT_LE(play.refused_count, 600 / 30 + 5) << "one for each probe";
}

TEST(RateController, FollowsAStepDownWithinSeconds) {
  Play play(40);
  play.run(120s);
  play.hidden = 12;
  play.run(3s);
  EXPECT_LT(play.controller.rate(), 14);
  play.run(7s);
  EXPECT_LT(play.controller.ceiling(), 14) << "the rate may be that of a search now";
  play.run(20s);
  play.count_from_here();
  play.run(20s);
  EXPECT_GT(play.taken_count, 0.85 * 12 * 20);
}

TEST(RateController, FollowsAStepUpWithinAMinute) {
  for (const double hidden : {8.0, 30.0}) {
    Play play(hidden);
    play.run(200s);
    play.hidden = hidden * 2.5;
    play.run(60s);
    EXPECT_GT(play.controller.rate(), 0.85 * hidden * 2.5) << hidden;
  }
}

TEST(RateController, OneOddRefusalOfAProvenRateChangesNothing) {
  RateController controller({1, 5, 100}, AdaptivePolicy{}, kStart);
  controller.restore(29.5, 30, 4, kStart);
  Time now = kStart;
  for (int i = 0; i < 100; ++i) controller.answered(false, 100ms, now += 30ms);
  EXPECT_EQ(controller.refused(now += 30ms), RateController::Effect::None);
  EXPECT_EQ(controller.rate(), 29.5);
  now += 400ms;
  EXPECT_EQ(controller.refused(now), RateController::Effect::Cut);
  EXPECT_LT(controller.rate(), 29);
}

TEST(RateController, RefusalsThatFollowEachOtherCloselyTellHowFarTheLimitFell) {
  RateController controller({1, 5, 1000}, AdaptivePolicy{}, kStart);
  controller.restore(295, 300, 4, kStart);
  Time now = kStart;
  for (int i = 0; i < 600; ++i) controller.answered(false, 300ms, now += 4ms);
  // Every other one is refused, at once; what is taken is told 300 ms later, and until then nothing speaks of it.
  EXPECT_EQ(controller.refused(now += 7ms), RateController::Effect::None);
  EXPECT_EQ(controller.refused(now += 7ms), RateController::Effect::None) << "may be two odd ones";
  EXPECT_EQ(controller.refused(now += 7ms), RateController::Effect::Cut);
  EXPECT_NEAR(controller.ceiling(), 150, 15);
  EXPECT_LT(controller.rate(), controller.ceiling());
}

TEST(RateController, ProbeThatWasMeasuredDoesNotLowerTheCeiling) {
  // A small burst: the bucket runs over while the rate stays below the limit, and the average says too little.
  Play play(40, 2, 0.1);
  play.run(900s);
  play.count_from_here();
  play.run(600s);
  EXPECT_GT(play.controller.ceiling(), 0.95 * 40);
  EXPECT_GT(play.taken_count, 0.95 * 40 * 600);
}

TEST(RateController, ProbesWhereAnswersTakeLongStaySmall) {
  for (const auto& [latency, most] : {std::pair{200ms, 1.16}, std::pair{1200ms, 1.06}}) {
    RateController controller({1, 5, 1000}, AdaptivePolicy{}, kStart);
    controller.restore(98, 100, 100, kStart);
    Time now = kStart;
    for (int i = 0; i < 100; ++i) controller.answered(false, latency, now += 10ms);
    controller.answered(true, latency, now += 10ms);
    EXPECT_GT(controller.rate(), 100);
    EXPECT_LE(controller.rate(), 100 * most);
  }
}

TEST(RateController, DoesNotGrowWhenNothingWaitsForTheRate) {
  RateController controller({1, 5, 100}, AdaptivePolicy{}, kStart);
  for (int i = 0; i < 1000; ++i) controller.answered(false, 100ms, kStart + i * 100ms);
  EXPECT_EQ(controller.rate(), 5);
}

TEST(RateController, StaysBetweenFloorAndCeiling) {
  RateController controller({2, 5, 8}, AdaptivePolicy{}, kStart);
  Time now = kStart;
  for (int i = 0; i < 1000; ++i) controller.answered(true, 100ms, now += 100ms);
  EXPECT_EQ(controller.rate(), 8);
  for (int i = 0; i < 1000; ++i) controller.refused(now += 500ms);
  EXPECT_EQ(controller.rate(), 2);
  EXPECT_TRUE(controller.at_floor());
}

TEST(RateController, CutHoldsThenRecoversInARamp) {
  Play play(20);
  play.run(120s);
  const double ceiling = play.controller.ceiling();
  play.controller.cut(0.5, 30s, play.now);
  const double low = play.controller.rate();
  play.run(25s);
  EXPECT_EQ(play.controller.rate(), low) << "held";
  play.run(8s);
  EXPECT_GT(play.controller.rate(), low);
  EXPECT_LT(play.controller.rate(), ceiling * 0.9) << "no snap back";
  play.run(30s);
  EXPECT_GT(play.controller.rate(), ceiling * 0.8);
}

TEST(RateController, RestoredStateGoesOnWhereItWas) {
  RateController controller({1, 5, 100}, AdaptivePolicy{}, kStart);
  controller.restore(30, 31, 4, kStart);
  EXPECT_EQ(controller.rate(), 30);
  EXPECT_EQ(controller.ceiling(), 31);
  EXPECT_EQ(controller.credit(), 4);
}

TEST(RateController, BucketThatRunsOverDoesNotKeepTheCeilingLow) {
  // Less than the limit was found, and the burst is too small to show it by the average of one cycle.
  Play play(40, 2, 0.15);
  play.controller.restore(34, 35, 0, play.now);
  play.run(180s);
  play.count_from_here();
  play.run(300s);
  EXPECT_GT(play.taken_count, 0.95 * 40 * 300);
  EXPECT_LT(play.refused_count, 0.006 * play.taken_count);
}

TEST(RateController, CeilingThatIsTooHighComesDownWithTheAverage) {
  Play play(20);
  play.run(60s);
  play.controller.restore(20.5, 21, 20, play.now);  // so that the rate between probes is refused before the probe is
  play.run(240s);
  play.count_from_here();
  play.run(600s);
  EXPECT_LT(play.refused_count, 600 / 17 + 10) << "about one for each probe";
}

TEST(RateController, RefusalsToldAtOnceAllowLargerProbes) {
  double rate[2] = {};
  for (const bool at_once : {false, true}) {
    RateController controller({1, 5, 1000}, AdaptivePolicy{}, kStart);
    controller.restore(98, 100, 100, kStart);
    Time now = kStart;
    // Answers take two seconds; a refusal of a proven rate changes nothing, but tells how long one takes.
    for (int i = 0; i < 100; ++i) controller.answered(false, 2s, now += 10ms);
    EXPECT_EQ(controller.refused(now += 10ms, at_once ? 40ms : 2s), RateController::Effect::None);
    controller.answered(true, 2s, now += 10ms);
    rate[at_once ? 1 : 0] = controller.rate();
  }
  EXPECT_LT(rate[0], 100 * 1.02);
  EXPECT_GT(rate[1], 100 * 1.05);
}

TEST(RateController, StartThatWasNeverSentAtIsForgottenAtTheFirstRefusal) {
  RateController controller({0.5, 500, 1000}, AdaptivePolicy{}, kStart);
  Time now = kStart;
  // Connections let ten a second through.
  for (int i = 0; i < 20; ++i) controller.answered(false, 100ms, now += 100ms);
  EXPECT_EQ(controller.refused(now += 100ms, 40ms), RateController::Effect::ProbeEnded);
  EXPECT_LT(controller.ceiling(), 12);
  EXPECT_GT(controller.ceiling(), 5);
}

TEST(RateController, SeveralRefusalsInARowCutDeeper) {
  RateController controller({1, 5, 1000}, AdaptivePolicy{}, kStart);
  controller.restore(98, 100, 100, kStart);
  Time now = kStart;
  for (int i = 0; i < 600; ++i) controller.answered(false, 100ms, now += 10ms);
  EXPECT_EQ(controller.refused(now += 10ms), RateController::Effect::None);
  EXPECT_EQ(controller.refused(now += 10ms), RateController::Effect::None);
  EXPECT_EQ(controller.refused(now += 10ms), RateController::Effect::Cut);
  EXPECT_NEAR(controller.ceiling(), 98 * 0.4, 2)
      << "three in a row: two fifths may still be taken, and no less is believed";
}

TEST(RateController, BudgetThatWasSavedLetsProbesComeSooner) {
  Duration wait[2] = {};
  for (const bool saved : {false, true}) {
    RateController controller({1, 5, 1000}, AdaptivePolicy{}, kStart);
    controller.restore(3, 3, 3, kStart);
    Time now = kStart;
    for (int i = 0; i < (saved ? 20'000 : 10); ++i) controller.answered(false, 100ms, now += 300ms);
    controller.answered(true, 100ms, now += 300ms);
    ASSERT_GT(controller.rate(), 3);
    EXPECT_EQ(controller.refused(now += 300ms), RateController::Effect::ProbeEnded);
    wait[saved ? 1 : 0] = controller.next_probe() - now;
  }
  EXPECT_GT(wait[0], 60s);
  EXPECT_LT(wait[1], 40s);
  EXPECT_GE(wait[1], 25s);
}

TEST(RateController, SlowReceiverIsProbedSoonerWithWhatOthersSaved) {
  const auto pool = std::make_shared<RefusalPool>();
  Play alone(4, 2, 1), helped(4, 2, 1, {pool, nullptr});
  alone.run(200s);
  pool->add(100);
  helped.run(200s);
  const auto longest_wait = [](Play& play) {
    Duration longest{};
    for (const Time end = play.now + 300s; play.now < end; play.run(1s)) {
      longest = std::max(longest, play.controller.next_probe() - play.now);
    }
    return longest;
  };
  EXPECT_GT(longest_wait(alone), 45s);
  EXPECT_LE(longest_wait(helped), 30s);
}

TEST(RateController, RiseThatOneAddressFindsIsFoundByAllSoon) {
  std::map<bool, Duration> took;
  for (const bool related : {false, true}) {
    const auto siblings = std::make_shared<Siblings>();
    std::deque<Play> plays;
    for (int i = 0; i < 8; ++i) plays.emplace_back(4, 2, 1, related ? Neighbours{nullptr, siblings} : Neighbours{});
    Time now = kStart;
    const auto together = [&](Duration span) {
      for (const Time end = now + span; now < end;) {
        now += 500ms;
        for (Play& play : plays) play.run_until(now);
      }
    };
    together(600s);
    for (Play& play : plays) play.hidden = 8;
    const Time rose = now;
    const auto found = [&] {
      return std::all_of(plays.begin(), plays.end(), [](const Play& play) { return play.controller.ceiling() > 7; });
    };
    while (!found() && now - rose < 10min) together(1s);
    took[related] = now - rose;
    for (Play& play : plays) EXPECT_LT(play.refused_count, 40U);
  }
  EXPECT_LT(took[true], 45s);
  EXPECT_LT(took[true] * 3 / 2, took[false]);
}

TEST(RateController, SlowReceiverWithASmallBurstIsUsed) {
  // Two recipients a second more or less, of which it lets one or two through at once.
  for (const double burst : {0.3, 0.5, 1.0}) {
    Play play(3, 2, burst);
    play.run(120s);
    play.count_from_here();
    play.run(600s);
    EXPECT_GT(play.taken_count, 0.9 * 3 * 600) << burst;
    EXPECT_LT(play.refused_count, 0.006 * play.taken_count) << burst;
  }
}

TEST(RateController, SearchFromFarBelowDoesNotCrawl) {
  Play play(4);
  play.run(60s);
  play.controller.restore(0.2, 0, 0, play.now);
  EXPECT_EQ(play.controller.refused(play.now += 1s), RateController::Effect::ProbeEnded) << "an odd one, at the floor";
  play.run(300s);
  EXPECT_GT(play.controller.rate(), 3);
}

TEST(RateController, FirstClimbIsAsFastAsRefusalsAreToldSoon) {
  double rate[2] = {};
  for (const bool soon : {false, true}) {
    RateController controller({0.5, 2, 1000}, AdaptivePolicy{}, kStart);
    Time now = kStart;
    for (int i = 0; i < 100; ++i) controller.answered(true, 600ms, now += 100ms, soon ? 40ms : 600ms);
    rate[soon ? 1 : 0] = controller.rate();
  }
  EXPECT_GT(rate[1], 3 * rate[0]);
}
