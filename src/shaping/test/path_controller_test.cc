// SPDX-License-Identifier: Apache-2.0
#include "shaping/path_controller.h"

#include <gtest/gtest.h>

#include <deque>

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

Limits ranges() {
  Limits limits;
  limits.connections = 20;
  limits.connections_floor = 1;
  limits.connections_start = 8;
  limits.message_rate = Rate{100};
  limits.message_rate_floor = Rate{1};
  limits.message_rate_start = Rate{40};
  return limits;
}

Outcome delivered() {
  return {OutcomeKind::Delivered, Step::EndOfData, OutcomeClass::None, {250, {2, 0, 0}, "ok"}};
}
Outcome deferred(OutcomeClass outcome_class, Scope scope = Scope::None) {
  Outcome outcome{OutcomeKind::Deferred, Step::Mail, outcome_class, {421, {4, 7, 0}, "try again later"}};
  outcome.scope = scope;
  return outcome;
}

struct Path {
  PathController controller{ranges(), AdaptivePolicy{}, kStart};
  Time now = kStart;
  void see(const Outcome& outcome, int times = 1, AttemptFacts facts = {}) {
    for (int i = 0; i < times; ++i) controller.observe(outcome, facts, 8, false, now += 20ms);
  }
};

}  // namespace

TEST(PathController, BeginsAtTheStart) {
  Path path;
  EXPECT_EQ(path.controller.connection_limit(kStart), 8U);
  EXPECT_EQ(path.controller.rate(kStart), 40);
  EXPECT_EQ(path.controller.state(kStart), State::Normal);
  EXPECT_EQ(path.controller.explain(kStart).rule, "");
}

TEST(PathController, OneOddReplyOfAnyClassChangesNoProvenLimit) {
  for (const auto outcome_class : {OutcomeClass::Reputation, OutcomeClass::ServerTrouble, OutcomeClass::SpamContent,
                                   OutcomeClass::Blocklist, OutcomeClass::Network, OutcomeClass::Greylisting}) {
    Path path;
    path.see(delivered(), 500);
    path.see(deferred(outcome_class));
    EXPECT_EQ(path.controller.rate(path.now), 40) << model::to_string(outcome_class);
    EXPECT_EQ(path.controller.connection_limit(path.now), 8U);
    EXPECT_EQ(path.controller.state(path.now), State::Normal);
  }
}

// "451 4.7.650 … temporarily rate limited due to IP reputation": who goes on faster until a tenth doubts him is backed
// off.
TEST(PathController, DeferralsThatDoubtUsEndTheClimbBeforeTheyAreATenth) {
  PathController controller(ranges(), AdaptivePolicy{}, kStart);
  Time now = kStart;
  double tokens = 1;
  std::uint32_t refused = 0;
  for (int i = 0; i < 6000; ++i) {
    const auto step = Duration{static_cast<std::int64_t>(1e6 / controller.rate(now))};
    now += step;
    tokens = std::min(30.0, tokens + 60 * std::chrono::duration<double>(step).count());
    const bool taken = tokens >= 1;
    if (taken) tokens -= 1;
    if (!taken) ++refused;
    controller.observe(taken ? delivered() : deferred(OutcomeClass::Reputation), {.whole = 100ms}, 8, true, now);
    ASSERT_LT(controller.state(now), State::Backoff) << "after " << i;
  }
  EXPECT_NEAR(controller.rate(now), 60, 8);
  EXPECT_LT(refused, 60U);
}

// Of few answers, those that end a climb are a tenth before it has ended.
TEST(PathController, ReceiverOfLittleThatRefusesInWordsOfReputationIsFoundWithoutBackOff) {
  for (const double hidden : {4.0, 6.0, 12.0}) {
    Limits limits = ranges();
    limits.message_rate_start = Rate{3};
    PathController controller(limits, AdaptivePolicy{}, kStart);
    Time now = kStart;
    double tokens = hidden;
    std::uint32_t refused = 0;
    std::deque<std::pair<Time, bool>> answers;  // a quarter of a second later
    for (int i = 0; i < 1000; ++i) {
      const auto step = Duration{static_cast<std::int64_t>(1e6 / controller.rate(now))};
      now += step;
      tokens = std::min(hidden, tokens + hidden * std::chrono::duration<double>(step).count());
      answers.emplace_back(now + 250ms, tokens >= 1);
      if (tokens >= 1) tokens -= 1;
      while (!answers.empty() && answers.front().first <= now) {
        const auto [at, taken] = answers.front();
        answers.pop_front();
        if (!taken) ++refused;
        controller.observe(taken ? delivered() : deferred(OutcomeClass::Reputation), {.whole = 250ms}, 8, true, at);
        ASSERT_LT(controller.state(now), State::Backoff) << hidden << ", after " << i;
      }
    }
    EXPECT_NEAR(controller.rate_ceiling(), hidden, hidden * 0.2);  // the rate may be that of a probe now
    EXPECT_LT(refused, 25U) << hidden;
  }
}

