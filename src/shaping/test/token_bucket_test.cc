// SPDX-License-Identifier: Apache-2.0
#include "shaping/token_bucket.h"

#include <gtest/gtest.h>

#include "base/rng.h"

using namespace std::chrono_literals;
using penstock::Duration;
using penstock::Rate;
using penstock::Rng;
using penstock::Time;
using penstock::shaping::TokenBucket;

namespace {
constexpr Time kStart{1'800'000'000s};
}

TEST(TokenBucket, WithoutRateGivesEverything) {
  TokenBucket bucket;
  EXPECT_TRUE(bucket.unlimited());
  EXPECT_TRUE(bucket.try_take(4'000'000'000U, kStart));
  EXPECT_EQ(bucket.next_available(1, kStart), kStart);
  EXPECT_TRUE(TokenBucket(Rate{0, 1s}).unlimited());
}

TEST(TokenBucket, GivesTheBurstThenTheRate) {
  TokenBucket bucket(Rate{10, 1s}, 3);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(bucket.try_take(1, kStart));
  EXPECT_FALSE(bucket.try_take(1, kStart));
  EXPECT_EQ(bucket.next_available(1, kStart), kStart + 100ms);
  EXPECT_FALSE(bucket.try_take(1, kStart + 100ms - 1us));
  EXPECT_TRUE(bucket.try_take(1, kStart + 100ms));
}

TEST(TokenBucket, UsualBurstIsWhatComesInASecond) {
  EXPECT_EQ(TokenBucket(Rate{600, 1min}).burst(), 10U);
  EXPECT_EQ(TokenBucket(Rate{100, 1h}).burst(), 1U);
}

TEST(TokenBucket, TakeAboveTheBurstIsOwed) {
  TokenBucket bucket(Rate{10, 1s}, 5);
  EXPECT_TRUE(bucket.try_take(25, kStart));
  EXPECT_FALSE(bucket.full(kStart + 2s));
  EXPECT_EQ(bucket.next_available(1, kStart), kStart + 2100ms);
  EXPECT_EQ(bucket.next_available(25, kStart), kStart + 2500ms);
  EXPECT_TRUE(bucket.full(kStart + 2500ms));
}

TEST(TokenBucket, TimeRunningBackwardsGivesNothing) {
  TokenBucket bucket(Rate{1, 1s}, 1);
  EXPECT_TRUE(bucket.try_take(1, kStart));
  EXPECT_FALSE(bucket.try_take(1, kStart - 1h));
  EXPECT_EQ(bucket.next_available(1, kStart - 1h), kStart + 1s);
}

TEST(TokenBucket, NewRateKeepsWhatIsOwed) {
  TokenBucket bucket(Rate{10, 1s}, 1);
  EXPECT_TRUE(bucket.try_take(11, kStart));  // owes ten
  bucket.set_rate(Rate{100, 1s}, 1, kStart);
  EXPECT_EQ(bucket.next_available(1, kStart), kStart + 110ms);
  bucket.set_rate(Rate{}, 0, kStart);
  EXPECT_TRUE(bucket.try_take(1000, kStart));
}

TEST(TokenBucket, NewRateGivesNoBurstAgain) {
  TokenBucket bucket(Rate{10, 1s}, 10);
  EXPECT_TRUE(bucket.try_take(10, kStart));
  for (int i = 0; i < 100; ++i) bucket.set_rate(Rate{10.0 + i % 2, 1s}, 10, kStart);
  EXPECT_FALSE(bucket.try_take(1, kStart));
}

TEST(TokenBucket, NeverDrifts) {
  TokenBucket bucket(Rate{7, 1s}, 1);  // a seventh of a second is no whole number of microseconds
  Time now = kStart;
  std::uint64_t given = 0;
  while (given < 700'000) {
    ASSERT_TRUE(bucket.try_take(1, now));
    ++given;
    now = bucket.next_available(1, now);
  }
  // Each wait is rounded up to a microsecond, but the rounding is not lost: seven million tokens take a million
  // seconds.
  EXPECT_EQ(now, kStart + 100'000s);
}

TEST(TokenBucket, NoWindowHoldsMoreThanBurstAndRate) {
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    Rng rng(seed);
    const Rate rate{static_cast<double>(1 + rng.below(5000)) / 10.0,
                    Duration{1 + static_cast<std::int64_t>(rng.below(60'000'000))}};
    const auto burst = static_cast<std::uint32_t>(1 + rng.below(50));
    TokenBucket bucket(rate, burst);
    const double per_us = rate.count / static_cast<double>(rate.per.count());
    const double most = burst + per_us + 1e-6;
    Time now = kStart;
    // The worst window ends now: worst = max over starts of (given since start − rate × length), kept step by step.
    double worst = 0;
    for (int i = 0; i < 3000; ++i) {
      const Duration step{static_cast<std::int64_t>(rng.below(static_cast<std::uint64_t>(3.0 / per_us) + 2))};
      now += step;
      worst = std::max(0.0, worst - per_us * static_cast<double>(step.count()));
      const auto tokens = static_cast<std::uint32_t>(1 + rng.below(burst));
      if (bucket.try_take(tokens, now)) worst += tokens;
      ASSERT_LE(worst, most) << "seed " << seed;
    }
  }
}

TEST(TokenBucket, NextAvailableIsTheFirstMoment) {
  Rng rng(7);
  for (int round = 0; round < 500; ++round) {
    const Rate rate{static_cast<double>(1 + rng.below(1'000'000)) / 1000.0,
                    Duration{1 + static_cast<std::int64_t>(rng.below(3'600'000'000))}};
    TokenBucket bucket(rate, static_cast<std::uint32_t>(1 + rng.below(10)));
    const auto first = static_cast<std::uint32_t>(1 + rng.below(20));
    ASSERT_TRUE(bucket.try_take(first, kStart));
    const auto more = static_cast<std::uint32_t>(1 + rng.below(20));
    const Time at = bucket.next_available(more, kStart);
    ASSERT_TRUE(bucket.has(more, at));
    if (at > kStart) {
      ASSERT_FALSE(bucket.has(more, at - 1us));
    }
  }
}
