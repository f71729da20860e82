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
using model::Scope;
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

Outcome refused_for_rate() {
  return {OutcomeKind::Deferred,         Step::Mail, OutcomeClass::RateLimit,
          {450, {4, 7, 1}, "slow down"}, {},         Scope::SourceIp};
}

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

// A receiver that refuses for rate may count in spans of much less than a second.
TEST(AdaptiveLimiter, OnceARateWasRefusedWhatWasMissedIsMadeUpForLittleByLittle) {
  Rng rng(1);
  Limits limits = ranges();
  limits.message_rate_start = Rate{60};
  Limiter limiter("path", limits);
  Time now = kStart;
  limiter.observe(refused_for_rate(), now, rng);
  now += 1min;  // nobody could send for long
  limiter.observe(kDelivered, now, rng);
  const double rate = limiter.explain(now).rate;
  ASSERT_GT(rate, 30);
  const Duration least{static_cast<std::int64_t>(0.95e6 / rate)};
  for (int i = 0; i < 6; ++i) {
    ASSERT_TRUE(limiter.can_send(1, now));
    limiter.send(1, now);
    EXPECT_FALSE(limiter.can_send(1, now)) << "one at a time";
    EXPECT_GE(limiter.next_send(1, now) - now, least);
    now = limiter.next_send(1, now);
  }
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

TEST(AdaptiveLimiter, ColdStartRefusedInPartSuspendsNothing) {
  Rng rng(1);
  Limiter limiter("path", ranges(5), TroublePolicy{.failures = 3});
  for (int i = 0; i < 5; ++i) limiter.open(kStart);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(limiter.observe(refused(), kStart + 20ms, rng), Limiter::Observed::Undecided);
    limiter.close();
    EXPECT_FALSE(limiter.can_open(kStart + 20ms)) << "not before the others have been heard of";
    EXPECT_GT(limiter.next_open(kStart + 20ms).value(), kStart + 20ms);
  }
  for (int i = 0; i < 2; ++i) limiter.connected(kStart + 60ms);
  EXPECT_EQ(limiter.state(kStart + 60ms), State::Normal);
  ASSERT_TRUE(limiter.can_open(kStart + 60ms));
  limiter.open(kStart + 60ms);
  EXPECT_EQ(limiter.observe(refused(), kStart + 80ms, rng, {.host_serves = true}), Limiter::Observed::OneTooMany)
      << "two are open, though they have carried nothing yet";
  limiter.close();
  EXPECT_EQ(limiter.explain(kStart + 80ms).connection_limit, 2U);
}

TEST(AdaptiveLimiter, HostThatRefusesAllIsTriedOnceMoreAtATimeBeforeItIsSuspended) {
  Rng rng(1);
  Limiter limiter("path", ranges(5), TroublePolicy{.failures = 3});
  int tried = 0;
  for (; limiter.state(kStart) != State::Suspended && tried < 100; ++tried) {
    while (limiter.can_open(kStart)) limiter.open(kStart);
    limiter.observe(refused(), kStart, rng);
    limiter.close();
  }
  EXPECT_EQ(tried, 5 + 1 + 1);
}

TEST(AdaptiveLimiter, OpeningThatIsGivenUpLeavesNobodyWaiting) {
  Rng rng(1);
  Limiter limiter("path", ranges(5), TroublePolicy{.failures = 3});
  for (int i = 0; i < 2; ++i) limiter.open(kStart);
  limiter.observe(refused(), kStart, rng);
  limiter.close();
  limiter.abandoned(kStart);
  limiter.close();
  EXPECT_TRUE(limiter.can_open(kStart));
}

TEST(AdaptiveLimiter, SuspendedNothingIsOpenedOrSent) {
  Rng rng(1);
  Limiter limiter("path", ranges());
  Outcome asks{OutcomeKind::Deferred, Step::Mail, OutcomeClass::RateLimit, {421, {4, 7, 0}, "in 1 hour"}};
  asks.wait = 1h;
  asks.wait_told = true;
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
  asks.wait_told = true;
  limiter.observe(asks, kStart, rng);
  Limits wider = ranges();
  wider.connections = 30;
  limiter.set_limits(wider, kStart);
  EXPECT_EQ(limiter.state(kStart), State::Suspended);
  limiter.set_limits({.connections = 5}, kStart);
  EXPECT_EQ(limiter.state(kStart + 59min), State::Suspended) << "the receiver asked for an hour, adaptive or not";
  EXPECT_TRUE(limiter.can_open(kStart + 1h));
}