TEST(PathController, WhoRefusesAllInWordsOfReputationIsBackedOffThoughMailWaits) {
  PathController controller(ranges(), AdaptivePolicy{}, kStart);
  Time now = kStart;
  const auto see = [&](const Outcome& outcome) {
    now += Duration{static_cast<std::int64_t>(1e6 / controller.rate(now))};
    controller.observe(outcome, {.whole = 100ms}, 8, true, now);
  };
  for (int i = 0; i < 100; ++i) see(delivered());
  int replies = 0;
  for (; controller.state(now) < State::Backoff && replies < 100; ++replies) see(deferred(OutcomeClass::Reputation));
  EXPECT_LE(replies, 40);
}

TEST(PathController, ShareOfDeferralsSlowsOnceThereIsVolume) {
  Path few;
  few.see(deferred(OutcomeClass::ServerTrouble), 40);
  EXPECT_EQ(few.controller.state(few.now), State::Normal) << "below the volume floor";
  Path path;
  path.see(delivered(), 100);
  path.see(deferred(OutcomeClass::ServerTrouble), 40);
  EXPECT_EQ(path.controller.state(path.now), State::Slowed);
  EXPECT_EQ(path.controller.connection_limit(path.now), 5U);
  EXPECT_DOUBLE_EQ(path.controller.rate(path.now), 28);
  const Explanation why = path.controller.explain(path.now);
  EXPECT_NE(why.rule.find("deferrals: 25 %"), std::string::npos) << why.rule;
  EXPECT_EQ(why.cause, "421 4.7.0 try again later");
  EXPECT_GT(why.since, kStart);
  EXPECT_NE(why.next, "");
}

TEST(PathController, CutIsHeld) {
  Path path;
  path.see(delivered(), 100);
  path.see(deferred(OutcomeClass::ServerTrouble), 100);
  EXPECT_DOUBLE_EQ(path.controller.rate(path.now), 28) << "one cut, not one for each reply";
}

TEST(PathController, WhatConcernsTheRecipientOrTheMessageIsNoSignal) {
  Path path;
  path.see(deferred(OutcomeClass::Greylisting), 300);
  path.see(deferred(OutcomeClass::MailboxFull), 300);
  path.see(deferred(OutcomeClass::Reputation, Scope::SenderDomain), 300);
  EXPECT_EQ(path.controller.state(path.now), State::Normal);
}

TEST(PathController, DoubtsTurnBackOffModeOn) {
  Path path;
  path.see(delivered(), 100);
  path.see(deferred(OutcomeClass::Reputation), 15);
  EXPECT_EQ(path.controller.state(path.now), State::Backoff);
  EXPECT_DOUBLE_EQ(path.controller.rate(path.now), 10) << "a quarter";
  EXPECT_EQ(path.controller.connection_limit(path.now), 2U);
  const auto until = path.controller.explain(path.now).until;
  ASSERT_TRUE(until);
  EXPECT_EQ(path.controller.state(*until), State::Slowed) << "then it recovers in a ramp";
}

TEST(PathController, BackOffModeHasLimitsOfItsOwnWhereTheyAreGiven) {
  Path path;
  AdaptivePolicy policy;
  policy.backoff_connections = 3;
  policy.backoff_rate = 20;
  path.controller.set_policy(policy);
  path.see(delivered(), 100);
  path.see(deferred(OutcomeClass::Reputation), 15);
  ASSERT_EQ(path.controller.state(path.now), State::Backoff);
  EXPECT_DOUBLE_EQ(path.controller.rate(path.now), 20) << "more than the share would leave";
  EXPECT_EQ(path.controller.connection_limit(path.now), 3U);
}

