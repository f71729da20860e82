// SPDX-License-Identifier: Apache-2.0
#include "shaping/path_controller.h"

#include <gtest/gtest.h>

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

TEST(PathController, NamedWaitIsKeptExactly) {
  Path path;
  path.see(delivered(), 10);
  Outcome asks = deferred(OutcomeClass::RateLimit);
  asks.wait = 2h;
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

TEST(PathController, RisingLatencySlows) {
  Path path;
  path.see(delivered(), 300, {.mail = 50ms, .end_of_data = 100ms, .whole = 200ms});
  path.see(delivered(), 100, {.mail = 50ms, .end_of_data = 3s, .whole = 3s});
  EXPECT_EQ(path.controller.state(path.now), State::Slowed);
  EXPECT_NE(path.controller.explain(path.now).rule.find("end-of-data"), std::string::npos);
}

TEST(PathController, PinOverridesAndEnds) {
  Path path;
  path.controller.pin({.connections = 3, .rate = 7.0, .until = kStart + 1h, .by = "ann", .reason = "new IP"});
  EXPECT_EQ(path.controller.connection_limit(kStart), 3U);
  EXPECT_EQ(path.controller.rate(kStart), 7);
  EXPECT_EQ(path.controller.explain(kStart).by, "ann");
  EXPECT_EQ(path.controller.explain(kStart).rule, "pinned by an operator: new IP");
  EXPECT_EQ(path.controller.rate(kStart + 1h), 40);
  path.controller.pin({.suspended = true, .by = "ann"});
  EXPECT_EQ(path.controller.state(kStart + 2h), State::Suspended);
  path.controller.unpin();
  EXPECT_EQ(path.controller.state(kStart + 2h), State::Normal);
}

TEST(PathController, ClearForgetsWhatWasLearnedButKeepsAPin) {
  Path path;
  Outcome asks = deferred(OutcomeClass::RateLimit);
  asks.wait = 2h;
  path.see(asks);
  path.controller.pin({.rate = 7.0, .by = "ann"});
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