TEST(AdaptiveLimiter, ReloadThatAddsOrRemovesARangeKeepsTheRest) {
  Rng rng(1);
  Limiter limiter("path", ranges());
  limiter.pin({.connections = 1, .by = "ann"}, kStart);
  limiter.set_limits({.connections = 5}, kStart);
  ASSERT_TRUE(limiter.pinned());
  EXPECT_EQ(limiter.explain(kStart).connection_limit, 1U);
  limiter.set_limits(ranges(), kStart);
  ASSERT_TRUE(limiter.pinned());
  limiter.unpin(kStart);

  // What was found of the rate holds when connections become a range too.
  Limits rate_only = ranges();
  rate_only.connections_start = 0;
  Limiter other("path", rate_only);
  Time now = kStart;
  for (int i = 0; i < 4; ++i) other.observe(refused_for_rate(), now += 1s, rng);
  const double found = other.explain(now).rate;
  ASSERT_LT(found, 10);
  other.set_limits(ranges(), now);
  EXPECT_DOUBLE_EQ(other.explain(now).rate, found);
}

TEST(AdaptiveLimiter, ConnectionThatWasNotTriedCountsNeitherWay) {
  Limits limits = ranges(20);
  limits.connection_rate = Rate{2};
  Limiter limiter("path", limits);
  limiter.open(kStart);
  limiter.connected(kStart);
  limiter.open(kStart);
  EXPECT_FALSE(limiter.can_open(kStart)) << "two a second";
  limiter.abandoned(kStart);
  limiter.close();
  EXPECT_TRUE(limiter.can_open(kStart)) << "its token came back, and none is being opened";
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
  asks.wait_told = true;
  limiter.observe(asks, kStart, rng);
  Limiter again("path", ranges());
  again.restore(*limiter.learned(), kStart);
  EXPECT_EQ(again.state(kStart), State::Suspended);
  EXPECT_FALSE(Limiter("static", {}).learned());
}

// A connection that carries one message is busy with opening and closing for most of its time.
TEST(AdaptiveLimiter, ConnectionsThatCarryFewMessagesAreMore) {
  std::uint32_t enough[2] = {};
  for (const std::uint32_t messages : {100U, 1U}) {
    Rng rng(1);
    Limits limits = ranges(20);
    limits.messages_per_connection = messages;
    Limiter limiter("path", limits);
    Time now = kStart;
    for (int i = 0; i < 60; ++i) {
      limiter.open(now);
      limiter.connected(now += 200ms);
      limiter.send(1, now);
      limiter.observe(kDelivered, now += 100ms, rng, {.whole = 100ms});
      limiter.close();
    }
    while (limiter.can_send(1, now)) limiter.send(1, now);
    std::uint32_t& count = enough[messages == 1 ? 1 : 0];
    for (; limiter.can_open(now); ++count) limiter.open(now);
    ASSERT_TRUE(limiter.next_open(now));
    EXPECT_LE(*limiter.next_open(now) - now, 50ms) << "they end all the time";
  }
  EXPECT_EQ(enough[0], 3U) << "ten a second, a tenth of a second each";
  EXPECT_EQ(enough[1], 6U) << "and 267 ms to open and close it";
}