TEST(PathController, OwnRateOfBackOffHoldsForAPathThatHasNone) {
  AdaptivePolicy policy;
  policy.backoff_rate = 2;
  PathController controller({.connections = 20, .connections_floor = 1, .connections_start = 8}, policy, kStart);
  Time now = kStart;
  for (int i = 0; i < 100; ++i) controller.observe(delivered(), {}, 8, false, now += 20ms);
  EXPECT_EQ(controller.rate(now), 0) << "no limit";
  for (int i = 0; i < 15; ++i) controller.observe(deferred(OutcomeClass::Reputation), {}, 8, false, now += 20ms);
  ASSERT_EQ(controller.state(now), State::Backoff);
  EXPECT_DOUBLE_EQ(controller.rate(now), 2);
  EXPECT_EQ(controller.rate(*controller.explain(now).until), 0);
}

TEST(PathController, NamedWaitIsKeptExactly) {
  Path path;
  path.see(delivered(), 10);
  Outcome asks = deferred(OutcomeClass::RateLimit);
  asks.wait = 2h;
  asks.wait_told = true;
  asks.rule = "yahoo.tss04";
  path.see(asks);
  const Time until = path.now + 2h;
  EXPECT_EQ(path.controller.state(path.now), State::Suspended);
  EXPECT_EQ(path.controller.connection_limit(until - 1us), 0U);
  EXPECT_EQ(path.controller.suspended_until(path.now), until);
  EXPECT_NE(path.controller.state(until), State::Suspended);
  EXPECT_LT(path.controller.rate(until), 12) << "it begins with a part";
  const Explanation why = path.controller.explain(path.now);
  EXPECT_EQ(why.rule, "wait: the receiver asks for 2h (rule yahoo.tss04)");
  EXPECT_EQ(why.until, until);
  asks.wait = 1h;
  path.see(asks);
  EXPECT_EQ(path.controller.suspended_until(path.now), until) << "a shorter wait does not shorten";
}

TEST(PathController, WaitThatOnlyARuleKnowsSuspendsNothingAndIsTheLeastOfABackOff) {
  Path path;
  path.see(delivered(), 100);
  Outcome doubts = deferred(OutcomeClass::Reputation);
  doubts.wait = 30min;
  path.see(doubts);
  EXPECT_EQ(path.controller.state(path.now), State::Normal);
  EXPECT_EQ(path.controller.rate(path.now), 40);
  path.see(doubts, 14);
  EXPECT_EQ(path.controller.state(path.now), State::Backoff) << "several of them";
  const Explanation why = path.controller.explain(path.now);
  ASSERT_TRUE(why.until);
  EXPECT_EQ(*why.until - why.since, 30min) << "not only five minutes";
}

TEST(PathController, CountsOfTheCauseAreKept) {
  Path path;
  path.see(delivered(), 100);
  path.see(deferred(OutcomeClass::ServerTrouble), 40);
  const Explanation why = path.controller.explain(path.now + 1h);
  EXPECT_EQ(why.attempts, 134U) << "when it was cut";
  EXPECT_EQ(why.refusals, 34U);
}

namespace {

// A site that belongs to no provider: its limits name no rate.
struct UnknownSite {
  static Limits limits() {
    Limits limits;
    limits.connections_floor = 1;
    limits.connections_start = 1000;
    return limits;
  }
  PathController controller{limits(), AdaptivePolicy{}, kStart};
  Time now = kStart;
  // So many a second for a while; the receiver takes at most `most` of them in any second.
  std::uint32_t taken = 0, refused = 0;
  void send(double per_second, double most, Duration span) {
    const Time end = now + span;
    double tokens = most;
    while (now < end) {
      const double rate = controller.rate(now) > 0 ? std::min(per_second, controller.rate(now)) : per_second;
      const Duration gap{static_cast<std::int64_t>(1e6 / rate)};
      now += gap;
      tokens = std::min(most, tokens + most * std::chrono::duration<double>(gap).count());
      const bool takes = tokens >= 1;
      if (takes) tokens -= 1;
      takes ? ++taken : ++refused;
      controller.observe(takes ? delivered() : deferred(OutcomeClass::RateLimit), {.whole = 100ms}, 8, true, now);
    }
  }
};

}  // namespace

TEST(PathController, SiteWithoutARateIsSlowedOnceItRefusesForRate) {
  UnknownSite site;
  site.send(100, 1000, 10s);
  EXPECT_EQ(site.controller.rate(site.now), 0) << "nothing limits it";
  site.controller.observe(deferred(OutcomeClass::RateLimit), {}, 8, false, site.now);
  EXPECT_EQ(site.controller.rate(site.now), 0) << "one odd reply";
  EXPECT_EQ(site.controller.state(site.now), State::Normal);
  site.controller.observe(deferred(OutcomeClass::RateLimit), {}, 8, false, site.now += 1s);
  EXPECT_GT(site.controller.rate(site.now), 40);
  EXPECT_LT(site.controller.rate(site.now), 90);
  EXPECT_EQ(site.controller.state(site.now), State::Slowed);
  EXPECT_NE(site.controller.explain(site.now).rule.find("2 of 1002 answers refuse"), std::string::npos)
      << site.controller.explain(site.now).rule;
}

