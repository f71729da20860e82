// SPDX-License-Identifier: Apache-2.0
#include "queue/retry_plan.h"

#include <gtest/gtest.h>

using namespace penstock;
using namespace penstock::queue;
using namespace std::chrono_literals;

namespace {

constexpr Time kReceived{1'800'000'000s};

}  // namespace

TEST(RetryPlan, ListIsFollowedAndItsLastWaitRepeats) {
  const RetryPlan plan{.waits = RetrySchedule{{5min, 15min, 45min, 2h, 4h}}, .jitter = 0, .expire = 72h};
  const std::vector<Duration> expected{5min, 15min, 45min, 2h, 4h, 4h, 4h};
  for (std::uint32_t n = 0; n < expected.size(); ++n) EXPECT_EQ(plan.wait(n + 1), expected[n]) << n + 1;
  EXPECT_EQ(plan.wait(0), 5min);
  EXPECT_EQ(plan.wait(65535), 4h);
}

TEST(RetryPlan, EmptyListMeansAQuarterOfAnHour) {
  const RetryPlan plan{.waits = RetrySchedule{}};
  EXPECT_EQ(plan.wait(1), 15min);
  EXPECT_EQ(plan.wait(100), 15min);
}

TEST(RetryPlan, WaitsGrowUpToTheCap) {
  const RetryPlan plan{.waits = RetryGrowth{.first = 10min, .factor = 3, .cap = 4h}};
  EXPECT_EQ(plan.wait(0), 10min);
  EXPECT_EQ(plan.wait(1), 10min);
  EXPECT_EQ(plan.wait(2), 30min);
  EXPECT_EQ(plan.wait(3), 90min);
  EXPECT_EQ(plan.wait(4), 4h);
  EXPECT_EQ(plan.wait(4'000'000'000U), 4h) << "numbers do not overflow";
}

TEST(RetryPlan, FactorOneWaitsAlwaysTheSame) {
  const RetryPlan plan{.waits = RetryGrowth{.first = 10min, .factor = 1, .cap = 4h}};
  EXPECT_EQ(plan.wait(50), 10min);
}

TEST(RetryPlan, FirstWaitAboveTheCapIsTheCap) {
  const RetryPlan plan{.waits = RetryGrowth{.first = 10h, .factor = 2, .cap = 4h}};
  EXPECT_EQ(plan.wait(1), 4h);
}

TEST(RetryPlan, WithoutJitterTheTimeIsExact) {
  const RetryPlan plan{.waits = RetrySchedule{{5min}}, .jitter = 0};
  Rng rng(1);
  EXPECT_EQ(plan.next_due(1, kReceived, kReceived + 7s, rng), kReceived + 7s + 5min);
}

TEST(RetryPlan, JitterStaysWithinItsShareAndUsesIt) {
  const RetryPlan plan{.waits = RetrySchedule{{100min}}, .jitter = 0.2};
  Rng rng(42);
  Duration least = Duration::max(), most{};
  for (int i = 0; i < 10'000; ++i) {
    const Duration wait = plan.next_due(1, kReceived, kReceived, rng) - kReceived;
    least = std::min(least, wait);
    most = std::max(most, wait);
  }
  EXPECT_GE(least, 80min);
  EXPECT_LE(most, 120min);
  EXPECT_LT(least, 81min);
  EXPECT_GT(most, 119min);
}

TEST(RetryPlan, JitterBeyondItsBoundCountsAsTheBound) {
  for (const double jitter : {5.0, 0.9}) {
    const RetryPlan plan{.waits = RetrySchedule{{100min}}, .jitter = jitter};
    Rng rng(42);
    for (int i = 0; i < 1000; ++i) {
      const Duration wait = plan.next_due(1, kReceived, kReceived, rng) - kReceived;
      ASSERT_GE(wait, 10min);
      ASSERT_LE(wait, 190min);
    }
  }
}

TEST(RetryPlan, SameSeedGivesTheSameTimes) {
  const RetryPlan plan;
  Rng one(9), other(9);
  for (std::uint32_t n = 1; n < 50; ++n)
    EXPECT_EQ(plan.next_due(n, kReceived, kReceived, one), plan.next_due(n, kReceived, kReceived, other));
}

TEST(RetryPlan, NeverSoonerThanASecond) {
  const RetryPlan plan{.waits = RetrySchedule{{0s}}, .jitter = 0.5};
  Rng rng(3);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(plan.next_due(1, kReceived, kReceived, rng), kReceived + 1s);
}

TEST(RetryPlan, NeverAfterTheMomentOfExpiry) {
  const RetryPlan plan{.waits = RetrySchedule{{4h}}, .jitter = 0.1, .expire = 24h};
  Rng rng(5);
  for (int minutes = 0; minutes < 24 * 60; minutes += 7) {
    const Time now = kReceived + std::chrono::minutes{minutes};
    const Time due = plan.next_due(1, kReceived, now, rng);
    EXPECT_LE(due, plan.expires_at(kReceived));
    EXPECT_GT(due, now);
  }
  const Time last = kReceived + 24h - 1ms;
  EXPECT_EQ(plan.next_due(1, kReceived, last, rng), kReceived + 24h) << "sooner than a second, since expiry is nearer";
}

TEST(RetryPlan, ExpiredIsDueAtOnce) {
  const RetryPlan plan{.expire = 24h};
  Rng rng(5);
  EXPECT_FALSE(plan.expired(kReceived, kReceived + 24h - 1us));
  EXPECT_TRUE(plan.expired(kReceived, kReceived + 24h));
  EXPECT_EQ(plan.next_due(3, kReceived, kReceived + 30h, rng), kReceived + 30h);
}