TEST(AdaptiveLimiter, BackOffOfAReceiverWithoutARateIsAShareOfWhatWasCarried) {
  Limits limits;
  limits.connections = 20;
  limits.connections_start = 1;
  Limiter limiter("site", limits, TroublePolicy{});
  Rng rng(1);
  Time now = kStart;
  limiter.open(now);
  limiter.connected(now);
  const Outcome doubted{OutcomeKind::Deferred,          Step::Mail, OutcomeClass::Reputation,
                        {421, {4, 7, 0}, "reputation"}, {},         Scope::SourceIp};
  // A hundred a second over one connection, and soon a third of the answers doubt us.
  for (int i = 0; i < 3000 && limiter.state(now) < State::Backoff; ++i) {
    now += 10ms;
    const bool doubts = i > 500 && i % 3 == 0;
    limiter.observe(doubts ? doubted : kDelivered, now, rng, {.whole = 5ms, .backlog = true});
  }
  ASSERT_EQ(limiter.state(now), State::Backoff);
  EXPECT_NEAR(limiter.explain(now).rate, 25, 5);
  int sent = 0;
  for (const Time end = now + 10s; now < end; now += 1ms) {
    if (!limiter.can_send(1, now)) continue;
    limiter.send(1, now);
    ++sent;
  }
  EXPECT_NEAR(sent, 250, 60);
}

TEST(AdaptiveLimiter, HostThatGreetsAndThenSaysNothingIsTrouble) {
  Limiter limiter("site", ranges(), TroublePolicy{});
  Rng rng(1);
  Time now = kStart;
  for (int i = 0; i < 4; ++i) {
    limiter.open(now);
    limiter.connected(now);
  }
  const auto hang = [&] {
    Outcome outcome{OutcomeKind::Deferred, Step::Rcpt, OutcomeClass::Timeout, {0, {}, "no answer at RCPT"}};
    outcome.scope = Scope::ReceivingHost;
    limiter.observe(outcome, now, rng, {.whole = 5min});
    limiter.close();
  };
  now += 5min;
  for (int i = 0; i < 3; ++i) hang();
  ASSERT_EQ(limiter.state(now), State::Suspended);
  EXPECT_EQ(limiter.explain(now).cause, "no answer at RCPT");
  // The probe is greeted too; that proves nothing.
  now = limiter.explain(now).until.value();
  limiter.close();
  limiter.open(now);
  limiter.connected(now);
  EXPECT_EQ(limiter.state(now), State::Backoff);
  EXPECT_FALSE(limiter.can_open(now)) << "one is enough";
  now += 5min;
  hang();
  ASSERT_EQ(limiter.state(now), State::Suspended);
  EXPECT_GT(limiter.explain(now).until.value() - now, 40s) << "for longer";
  // One that is answered does, whatever is said.
  now = limiter.explain(now).until.value();
  limiter.open(now);
  limiter.connected(now);
  limiter.observe(kDelivered, now += 1s, rng, {.whole = 1s});
  EXPECT_EQ(limiter.state(now), State::Slowed);
  EXPECT_TRUE(limiter.can_open(now));
}

TEST(AdaptiveLimiter, SomeTransactionsThatHangBesideOthersAreNoTrouble) {
  Limiter limiter("site", ranges(), TroublePolicy{});
  Rng rng(1);
  Time now = kStart;
  limiter.open(now);
  limiter.connected(now);
  const Outcome hung{OutcomeKind::Deferred, Step::EndOfData, OutcomeClass::Timeout, {0, {}, "no answer"}};
  for (int i = 0; i < 10; ++i) {
    limiter.observe(kDelivered, now += 1min, rng, {.whole = 1s});
    limiter.observe(hung, now += 1s, rng, {.whole = 5min});
  }
  EXPECT_EQ(limiter.state(now), State::Normal);
}

TEST(AdaptiveLimiter, BannersThatTellTheRateBesideServedConnectionsSuspendNothing) {
  Limiter limiter("path", ranges(), TroublePolicy{});
  Rng rng(1);
  Time now = kStart;
  for (int i = 0; i < 4; ++i) {
    limiter.open(now);
    limiter.connected(now);
  }
  limiter.close();
  Outcome banner{OutcomeKind::Deferred, Step::Banner, OutcomeClass::RateLimit, {421, {4, 7, 0}, "try again later"}};
  banner.scope = Scope::SourceIp;
  for (int i = 0; i < 5; ++i) {
    now += 100ms;
    limiter.observe(kDelivered, now, rng, {.whole = 50ms});
    limiter.observe(banner, now, rng, {.host_serves = true});
    EXPECT_NE(limiter.state(now), State::Suspended) << i;
  }
}