TEST(PathController, SiteWithoutARateIsHeldToWhatItTakes) {
  UnknownSite site;
  site.send(200, 20, 2min);
  site.taken = site.refused = 0;
  site.send(200, 20, 10min);
  EXPECT_GT(site.taken, 20U * 600 * 9 / 10);
  EXPECT_LT(site.refused, site.taken / 50);
  // That is remembered over a restart, and forgotten when an operator says so.
  PathController again(UnknownSite::limits(), AdaptivePolicy{}, site.now);
  again.restore(site.controller.learned(), site.now);
  EXPECT_DOUBLE_EQ(again.rate(site.now), site.controller.rate(site.now));
  again.clear(site.now);
  EXPECT_EQ(again.rate(site.now), 0);
}

TEST(PathController, RefusalsThatNameAWaitBeginNoRate) {
  UnknownSite site;
  site.send(100, 1000, 10s);
  Outcome asks = deferred(OutcomeClass::RateLimit);
  asks.wait = 10min;
  asks.wait_told = true;
  for (int i = 0; i < 5; ++i) site.controller.observe(asks, {}, 8, false, site.now);
  EXPECT_EQ(site.controller.state(site.now), State::Suspended);
  EXPECT_EQ(site.controller.rate(site.now), 0) << "the wait is all they ask for";
}

TEST(PathController, RateThatAPersonFixedStandsStill) {
  Limits limits = UnknownSite::limits();
  limits.message_rate = Rate{50};
  PathController controller(limits, AdaptivePolicy{}, kStart);
  for (int i = 0; i < 20; ++i) {
    controller.observe(deferred(OutcomeClass::RateLimit), {}, 8, true, kStart + i * 100ms);
  }
  EXPECT_EQ(controller.rate(kStart + 2s), 0);
}

// At six a minute no share of a minute's answers ever has a volume.
TEST(PathController, WhoRefusesTheLowestRateIsTriedEachHalfMinuteUntilHeTakesOne) {
  Limits limits = ranges();
  limits.message_rate_floor = Rate{6, 1min};
  PathController controller(limits, AdaptivePolicy{}, kStart);
  Time now = kStart;
  const auto see = [&](const Outcome& outcome) {
    now += Duration{static_cast<std::int64_t>(1e6 / controller.rate(now))};
    controller.observe(outcome, {.whole = 200ms}, 1, true, now);
  };
  for (int i = 0; i < 120 && controller.state(now) != State::Backoff; ++i) see(deferred(OutcomeClass::RateLimit));
  ASSERT_EQ(controller.state(now), State::Backoff);
  EXPECT_LT(now - kStart, 8min);
  EXPECT_NEAR(controller.rate(now), 1.0 / 30, 1e-9);
  EXPECT_EQ(controller.connection_limit(now), 8U) << "connections are not what is refused";
  const Time dead = now;
  int tries = 0;
  for (; now < dead + 2h; ++tries) see(deferred(OutcomeClass::RateLimit));
  EXPECT_LT(tries, 280) << "the ends of the back-offs included";
  while (controller.state(now) != State::Backoff) see(deferred(OutcomeClass::RateLimit));
  see(delivered());
  EXPECT_NE(controller.state(now), State::Backoff);
  const Time back = now;
  while (controller.rate(now) < 20) see(delivered());
  EXPECT_LT(now - back, 45s) << "the time between two at a low rate counts as sending time";
}

TEST(PathController, WhoTakesHalfAtTheLowestRateIsNotBackedOff) {
  Path path;
  path.see(deferred(OutcomeClass::RateLimit), 20);
  for (int i = 0; i < 200; ++i) {
    path.now += 1s;
    path.see(deferred(OutcomeClass::RateLimit));
    path.see(delivered());
  }
  EXPECT_NE(path.controller.state(path.now), State::Backoff);
}

