// SPDX-License-Identifier: Apache-2.0
#include "shaping/action_book.h"

#include <gtest/gtest.h>

#include "base/units.h"

using namespace std::chrono_literals;
using namespace penstock;
using namespace penstock::shaping;
using model::Outcome;
using model::OutcomeClass;
using model::OutcomeKind;
using model::Scope;
using model::Step;

namespace {

constexpr Time kStart{1'800'000'000s};

struct Play {
  model::NameTable names;
  ActionBook book{shipped_action_rules()};
  Time now = kStart;
  LimitKey facts(const char* domain = "news.example", const char* campaign = "may", const char* provider = "gmail") {
    LimitKey key;
    key[Dimension::SenderDomain] = names.intern(domain);
    key[Dimension::DkimDomain] = names.intern(domain);
    key[Dimension::Campaign] = names.intern(campaign);
    key[Dimension::Provider] = names.intern(provider);
    key[Dimension::Vmta] = names.intern("v1");
    return key;
  }
  static Outcome says(OutcomeClass outcome_class, Scope scope) {
    Outcome outcome{OutcomeKind::Bounced, Step::EndOfData, outcome_class, {550, {5, 7, 1}, "no"}};
    outcome.scope = scope;
    return outcome;
  }
  static Outcome taken() { return {OutcomeKind::Delivered, Step::EndOfData, OutcomeClass::None, {250, {}, "ok"}}; }
  const Action* see(const Outcome& outcome, const LimitKey& facts, int times = 1) {
    const Action* latest = nullptr;
    for (int i = 0; i < times; ++i) {
      if (const Action* action = book.observe(outcome, facts, now += 10ms)) latest = action;
    }
    return latest;
  }
};

}  // namespace

TEST(ActionBook, OneOddReplyStopsNobody) {
  Play p;
  p.see(Play::taken(), p.facts(), 100);
  EXPECT_EQ(p.see(Play::says(OutcomeClass::Authentication, Scope::SenderDomain), p.facts()), nullptr);
  EXPECT_EQ(p.see(Play::says(OutcomeClass::SpamContent, Scope::Campaign), p.facts()), nullptr);
  EXPECT_EQ(p.book.find(p.facts(), p.now), nullptr);
}

TEST(ActionBook, FailingAuthenticationStopsTheDomainThereWithAnAlarm) {
  Play p;
  const Action* action = p.see(Play::says(OutcomeClass::Authentication, Scope::SenderDomain), p.facts(), 5);
  ASSERT_NE(action, nullptr);
  EXPECT_EQ(action->kind, ActionKind::Stop);
  EXPECT_TRUE(action->alarm);
  EXPECT_EQ(action->until, std::nullopt);
  EXPECT_EQ(action->rule, "authentication-fails");
  EXPECT_EQ(action->reply, "550 5.7.1 no");
  EXPECT_EQ(action->replies, 5U);
  EXPECT_EQ(action->next(), "a person looks at it and ends it");
  EXPECT_NE(p.book.find(p.facts(), p.now + 100h), nullptr);
  EXPECT_EQ(p.book.find(p.facts("other.example"), p.now), nullptr) << "another domain goes on";
  EXPECT_EQ(p.book.find(p.facts("news.example", "may", "yahoo"), p.now), nullptr) << "and this one elsewhere";
}

TEST(ActionBook, OnlyTheScopeTheReplyNamesIsHeld) {
  Play p;
  p.see(Play::says(OutcomeClass::SpamContent, Scope::Campaign), p.facts());
  p.see(Play::taken(), p.facts(), 20);
  p.see(Play::says(OutcomeClass::SpamContent, Scope::Campaign), p.facts(), 9);
  const Action* action = p.book.find(p.facts(), p.now);
  ASSERT_NE(action, nullptr);
  EXPECT_EQ(action->kind, ActionKind::Suspend);
  EXPECT_EQ(p.book.find(p.facts("news.example", "june"), p.now), nullptr);
  EXPECT_EQ(p.book.find(p.facts(), p.now + 61min)->kind, ActionKind::Slow) << "it ends by itself, in a ramp";
}

TEST(ActionBook, ShareIsOfTheTuplesOwnAnswers) {
  Play p;
  EXPECT_FALSE(p.book.watching());
  p.see(Play::says(OutcomeClass::Reputation, Scope::DkimDomain), p.facts());
  EXPECT_TRUE(p.book.watching());
  p.see(Play::taken(), p.facts(), 1000);
  EXPECT_EQ(p.see(Play::says(OutcomeClass::Reputation, Scope::DkimDomain), p.facts(), 50), nullptr) << "below a tenth";
  const Action* action = p.see(Play::says(OutcomeClass::Reputation, Scope::DkimDomain), p.facts(), 100);
  ASSERT_NE(action, nullptr);
  EXPECT_EQ(action->kind, ActionKind::Slow);
  EXPECT_NEAR(action->rate, 50, 2) << "half of what it sent in a second";
}

TEST(ActionBook, RepetitionIsTwiceAsLong) {
  Play p;
  const Outcome spam = Play::says(OutcomeClass::SpamContent, Scope::Campaign);
  p.see(spam, p.facts(), 20);
  Action first = *p.book.find(p.facts(), p.now);
  EXPECT_EQ(*first.until - first.since, 1h);
  p.now = *first.until + 1min;
  p.see(spam, p.facts(), 20);
  const Action* second = p.book.find(p.facts(), p.now);
  ASSERT_NE(second, nullptr);
  EXPECT_EQ(*second->until - second->since, 2h);
}

TEST(ActionBook, WhatEndedComesBackInARampThatGrowsWithSuccess) {
  Play p;
  const Outcome spam = Play::says(OutcomeClass::SpamContent, Scope::Campaign);
  p.see(spam, p.facts());
  p.see(Play::taken(), p.facts(), 989);
  p.see(spam, p.facts(), 110);  // 1,100 answers in eleven seconds
  ASSERT_EQ(p.book.find(p.facts(), p.now)->kind, ActionKind::Suspend);
  EXPECT_NEAR(p.book.find(p.facts(), p.now)->usual, 100, 1);
  EXPECT_TRUE(p.book.take_turns(p.now).empty());
  EXPECT_EQ(p.book.next_end(p.now), p.book.find(p.facts(), p.now)->until);
  p.now += 1h;
  const auto listed = p.book.list(p.now);
  ASSERT_EQ(listed.size(), 1U);
  EXPECT_TRUE(listed[0].ramps());
  EXPECT_FALSE(p.book.has_turns()) << "who lists changes nothing";
  const auto turns = p.book.take_turns(p.now);
  ASSERT_EQ(turns.size(), 1U);
  EXPECT_EQ(turns[0].kind, ActionKind::Suspend);
  EXPECT_NEAR(turns[0].rate, 25, 1) << "a quarter of what it sent";
  const Action* ramp = p.book.find(p.facts(), p.now);
  ASSERT_NE(ramp, nullptr);
  EXPECT_TRUE(ramp->ramps());
  EXPECT_EQ(ramp->kind, ActionKind::Slow);
  EXPECT_TRUE(p.book.watching()) << "successes are to be told";
  EXPECT_EQ(p.book.find(p.facts("news.example", "june"), p.now), nullptr);

  p.see(Play::taken(), p.facts(), 1000);
  EXPECT_NEAR(ramp->rate, 95, 1);
  p.see(Play::says(OutcomeClass::InvalidMailbox, Scope::Recipient), p.facts(), 10);
  EXPECT_NEAR(ramp->rate, 95, 1) << "no success, but not what it was suspended for";
  p.see(spam, p.facts());
  EXPECT_NEAR(ramp->rate, 47, 1);
  p.see(spam, p.facts(), 5);
  EXPECT_NEAR(ramp->rate, 25, 1) << "never below where it began";
  p.see(Play::taken(), p.facts(), 2600);
  EXPECT_EQ(p.book.find(p.facts(), p.now), nullptr) << "at twice the usual it is over";
  const auto over = p.book.take_turns(p.now);
  ASSERT_EQ(over.size(), 1U);
  EXPECT_EQ(over[0].rate, 0);
  p.book.forget_old(p.now + 2min);
  EXPECT_FALSE(p.book.watching());
}

TEST(ActionBook, RepliesThatComeAgainInTheRampSuspendForTwiceAsLong) {
  Play p;
  const Outcome spam = Play::says(OutcomeClass::SpamContent, Scope::Campaign);
  p.see(spam, p.facts(), 20);
  p.now += 1h;
  ASSERT_TRUE(p.book.find(p.facts(), p.now)->ramps());
  const Action* again = p.see(spam, p.facts(), 20);
  ASSERT_NE(again, nullptr);
  EXPECT_EQ(again->kind, ActionKind::Suspend);
  EXPECT_EQ(*again->until - again->since, 2h);
  EXPECT_FALSE(again->ramps());
}

TEST(ActionBook, RampThatNobodyFeedsIsOver) {
  Play p;
  Action action{.kind = ActionKind::Suspend, .key = p.facts().only(Dimensions{Dimension::Campaign})};
  action.until = p.now + 10min;
  p.book.pin(action);
  EXPECT_EQ(p.book.find(p.facts(), p.now)->next(), "then its rate grows with each recipient taken");
  p.now += 10min;
  ASSERT_TRUE(p.book.find(p.facts(), p.now)->ramps());
  EXPECT_EQ(p.book.find(p.facts(), p.now)->rate, ActionBook::kRampRate) << "what it sent before is not known";
  p.book.forget_old(p.now + 9min);
  EXPECT_NE(p.book.find(p.facts(), p.now + 9min), nullptr);
  p.book.forget_old(p.now + 11min);
  EXPECT_EQ(p.book.find(p.facts(), p.now + 11min), nullptr);
}

TEST(ActionBook, SlowedRampsFromItsRate) {
  Play p;
  p.see(Play::says(OutcomeClass::Reputation, Scope::DkimDomain), p.facts(), 20);
  const double slowed = p.book.find(p.facts(), p.now)->rate;
  const Action* ramp = p.book.find(p.facts(), p.now + 15min);
  ASSERT_NE(ramp, nullptr);
  EXPECT_TRUE(ramp->ramps());
  EXPECT_EQ(ramp->rate, slowed);
}

TEST(ActionBook, OperatorPinsAndClears) {
  Play p;
  Action action{.kind = ActionKind::Suspend, .key = p.facts().only(Dimensions{Dimension::Campaign})};
  action.rule = "wrong link";
  action.by = "ann";
  p.book.pin(action);
  EXPECT_EQ(p.book.find(p.facts(), p.now)->by, "ann");
  EXPECT_EQ(p.book.list(p.now).size(), 1U);
  EXPECT_TRUE(p.book.clear(action.key));
  EXPECT_FALSE(p.book.clear(action.key));
  EXPECT_EQ(p.book.find(p.facts(), p.now), nullptr);
}

TEST(ActionBook, ListSurvivesARestart) {
  Play p;
  p.see(Play::says(OutcomeClass::SpamContent, Scope::Campaign), p.facts(), 20);
  ActionBook again(shipped_action_rules());
  again.restore(p.book.list(p.now));
  ASSERT_NE(again.find(p.facts(), p.now), nullptr);
  EXPECT_EQ(again.find(p.facts(), p.now)->until, p.book.find(p.facts(), p.now)->until);
}

TEST(ActionBook, QuietTuplesAndOldActionsAreForgotten) {
  Play p;
  p.see(Play::says(OutcomeClass::SpamContent, Scope::Campaign), p.facts(), 20);
  p.book.forget_old(p.now + 2min);
  EXPECT_FALSE(p.book.watching());
  EXPECT_FALSE(p.book.empty()) << "a repetition would be twice as long";
  ASSERT_TRUE(p.book.next_end(p.now));
  p.book.forget_old(*p.book.next_end(p.now) + 7h);
  EXPECT_TRUE(p.book.empty());
}

TEST(ActionBook, StrongestOfSeveralTuplesCounts) {
  Play p;
  p.book.pin({.kind = ActionKind::Slow, .key = p.facts().only(Dimensions{Dimension::Campaign}), .rate = 5});
  p.book.pin({.kind = ActionKind::Slow, .key = p.facts().only(Dimensions{Dimension::SenderDomain}), .rate = 2});
  EXPECT_EQ(p.book.find(p.facts(), p.now)->rate, 2);
  p.book.pin({.kind = ActionKind::Stop, .key = p.facts().only(Dimensions{Dimension::Vmta, Dimension::Provider})});
  EXPECT_EQ(p.book.find(p.facts(), p.now)->kind, ActionKind::Stop);
  EXPECT_EQ(p.book.find(p.facts("news.example", "may", "yahoo"), p.now)->rate, 2);
  LimitKey partial;
  partial[Dimension::Campaign] = p.names.intern("may");
  EXPECT_EQ(p.book.find(partial, p.now)->rate, 5) << "what is not said is not covered";
}

TEST(LimitKey, TuplesAreDescribedInWords) {
  Play p;
  const LimitKey key = p.facts().only(Dimensions{Dimension::Campaign, Dimension::Provider});
  EXPECT_EQ(describe(key, p.names), "campaign=may provider=gmail");
  EXPECT_EQ(describe({}, p.names), "everything");
  EXPECT_EQ(parse_dimension("sender_domain"), Dimension::SenderDomain);
  EXPECT_EQ(parse_dimension("sender"), std::nullopt);
}

TEST(ActionBook, KindsHaveNames) {
  EXPECT_EQ(to_string(ActionKind::Slow), "slow");
  EXPECT_EQ(to_string(ActionKind::Backoff), "backoff");
  EXPECT_EQ(to_string(ActionKind::Suspend), "suspend");
  EXPECT_EQ(to_string(ActionKind::Stop), "stop");
}

namespace {

std::vector<ActionRule> one_rule(Duration span = 1min, Duration length = 15min) {
  return {{.id = "mine",
           .classes = {OutcomeClass::SpamContent},
           .per = Dimensions{Dimension::Campaign, Dimension::Provider},
           .replies = 3,
           .share = 0,
           .span = span,
           .kind = ActionKind::Suspend,
           .length = length}};
}

}  // namespace

TEST(ActionRules, SpanIsWhatCounts) {
  const Outcome spam = Play::says(OutcomeClass::SpamContent, Scope::Campaign);
  for (const Duration span : {Duration{1min}, Duration{1h}}) {
    Play p;
    p.book.set_rules(one_rule(span));
    for (int i = 0; i < 2; ++i) {
      EXPECT_EQ(p.see(spam, p.facts()), nullptr);
      p.now += 10min;
    }
    EXPECT_EQ(p.see(spam, p.facts()) != nullptr, span == Duration{1h}) << format_duration(span);
  }
}

TEST(ActionRules, ChangedRuleOfTheSameNameGoesOnCounting) {
  Play p;
  const Outcome spam = Play::says(OutcomeClass::SpamContent, Scope::Campaign);
  p.book.set_rules(one_rule());
  p.see(spam, p.facts(), 2);
  p.book.set_rules(one_rule(1min, 2h));
  EXPECT_TRUE(p.book.watching());
  const Action* action = p.see(spam, p.facts());
  ASSERT_NE(action, nullptr) << "two were counted before the change";
  EXPECT_EQ(action->until, p.now + 2h);
}

TEST(ActionRules, RuleThatCountsOthersBeginsAnew) {
  Play p;
  const Outcome spam = Play::says(OutcomeClass::SpamContent, Scope::Campaign);
  p.book.set_rules(one_rule());
  p.see(spam, p.facts(), 2);
  p.book.set_rules(one_rule(2min));
  EXPECT_FALSE(p.book.watching());
  EXPECT_EQ(p.see(spam, p.facts()), nullptr);
}

TEST(ActionRules, ActionsOfARuleThatIsNoMoreEndButNotThoseOfAnOperator) {
  Play p;
  p.book.set_rules(one_rule());
  ASSERT_NE(p.see(Play::says(OutcomeClass::SpamContent, Scope::Campaign), p.facts(), 3), nullptr);
  Action own{.kind = ActionKind::Stop, .key = p.facts("other.example").only(Dimensions{Dimension::SenderDomain})};
  own.rule = "mine";
  p.book.pin(own);
  p.book.set_rules(shipped_action_rules());
  EXPECT_EQ(p.book.find(p.facts(), p.now), nullptr);
  EXPECT_NE(p.book.find(p.facts("other.example"), p.now), nullptr);
  EXPECT_FALSE(p.book.empty());
}

// What slows by itself stops nobody; an operator may want less than that.
TEST(ActionBook, OperatorsRateIsNotRaised) {
  Play p;
  Action own{.kind = ActionKind::Slow, .key = p.facts().only(Dimensions{Dimension::Campaign}), .rate = 0.004};
  p.book.pin(own);
  EXPECT_EQ(p.book.find(p.facts(), p.now)->rate, 0.004);
  p.book.restore(p.book.list(p.now));
  EXPECT_EQ(p.book.find(p.facts(), p.now)->rate, 0.004);
}
