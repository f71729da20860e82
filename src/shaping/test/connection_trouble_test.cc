// SPDX-License-Identifier: Apache-2.0
#include "shaping/connection_trouble.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

using namespace std::chrono_literals;
using penstock::Rng;
using penstock::Time;
using penstock::shaping::ConnectionTrouble;
using penstock::shaping::Explanation;
using penstock::shaping::State;
using penstock::shaping::TroublePolicy;

namespace {

constexpr Time kStart{1'800'000'000s};
constexpr TroublePolicy kNoJitter{
    .failures = 3, .first = 30s, .growth = 2.0, .longest = 100s, .jitter = 0.0, .ramp_limit = 8};

void fail_times(ConnectionTrouble& trouble, int times, Time now, Rng& rng) {
  for (int i = 0; i < times; ++i) trouble.failed("connection refused", 0, now, rng);
}

}  // namespace

TEST(ConnectionTrouble, FewFailuresChangeNothing) {
  Rng rng(1);
  ConnectionTrouble trouble(kNoJitter);
  fail_times(trouble, 2, kStart, rng);
  trouble.succeeded(kStart);
  fail_times(trouble, 2, kStart, rng);
  EXPECT_EQ(trouble.state(kStart), State::Normal);
  EXPECT_EQ(trouble.allowed(kStart), Explanation::kNoLimit);
  EXPECT_EQ(trouble.explain(kStart).rule, "");
}

TEST(ConnectionTrouble, FailuresInARowSuspendAndExplain) {
  Rng rng(1);
  ConnectionTrouble trouble(kNoJitter);
  fail_times(trouble, 3, kStart, rng);
  EXPECT_EQ(trouble.state(kStart), State::Suspended);
  EXPECT_EQ(trouble.allowed(kStart), 0U);
  const Explanation why = trouble.explain(kStart + 1s);
  EXPECT_EQ(why.state, State::Suspended);
  EXPECT_EQ(why.rule, "connection-trouble: 3 failed connections in a row");
  EXPECT_EQ(why.cause, "connection refused");
  EXPECT_EQ(why.since, kStart);
  EXPECT_EQ(why.until, kStart + 30s);
  EXPECT_EQ(why.attempts, 3U);
  EXPECT_EQ(why.refusals, 3U);
  EXPECT_NE(why.next.find("one connection"), std::string::npos);
  trouble.succeeded(kStart + 2s);  // opened before
  EXPECT_EQ(trouble.explain(kStart + 2s).attempts, 3U);
  for (const auto later : {30s, 31s}) EXPECT_NE(trouble.explain(kStart + later).next, "");
}

TEST(ConnectionTrouble, FailuresOfConnectionsUnderwayDoNotLengthen) {
  Rng rng(1);
  ConnectionTrouble trouble(kNoJitter);
  fail_times(trouble, 50, kStart, rng);
  EXPECT_EQ(trouble.suspended_until(), kStart + 30s);
}

TEST(ConnectionTrouble, WhatIsOpenedTogetherFailsOnce) {
  Rng rng(1);
  ConnectionTrouble trouble(kNoJitter);
  for (std::uint32_t others = 9; others > 0; --others) {
    EXPECT_EQ(trouble.failed("connection reset", others, kStart, rng), ConnectionTrouble::Judged::NotYet);
    EXPECT_TRUE(trouble.in_doubt());
  }
  EXPECT_EQ(trouble.failed("connection reset", 0, kStart, rng), ConnectionTrouble::Judged::Yes);
  EXPECT_EQ(trouble.state(kStart), State::Normal);
  EXPECT_EQ(trouble.learned().failures, 1U);
  fail_times(trouble, 2, kStart, rng);
  EXPECT_EQ(trouble.state(kStart), State::Suspended);
}

TEST(ConnectionTrouble, NothingFailedWhereOneOfThemCameThrough) {
  Rng rng(1);
  ConnectionTrouble trouble(kNoJitter);
  for (std::uint32_t others = 4; others > 1; --others) trouble.failed("connection reset", others, kStart, rng);
  trouble.succeeded(kStart);
  EXPECT_FALSE(trouble.in_doubt());
  EXPECT_EQ(trouble.learned().failures, 0U);
}

TEST(ConnectionTrouble, ProbeIsJudgedAloneWhateverIsStillBeingOpened) {
  Rng rng(1);
  ConnectionTrouble trouble(kNoJitter);
  fail_times(trouble, 3, kStart, rng);
  EXPECT_EQ(trouble.failed("timed out", 2, kStart + 30s, rng), ConnectionTrouble::Judged::Yes);
  EXPECT_EQ(trouble.suspended_until(), kStart + 90s);
}

TEST(ConnectionTrouble, FailedProbesSuspendForLongerUpToTheLongest) {
  Rng rng(1);
  ConnectionTrouble trouble(kNoJitter);
  fail_times(trouble, 3, kStart, rng);
  Time now = kStart;
  for (const auto length : {30s, 60s, 100s, 100s}) {
    ASSERT_EQ(trouble.suspended_until(), now + length);
    EXPECT_EQ(trouble.state(now + length - 1us), State::Suspended);
    now += length;
    EXPECT_EQ(trouble.state(now), State::Backoff);
    EXPECT_EQ(trouble.allowed(now), 1U);
    trouble.failed("timed out", 0, now, rng);
  }
}

TEST(ConnectionTrouble, RecoveryDoublesWithSuccess) {
  Rng rng(1);
  ConnectionTrouble trouble(kNoJitter);
  fail_times(trouble, 3, kStart, rng);
  const Time now = kStart + 30s;
  std::vector<std::uint32_t> allowed;
  for (int success = 0; success < 8; ++success) {
    allowed.push_back(trouble.allowed(now));
    trouble.succeeded(now);
  }
  // One probe, then each new slot must prove itself: 1 for two, 2 for four, 4 for eight.
  EXPECT_THAT(allowed, testing::ElementsAre(1, 2, 4, 4, 8, 8, 8, 8));
  EXPECT_EQ(trouble.state(now), State::Normal);
  fail_times(trouble, 3, now, rng);
  EXPECT_EQ(trouble.suspended_until(), now + 30s) << "full recovery forgets the growth";
}

TEST(ConnectionTrouble, TroubleWhileRecoveringSuspendsForLonger) {
  Rng rng(1);
  ConnectionTrouble trouble(kNoJitter);
  fail_times(trouble, 3, kStart, rng);
  const Time now = kStart + 30s;
  trouble.succeeded(now);
  EXPECT_EQ(trouble.state(now), State::Slowed);
  fail_times(trouble, 2, now, rng);
  EXPECT_EQ(trouble.state(now), State::Slowed);
  fail_times(trouble, 1, now, rng);
  EXPECT_EQ(trouble.suspended_until(), now + 60s);
}

TEST(ConnectionTrouble, OldConnectionDoesNotEndASuspension) {
  Rng rng(1);
  ConnectionTrouble trouble(kNoJitter);
  fail_times(trouble, 3, kStart, rng);
  trouble.succeeded(kStart + 1s);
  EXPECT_EQ(trouble.state(kStart + 1s), State::Suspended);
  trouble.reset();
  EXPECT_EQ(trouble.state(kStart + 1s), State::Normal);
}

TEST(ConnectionTrouble, JitterTakesOffItsShareAtMost) {
  Rng rng(3);
  std::set<Time> ends;
  for (int i = 0; i < 200; ++i) {
    ConnectionTrouble trouble({.failures = 1, .first = 30s, .longest = 15min, .jitter = 0.2});
    trouble.failed("refused", 0, kStart, rng);
    const Time until = trouble.suspended_until();
    EXPECT_GT(until, kStart + 24s - 1us);
    EXPECT_LE(until, kStart + 30s);
    ends.insert(until);
  }
  EXPECT_GT(ends.size(), 190U);
}

TEST(ConnectionTrouble, ZeroFailuresMeansNeverSuspend) {
  Rng rng(1);
  ConnectionTrouble trouble({.failures = 0});
  fail_times(trouble, 100, kStart, rng);
  EXPECT_EQ(trouble.state(kStart), State::Normal);
}

TEST(ConnectionTrouble, RestartRemembersHowOftenAndHowFar) {
  Rng rng(1);
  ConnectionTrouble trouble(kNoJitter);
  fail_times(trouble, 3, kStart, rng);
  fail_times(trouble, 1, kStart + 30s, rng);
  ConnectionTrouble again(kNoJitter);
  again.restore(trouble.learned());
  EXPECT_EQ(again.state(kStart + 80s), State::Suspended);
  EXPECT_EQ(again.suspended_until(), kStart + 90s);
  EXPECT_EQ(again.explain(kStart + 80s).cause, "connection refused");
  EXPECT_EQ(again.allowed(kStart + 90s), 1U);
  fail_times(again, 1, kStart + 90s, rng);
  EXPECT_EQ(again.suspended_until(), kStart + 190s) << "the third is longer than the second, though not twice as long";
  again.succeeded(kStart + 190s);
  ConnectionTrouble recovering(kNoJitter);
  recovering.restore(again.learned());
  EXPECT_EQ(recovering.allowed(kStart + 191s), 2U);
  ConnectionTrouble never({.failures = 0});
  never.restore(trouble.learned());
  EXPECT_EQ(never.state(kStart + 80s), State::Normal) << "it is switched off now";
}
