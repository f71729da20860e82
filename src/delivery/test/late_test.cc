// SPDX-License-Identifier: Apache-2.0
// What bounce mails tell afterwards: actions and paths hear of it, at the receiver and for whom it was said.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "delivery/test/desk.h"
#include "delivery/test/scripted_receiver.h"

namespace penstock::delivery {
namespace {

using model::EventType;
using model::OutcomeClass;
using model::Scope;
using shaping::ActionKind;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class LateTest : public ::testing::Test {
 protected:
  LateTest() {
    desk_.dns.mx("one.example", {{10, "mx.one.example"}});
    desk_.dns.a("mx.one.example", {"127.0.0.1"});
    desk_.start();
    receiver_ = std::make_unique<ScriptedReceiver>(*desk_.shards);
    desk_.change_plan([&](Plan& plan) {
      plan.mx_port = receiver_->port();
      plan.default_limits.connections = 8;
      plan.default_limits.connections_floor = 1;
      plan.default_limits.connections_start = 8;
      for (Stream& stream : plan.streams) stream.dsn.enabled = false;
    });
  }
  static LateFailure failure(OutcomeClass outcome_class, Scope scope) {
    LateFailure late;
    late.outcome = {.kind = model::OutcomeKind::Bounced,
                    .step = model::Step::Rcpt,
                    .outcome_class = outcome_class,
                    .reply = {554, {5, 7, 1}, "not from you"}};
    late.outcome.scope = scope;
    late.vmta = "v1";
    late.site = "mx.one.example";
    late.recipient_domain = "one.example";
    late.sender_domain = "shop.example";
    late.campaign = "may";
    return late;
  }
  void hear(const LateFailure& late, int times) {
    for (int i = 0; i < times; ++i) desk_.dispatcher().hear(late);
  }
  void deliver(int messages) {
    for (int i = 0; i < messages; ++i) desk_.send({"r" + std::to_string(++sent_) + "@one.example"});
    desk_.run_until([&] { return desk_.events.count(EventType::Delivered) == static_cast<std::size_t>(sent_); });
  }

  Desk desk_;
  std::unique_ptr<ScriptedReceiver> receiver_;
  int sent_ = 0;
};

TEST_F(LateTest, DoubtsAboutACampaignSuspendItAtThatReceiver) {
  hear(failure(OutcomeClass::SpamContent, Scope::Campaign), 19);
  EXPECT_THAT(desk_.dispatcher().actions().list(desk_.clock.now()), IsEmpty()) << "fewer than the rule asks for";
  hear(failure(OutcomeClass::SpamContent, Scope::Campaign), 1);
  const auto actions = desk_.dispatcher().actions().list(desk_.clock.now());
  ASSERT_THAT(actions, SizeIs(1));
  EXPECT_EQ(actions[0].kind, ActionKind::Suspend);
  EXPECT_EQ(actions[0].rule, "campaign-doubted");
  const auto told = desk_.events.of(EventType::Action);
  ASSERT_THAT(told, SizeIs(1));
  EXPECT_THAT(told[0].detail, HasSubstr("campaign=may provider=site:mx.one.example"));
}

TEST_F(LateTest, FailedAuthenticationStopsNobody) {
  hear(failure(OutcomeClass::Authentication, Scope::SenderDomain), 50);
  EXPECT_THAT(desk_.dispatcher().actions().list(desk_.clock.now()), IsEmpty());
}

TEST_F(LateTest, DoubtsAboutOurAddressBackThePathOff) {
  deliver(50);
  hear(failure(OutcomeClass::Reputation, Scope::SourceIp), 4);
  EXPECT_THAT(desk_.events.of(EventType::Action), IsEmpty()) << "one odd report changes nothing";
  hear(failure(OutcomeClass::Reputation, Scope::SourceIp), 4);
  const auto told = desk_.events.of(EventType::Action);
  ASSERT_THAT(told, SizeIs(1));
  EXPECT_THAT(told[0].detail, HasSubstr("back off v1/site:mx.one.example"));
  EXPECT_THAT(told[0].detail, HasSubstr("554 5.7.1 not from you"));
}

TEST_F(LateTest, RefusalForRateSaysNothingOfTheConnectionsOfNow) {
  deliver(50);
  hear(failure(OutcomeClass::TooManyConnections, Scope::SourceIp), 8);
  hear(failure(OutcomeClass::RateLimit, Scope::SourceIp), 2);
  const shaping::PathKey key{desk_.names.intern("v1"), desk_.names.intern("site:mx.one.example")};
  const shaping::Limiter* limiter = desk_.dispatcher().find_limiter(key);
  ASSERT_NE(limiter, nullptr);
  EXPECT_EQ(limiter->explain(desk_.clock.now()).connection_limit, 8U);
}

TEST_F(LateTest, PathThatNobodyUsesIsNotMade) {
  hear(failure(OutcomeClass::Reputation, Scope::SourceIp), 100);
  EXPECT_EQ(desk_.dispatcher().limiters(), 0U);
  LateFailure nowhere = failure(OutcomeClass::Reputation, Scope::SourceIp);
  nowhere.site.clear();
  hear(nowhere, 1);
}

}  // namespace
}  // namespace penstock::delivery
