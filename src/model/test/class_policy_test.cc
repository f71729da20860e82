// SPDX-License-Identifier: Apache-2.0
#include "model/class_policy.h"

#include <gtest/gtest.h>

using namespace penstock;
using namespace penstock::model;
using namespace std::chrono_literals;

namespace {

std::vector<OutcomeClass> all_classes() {
  std::vector<OutcomeClass> all;
  for (int i = 0; i <= static_cast<int>(OutcomeClass::Other); ++i) all.push_back(static_cast<OutcomeClass>(i));
  return all;
}

}  // namespace

TEST(OutcomeClasses, NamesReadBack) {
  for (const OutcomeClass c : all_classes()) EXPECT_EQ(parse_outcome_class(to_string(c)), c);
  for (const char* bad : {"", "mailbox", "Policy", "rate_limit"}) EXPECT_FALSE(parse_outcome_class(bad)) << bad;
}

TEST(Scopes, NamesReadBack) {
  for (int i = 0; i <= static_cast<int>(Scope::Campaign); ++i) {
    EXPECT_EQ(parse_scope(to_string(static_cast<Scope>(i))), static_cast<Scope>(i));
  }
  for (const char* bad : {"", "ip", "Recipient"}) EXPECT_FALSE(parse_scope(bad)) << bad;
}

TEST(ClassPolicies, EachClassHasItsOwn) {
  for (const OutcomeClass c : all_classes()) EXPECT_EQ(policy_of(c).outcome_class, c);
}

TEST(ClassPolicies, BadAddressesAreSuppressedForGood) {
  for (const OutcomeClass c :
       {OutcomeClass::InvalidMailbox, OutcomeClass::InvalidDomain, OutcomeClass::InactiveMailbox}) {
    EXPECT_EQ(policy_of(c).suppression, Suppress::Suppress) << to_string(c);
    EXPECT_EQ(policy_of(c).suppressed_for, 0s) << to_string(c);
    EXPECT_EQ(policy_of(c).group, BounceGroup::HardAddress) << to_string(c);
  }
  EXPECT_TRUE(policy_of(OutcomeClass::Policy).investigate);
}

TEST(ClassPolicies, FullMailboxIsTriedThreeTimesThenLeftAloneForTwoWeeks) {
  const ClassPolicy& full = policy_of(OutcomeClass::MailboxFull);
  EXPECT_EQ(full.finality, Finality::Retry);
  EXPECT_EQ(full.tries_max, 3);
  EXPECT_EQ(full.tries_within, 24h);
  EXPECT_EQ(full.suppressed_for, 14 * 24h);
}

TEST(ClassPolicies, WhatOurSendingCausedSuppressesNobody) {
  for (const OutcomeClass c : all_classes()) {
    const BounceGroup group = policy_of(c).group;
    if (group != BounceGroup::Reputation && group != BounceGroup::SoftConnection && group != BounceGroup::None)
      continue;
    EXPECT_EQ(policy_of(c).suppression, Suppress::Never) << to_string(c);
  }
  EXPECT_EQ(policy_of(OutcomeClass::Authentication).suppression, Suppress::Never);
  EXPECT_TRUE(policy_of(OutcomeClass::Authentication).alarm);
}

TEST(ClassPolicies, SlowDownIsTriedAgainWhateverTheCode) {
  EXPECT_EQ(policy_of(OutcomeClass::RateLimit).finality, Finality::Retry);
  EXPECT_EQ(policy_of(OutcomeClass::TooManyConnections).finality, Finality::Retry);
  EXPECT_EQ(policy_of(OutcomeClass::InvalidMailbox).finality, Finality::Final);
}

TEST(ClassPolicies, ScopeOfTheReplyDecidesWhetherItSpeaksOfThePath) {
  Outcome outcome{OutcomeKind::Deferred, Step::Rcpt, OutcomeClass::RateLimit, {421, {4, 7, 0}, "later"}};
  EXPECT_TRUE(speaks_of_path(outcome)) << "its class does";
  for (const Scope of_path : {Scope::SourceIp, Scope::IpRange, Scope::ReceivingHost}) {
    outcome.scope = of_path;
    EXPECT_TRUE(speaks_of_path(outcome)) << to_string(of_path);
  }
  for (const Scope other : {Scope::Recipient, Scope::SenderDomain, Scope::DkimDomain, Scope::Campaign}) {
    outcome.scope = other;
    EXPECT_FALSE(speaks_of_path(outcome)) << to_string(other);
  }
  outcome.scope = Scope::None;
  outcome.outcome_class = OutcomeClass::InvalidMailbox;
  EXPECT_FALSE(speaks_of_path(outcome));
}
