// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "shaping/path_limiter.h"

using namespace std::chrono_literals;
using penstock::Time;
using namespace penstock;
using namespace penstock::shaping;
using model::Outcome;
using model::OutcomeClass;
using model::OutcomeKind;
using model::Step;

namespace {

constexpr Time kStart{1'800'000'000s};

Limits ranges(std::uint32_t start = 4) {
  Limits limits;
  limits.connections = 20;
  limits.connections_start = start;
  limits.message_rate_start = Rate{10};
  limits.message_rate_floor = Rate{1};
  return limits;
}

const Outcome kDelivered{OutcomeKind::Delivered, Step::EndOfData, OutcomeClass::None, {250, {2, 0, 0}, "ok"}};

Outcome refused(OutcomeClass outcome_class = OutcomeClass::Network) {
  Outcome outcome;
  outcome.outcome_class = outcome_class;
  outcome.reply.text = "connection refused";
  return outcome;
}

}  // namespace

TEST(AdaptiveLimiter, HoldsToStartAndPacesEvenly) {
  Limiter limiter("path", ranges());
  for (int i = 0; i < 4; ++i) {
    ASSERT_TRUE(limiter.can_open(kStart));
    limiter.open(kStart);
    limiter.connected(kStart);
  }
  EXPECT_FALSE(limiter.can_open(kStart));
  limiter.send(1, kStart);
  limiter.send(1, kStart);
  EXPECT_FALSE(limiter.can_send(1, kStart)) << "a fifth of a second's worth at once, no more";
  EXPECT_EQ(limiter.next_send(1, kStart), kStart + 100ms);
}

TEST(AdaptiveLimiter, RefusedConnectionBesideServedOnesIsOneTooMany) {
  Rng rng(1);
  Limiter limiter("path", ranges(4), TroublePolicy{});
  for (int i = 0; i < 4; ++i) limiter.open(kStart);
  for (int i = 0; i < 3; ++i) limiter.connected(kStart);
  limiter.observe(kDelivered, kStart, rng);
  EXPECT_EQ(limiter.observe(refused(), kStart, rng, {.host_serves = true}), Limiter::Observed::OneTooMany);
  limiter.close();
  EXPECT_EQ(limiter.explain(kStart).connection_limit, 3U);
  EXPECT_EQ(limiter.explain(kStart).cause, "connection refused");
}

TEST(AdaptiveLimiter, RefusedConnectionsAloneAreConnectionTrouble) {
  Rng rng(1);
  Limiter limiter("path", ranges(4), TroublePolicy{.failures = 3});
  for (int i = 0; i < 3; ++i) {
    limiter.open(kStart);
    EXPECT_EQ(limiter.observe(refused(), kStart, rng), Limiter::Observed::Counted);
    limiter.close();
  }
  EXPECT_EQ(limiter.state(kStart), State::Suspended);
}

TEST(AdaptiveLimiter, SuspendedNothingIsOpenedOrSent) {
  Rng rng(1);
  Limiter limiter("path", ranges());
  Outcome asks{OutcomeKind::Deferred, Step::Mail, OutcomeClass::RateLimit, {421, {4, 7, 0}, "in 1 hour"}};
  asks.wait = 1h;
  limiter.observe(asks, kStart, rng);
  EXPECT_FALSE(limiter.can_open(kStart));
  EXPECT_FALSE(limiter.can_send(1, kStart));
  EXPECT_EQ(limiter.next_open(kStart), kStart + 1h);
  EXPECT_GE(limiter.next_send(1, kStart), kStart + 1h);
  limiter.reset(kStart);
  EXPECT_TRUE(limiter.can_open(kStart));
}

TEST(AdaptiveLimiter, MoreConnectionsThanTheRateNeedsAreNotOpened) {
  Rng rng(1);
  Limiter limiter("path", ranges(20));
  limiter.observe(kDelivered, kStart, rng, {.whole = 100ms});
  std::uint32_t opened = 0;
  Time now = kStart;
  for (; opened < 20 && limiter.can_open(now); ++opened) {
    limiter.open(now);
    limiter.connected(now);
    while (limiter.can_send(1, now)) limiter.send(1, now);
  }
  EXPECT_LE(opened, 6U);
  EXPECT_GT(limiter.next_open(now), now);
}

TEST(AdaptiveLimiter, BytesAndTransactionsAreLimitedToo) {
  Limits limits;
  limits.byte_rate = Rate{1000};
  limits.transaction_rate = Rate{2};
  PathLimiter path({std::make_shared<Limiter>("path", limits)});
  EXPECT_TRUE(path.try_message(50, kStart, 600));
  EXPECT_FALSE(path.try_message(1, kStart, 600));
  EXPECT_EQ(path.next_message(1, kStart, 600), kStart + 200ms);
  EXPECT_TRUE(path.try_message(1, kStart, 100));
  EXPECT_FALSE(path.try_message(1, kStart, 1)) << "the third transaction";
}

TEST(AdaptiveLimiter, ReloadKeepsWhatWasLearned) {
  Rng rng(1);
  Limiter limiter("path", ranges());
  Outcome asks{OutcomeKind::Deferred, Step::Mail, OutcomeClass::RateLimit, {421, {4, 7, 0}, "in 1 hour"}};
  asks.wait = 1h;
  limiter.observe(asks, kStart, rng);
  Limits wider = ranges();
  wider.connections = 30;
  limiter.set_limits(wider, kStart);
  EXPECT_EQ(limiter.state(kStart), State::Suspended);
  limiter.set_limits({.connections = 5}, kStart);
  EXPECT_EQ(limiter.state(kStart), State::Normal) << "no longer adaptive";
  EXPECT_TRUE(limiter.can_open(kStart));
}

TEST(AdaptiveLimiter, PinHoldsStaticLimitsToo) {
  Limiter limiter("path", {.connections = 5});
  limiter.pin({.connections = 1, .by = "ann"}, kStart);
  limiter.open(kStart);
  EXPECT_FALSE(limiter.can_open(kStart));
  EXPECT_EQ(limiter.explain(kStart).by, "ann");
  limiter.unpin(kStart);
  EXPECT_TRUE(limiter.can_open(kStart));
}

TEST(AdaptiveLimiter, LearnedStateMovesToAnotherLimiter) {
  Rng rng(1);
  Limiter limiter("path", ranges());
  Outcome asks{OutcomeKind::Deferred, Step::Mail, OutcomeClass::RateLimit, {421, {4, 7, 0}, "in 1 hour"}};
  asks.wait = 1h;
  limiter.observe(asks, kStart, rng);
  Limiter again("path", ranges());
  again.restore(*limiter.learned(), kStart);
  EXPECT_EQ(again.state(kStart), State::Suspended);
  EXPECT_FALSE(Limiter("static", {}).learned());
}
