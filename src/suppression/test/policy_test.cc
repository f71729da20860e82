// SPDX-License-Identifier: Apache-2.0
#include "suppression/policy.h"

#include <gtest/gtest.h>

namespace penstock::suppression {
namespace {

using model::OutcomeClass;
using std::chrono::hours;

const Time kNow{std::chrono::seconds{1'800'000'000}};

Bounce bounce_of(OutcomeClass outcome_class) {
  Bounce bounce;
  bounce.address = "user@example.com";
  bounce.outcome_class = outcome_class;
  bounce.reason = "550 5.1.1 no such user";
  bounce.source = "01K8Q2R5VX3ZP/0";
  bounce.who = "delivery";
  bounce.stream = "news";
  bounce.tenant = "acme";
  return bounce;
}

struct PolicyCase {
  OutcomeClass outcome_class;
  bool suppress;
  Duration lasts;
  bool investigate;
};

TEST(Policy, DefaultsAreThoseOfTheManual) {
  const Policy policy((config::Suppression()));
  const PolicyCase cases[] = {
      {OutcomeClass::InvalidMailbox, true, {}, false},
      {OutcomeClass::InvalidDomain, true, {}, false},
      {OutcomeClass::InactiveMailbox, true, {}, false},
      {OutcomeClass::MailboxFull, true, hours{24 * 14}, false},
      {OutcomeClass::Policy, true, {}, true},
      {OutcomeClass::Reputation, false, {}, false},
      {OutcomeClass::RateLimit, false, {}, false},
      {OutcomeClass::Network, false, {}, false},
      {OutcomeClass::Blocklist, false, {}, false},
      {OutcomeClass::Authentication, false, {}, false},
      {OutcomeClass::SpamContent, false, {}, false},
      {OutcomeClass::Timeout, false, {}, false},
      {OutcomeClass::TooManyConnections, false, {}, false},
      {OutcomeClass::Suppressed, false, {}, false},
      {OutcomeClass::Admin, false, {}, false},
      {OutcomeClass::Expired, false, {}, false},
  };
  for (const PolicyCase& each : cases) {
    const auto entry = policy.on_bounce(bounce_of(each.outcome_class), kNow);
    ASSERT_EQ(entry.has_value(), each.suppress) << to_string(each.outcome_class);
    if (!entry) continue;
    EXPECT_EQ(entry->until, each.lasts == Duration::zero() ? Time{} : kNow + each.lasts);
    EXPECT_EQ(entry->investigate, each.investigate);
    EXPECT_EQ(entry->scope.to_string(), "global");
    EXPECT_EQ(entry->reason, "550 5.1.1 no such user");
    EXPECT_EQ(entry->source, "01K8Q2R5VX3ZP/0");
    EXPECT_EQ(entry->since, kNow);
  }
}

TEST(Policy, ConfigurationChangesAClass) {
  config::Suppression settings;
  settings.bounce.push_back({"invalid-mailbox", false, {}, config::SuppressionScope::Global, false});
  settings.bounce.push_back({"spam-content", true, hours{24}, config::SuppressionScope::Stream, true});
  settings.bounce.push_back({"policy", true, {}, config::SuppressionScope::Tenant, false});
  const Policy policy(settings);
  EXPECT_FALSE(policy.on_bounce(bounce_of(OutcomeClass::InvalidMailbox), kNow));
  const auto spam = policy.on_bounce(bounce_of(OutcomeClass::SpamContent), kNow);
  ASSERT_TRUE(spam);
  EXPECT_EQ(spam->scope.to_string(), "stream:news");
  EXPECT_EQ(spam->cause, Cause::Bounce);
  EXPECT_EQ(spam->until, kNow + hours{24});
  EXPECT_TRUE(spam->investigate);
  EXPECT_EQ(policy.on_bounce(bounce_of(OutcomeClass::Policy), kNow)->scope.to_string(), "tenant:acme");
  Bounce unlabelled = bounce_of(OutcomeClass::Policy);
  unlabelled.tenant.clear();
  EXPECT_EQ(policy.on_bounce(unlabelled, kNow)->scope.to_string(), "global");
}

TEST(Policy, ComplaintSuppressesInItsStreamAndEverywhere) {
  const auto both = Policy::on_complaint(bounce_of(OutcomeClass::None), true, {}, kNow);
  ASSERT_EQ(both.size(), 2U);
  EXPECT_EQ(both[0].scope.to_string(), "stream:news");
  EXPECT_EQ(both[1].scope.to_string(), "global");
  EXPECT_EQ(both[1].cause, Cause::Complaint);
  EXPECT_EQ(Policy::on_complaint(bounce_of(OutcomeClass::None), false, {}, kNow).size(), 1U);
  Bounce unlabelled = bounce_of(OutcomeClass::None);
  unlabelled.stream.clear();
  const auto global = Policy::on_complaint(unlabelled, false, {}, kNow);
  ASSERT_EQ(global.size(), 1U);
  EXPECT_EQ(global[0].scope.to_string(), "global");
}

TEST(Policy, ComplaintLastsForAsLongAsTheConfigurationSays) {
  for (const Entry& entry : Policy::on_complaint(bounce_of(OutcomeClass::None), true, hours{48}, kNow)) {
    EXPECT_EQ(entry.until, kNow + hours{48}) << entry.scope.to_string();
  }
  EXPECT_EQ(Policy::on_complaint(bounce_of(OutcomeClass::None), false, {}, kNow)[0].until, Time{}) << "for good";
}

TEST(Policy, RowThatSaysNothingOfReviewKeepsThatOfTheClass) {
  config::Suppression settings;
  settings.bounce.push_back({"policy", true, hours{24}});
  settings.bounce.push_back({"spam-content", true, hours{24}});
  EXPECT_TRUE(Policy(settings).on_bounce(bounce_of(OutcomeClass::Policy), kNow)->investigate);
  EXPECT_FALSE(Policy(settings).on_bounce(bounce_of(OutcomeClass::SpamContent), kNow)->investigate);
  settings.bounce[0].investigate = false;
  EXPECT_FALSE(Policy(settings).on_bounce(bounce_of(OutcomeClass::Policy), kNow)->investigate);
}

TEST(Policy, RowThatSaysNothingOfTheTimeKeepsThatOfTheClass) {
  config::Suppression settings;
  settings.bounce.resize(1);
  settings.bounce[0].name = "mailbox-full";
  settings.bounce[0].tries = 5;
  EXPECT_EQ(Policy(settings).on_bounce(bounce_of(OutcomeClass::MailboxFull), kNow)->until,
            kNow + std::chrono::days{14});
  settings.bounce[0].lasts = Duration::zero();
  EXPECT_EQ(Policy(settings).on_bounce(bounce_of(OutcomeClass::MailboxFull), kNow)->until, Time{});
}

TEST(Policy, UnsubscriptionHoldsForTheListOrTheStream) {
  EXPECT_EQ(Policy::on_unsubscribe(bounce_of(OutcomeClass::None), "weekly", kNow).scope.to_string(), "list:weekly");
  EXPECT_EQ(Policy::on_unsubscribe(bounce_of(OutcomeClass::None), "", kNow).scope.to_string(), "stream:news");
}

TEST(Policy, OnlyAnsweredFailuresThatPassAreCounted) {
  config::Suppression settings;
  EXPECT_FALSE(Policy(settings).counts_as_soft(bounce_of(OutcomeClass::Expired)));
  settings.soft.days = 3;
  const Policy policy(settings);
  EXPECT_TRUE(policy.counts_as_soft(bounce_of(OutcomeClass::Expired)));
  EXPECT_TRUE(policy.counts_as_soft(bounce_of(OutcomeClass::ServerTrouble)));
  EXPECT_FALSE(policy.counts_as_soft(bounce_of(OutcomeClass::InvalidMailbox)));
  EXPECT_FALSE(policy.counts_as_soft(bounce_of(OutcomeClass::Reputation)));
  Bounce silent = bounce_of(OutcomeClass::Expired);
  silent.answered = false;
  EXPECT_FALSE(policy.counts_as_soft(silent));
}

}  // namespace
}  // namespace penstock::suppression