TEST(PathController, RisingLatencySlows) {
  Path path;
  path.see(delivered(), 300, {.mail = 50ms, .end_of_data = 100ms, .whole = 200ms});
  path.see(delivered(), 100, {.mail = 50ms, .end_of_data = 3s, .whole = 3s});
  EXPECT_EQ(path.controller.state(path.now), State::Slowed);
  EXPECT_NE(path.controller.explain(path.now).rule.find("end-of-data"), std::string::npos);
}

TEST(PathController, PinOverridesAndEnds) {
  Path path;
  path.controller.pin({.connections = 3, .rate = 7.0, .until = kStart + 1h, .by = "ann", .reason = "new IP"}, kStart);
  EXPECT_EQ(path.controller.connection_limit(kStart), 3U);
  EXPECT_EQ(path.controller.rate(kStart), 7);
  EXPECT_EQ(path.controller.explain(kStart).by, "ann");
  EXPECT_EQ(path.controller.explain(kStart).rule, "pinned by an operator: new IP");
  EXPECT_EQ(path.controller.rate(kStart + 1h), 40);
}

TEST(PathController, SuspensionByHandEndsInARamp) {
  for (const bool by_itself : {true, false}) {
    Path path;
    Pin pin{.suspended = true, .by = "ann", .reason = "new IP"};
    if (by_itself) pin.until = kStart + 2h;
    path.controller.pin(pin, kStart);
    path.controller.pin(pin, kStart + 1h);  // said once more, it costs nothing more
    EXPECT_EQ(path.controller.state(kStart + 119min), State::Suspended);
    path.now = kStart + 2h;
    if (!by_itself) path.controller.unpin(path.now);
    EXPECT_EQ(path.controller.state(path.now), State::Slowed);
    EXPECT_EQ(path.controller.rate(path.now), 10) << "a quarter of 40";
    EXPECT_EQ(path.controller.explain(path.now).rule, "pin: it was suspended by ann");
    for (int i = 0; i < 4000 && path.controller.state(path.now) != State::Normal; ++i) {
      const std::uint32_t open = path.controller.connection_limit(path.now);
      path.controller.observe(delivered(), {.backlog = true}, open, i % 2 == 0, path.now += 20ms);
    }
    EXPECT_EQ(path.controller.state(path.now), State::Normal);
  }
}

TEST(PathController, SuspensionByHandThatIsShortenedRampsFromItsNewEnd) {
  Path path;
  path.controller.pin({.suspended = true, .until = kStart + 24h, .by = "ann"}, kStart);
  path.controller.pin({.suspended = true, .until = kStart + 1h, .by = "ann"}, kStart + 1min);
  path.now = kStart + 1h;
  const double begins = path.controller.rate(path.now);
  for (int i = 0; i < 4000 && path.controller.state(path.now) != State::Normal; ++i) {
    const std::uint32_t open = path.controller.connection_limit(path.now);
    path.controller.observe(delivered(), {.backlog = true}, open, i % 2 == 0, path.now += 20ms);
  }
  EXPECT_EQ(path.controller.state(path.now), State::Normal);
  EXPECT_GT(path.controller.rate(path.now), begins);
}

TEST(PathController, ClearForgetsWhatWasLearnedButKeepsAPin) {
  Path path;
  Outcome asks = deferred(OutcomeClass::RateLimit);
  asks.wait = 2h;
  asks.wait_told = true;
  path.see(asks);
  path.controller.pin({.rate = 7.0, .by = "ann"}, path.now);
  path.controller.clear(path.now);
  EXPECT_FALSE(path.controller.suspended(path.now));
  EXPECT_EQ(path.controller.rate(path.now), 7);
}

TEST(PathController, LearnedStateSurvivesARestart) {
  Path path;
  path.see(delivered(), 100);
  path.see(deferred(OutcomeClass::ServerTrouble), 40);
  Outcome asks = deferred(OutcomeClass::RateLimit);
  asks.wait = 2h;
  asks.wait_told = true;
  path.see(asks);
  const LearnedState state = path.controller.learned();
  PathController again(ranges(), AdaptivePolicy{}, path.now);
  again.restore(state, path.now);
  EXPECT_EQ(again.state(path.now), State::Suspended);
  EXPECT_EQ(again.suspended_until(path.now), path.controller.suspended_until(path.now));
  EXPECT_DOUBLE_EQ(again.rate(path.now), path.controller.rate(path.now));
  EXPECT_EQ(again.explain(path.now).rule, path.controller.explain(path.now).rule);
  EXPECT_EQ(again.explain(path.now).cause, "421 4.7.0 try again later");
}
