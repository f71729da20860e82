// SPDX-License-Identifier: Apache-2.0
#include "delivery/judge.h"

#include <gtest/gtest.h>

#include "delivery/test/desk.h"
#include "delivery/test/scripted_receiver.h"

using namespace penstock;
using namespace penstock::delivery;
using namespace std::chrono_literals;
using model::Outcome;
using model::OutcomeClass;
using model::OutcomeKind;
using model::Scope;
using model::Step;

namespace {

class JudgeTest : public testing::Test {
 protected:
  JudgeTest() { judge.set_classifier(classify::Classifier::shipped()); }
  Outcome judged(Outcome outcome, std::string_view provider = "") {
    judge.judge(std::span(&outcome, 1), provider);
    return outcome;
  }
  static Outcome refused(std::uint16_t code, std::string text, Step step = Step::Rcpt) {
    return {code >= 500 ? OutcomeKind::Bounced : OutcomeKind::Deferred,
            step,
            OutcomeClass::Other,
            {code, {}, std::move(text)}};
  }

  metrics::Registry registry;
  Probe probe{registry};
  FakeClock clock;
  Judge judge{clock, probe};
};

}  // namespace

TEST_F(JudgeTest, DeferralThatMeansNoSuchUserBounces) {
  const Outcome outcome =
      judged(refused(450, "<a@example.com>: Recipient address rejected: User unknown in virtual alias table"));
  EXPECT_EQ(outcome.kind, OutcomeKind::Bounced);
  EXPECT_EQ(outcome.outcome_class, OutcomeClass::InvalidMailbox);
  EXPECT_EQ(outcome.rule, "postfix-user-unknown");
  EXPECT_EQ(outcome.scope, Scope::Recipient);
}

TEST_F(JudgeTest, RefusalThatMeansSlowDownIsDeferred) {
  const Outcome outcome = judged(refused(550, "Ip frequency limited", Step::EndOfData), "qq");
  EXPECT_EQ(outcome.kind, OutcomeKind::Deferred);
  EXPECT_EQ(outcome.outcome_class, OutcomeClass::RateLimit);
  EXPECT_EQ(outcome.scope, Scope::SourceIp);
  EXPECT_EQ(outcome.wait, 1h);
}

TEST_F(JudgeTest, DeliveredAndOwnTroubleStayAsTheyAre) {
  const Outcome delivered{OutcomeKind::Delivered, Step::EndOfData, OutcomeClass::None, {250, {}, "user unknown"}};
  EXPECT_TRUE(judged(delivered).rule.empty());
  const Outcome lost{OutcomeKind::Deferred, Step::Data, OutcomeClass::Timeout, {0, {}, "too many connections"}};
  EXPECT_EQ(judged(lost).outcome_class, OutcomeClass::Timeout);
}

TEST_F(JudgeTest, GoodbyeOfTheServerFailsNobody) {
  const Outcome outcome = judged(refused(421, "4.7.0 user unknown, too many errors"));
  EXPECT_EQ(outcome.kind, OutcomeKind::Deferred);
}

TEST_F(JudgeTest, SameReplyToManyIsTheSameForAll) {
  std::vector<Outcome> outcomes(3, refused(452, "4.2.2 Mailbox full"));
  outcomes[1] = refused(550, "No such user");
  outcomes.push_back(refused(550, "No such user"));
  judge.judge(outcomes, "");
  EXPECT_EQ(outcomes[0].outcome_class, OutcomeClass::MailboxFull);
  EXPECT_EQ(outcomes[1].outcome_class, OutcomeClass::InvalidMailbox);
  EXPECT_EQ(outcomes[2].outcome_class, OutcomeClass::MailboxFull);
  EXPECT_EQ(outcomes[3].rule, outcomes[1].rule);
  EXPECT_EQ(outcomes[3].kind, OutcomeKind::Bounced);
}

TEST_F(JudgeTest, HostThatDoesNotLetUsInIsADeferral) {
  Outcome failure = refused(554, "5.7.1 Client host [192.0.2.1] blocked using zen.spamhaus.org", Step::Banner);
  judge.judge_connection(failure, "");
  EXPECT_EQ(failure.kind, OutcomeKind::Deferred);
  EXPECT_EQ(failure.outcome_class, OutcomeClass::Blocklist);
  EXPECT_EQ(failure.blocklist, "zen.spamhaus.org");
}

TEST_F(JudgeTest, ConfigurationAtFaultIsCountedEachTime) {
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(
        judged(refused(550, "5.7.26 This mail has been blocked because the sender is unauthenticated"), "gmail").alarm);
  }
  EXPECT_EQ(probe.configuration_alarms.value(), 3U);
}

TEST_F(JudgeTest, ConfigurationAlarmsAreKeptForADayWithCountAndLastReply) {
  const Outcome outcome = refused(550, "5.7.26 This mail has been blocked because the sender is unauthenticated");
  judged(outcome, "gmail");
  clock.advance(1h);
  judged(refused(550, "5.7.26 This mail has been blocked because the sender is unauthenticated. Again"), "gmail");
  judged(outcome, "yahoo");
  judged(refused(550, "5.1.1 no such user"), "gmail");
  const auto alarms = judge.alarms();
  ASSERT_EQ(alarms.size(), 2U);
  EXPECT_EQ(alarms[0].provider, "gmail");
  EXPECT_EQ(alarms[0].count, 2U);
  EXPECT_EQ(alarms[0].last - alarms[0].since, 1h);
  EXPECT_TRUE(alarms[0].reply.ends_with("Again")) << alarms[0].reply;
  clock.advance(Judge::kAlarmKept);
  EXPECT_TRUE(judge.alarms().empty());
  judged(outcome, "gmail");
  ASSERT_EQ(judge.alarms().size(), 1U);
  EXPECT_EQ(judge.alarms()[0].count, 1U) << "it begins anew";
}

// The same over a whole engine: the receiver's words decide, and events tell rule and scope.
class JudgedDelivery : public testing::Test {
 protected:
  JudgedDelivery() {
    desk_.dns.mx("one.example", {{10, "mx.one.example"}});
    desk_.dns.a("mx.one.example", {"127.0.0.1"});
    desk_.start();
    receiver_ = std::make_unique<ScriptedReceiver>(*desk_.shards);
    desk_.change_plan([&](Plan& plan) { plan.mx_port = receiver_->port(); });
  }
  void answer(const std::string& verb, const std::string& reply) {
    receiver_->set_answer([=](const Heard& heard) { return heard.verb == verb ? reply : std::string(); });
  }
  // A host that is asked after the first one.
  std::unique_ptr<ScriptedReceiver> second_host() {
    desk_.dns.mx("one.example", {{10, "mx.one.example"}, {20, "mx2.one.example"}});
    desk_.dns.a("mx2.one.example", {"127.0.0.5"});
    return std::make_unique<ScriptedReceiver>(*desk_.shards, "127.0.0.5:" + std::to_string(receiver_->port()));
  }
  const Recorded& after(model::EventType type, std::size_t count = 1) {
    desk_.run_until([&] { return desk_.events.count(type) >= count; });
    found_ = desk_.events.of(type);
    return found_.back();
  }

  Desk desk_;
  std::unique_ptr<ScriptedReceiver> receiver_;
  std::vector<Recorded> found_;
};

TEST_F(JudgedDelivery, DeferralThatMeansNoSuchUserBounces) {
  answer("RCPT", "450 4.1.1 <a@one.example>: Recipient address rejected: User unknown in virtual alias table");
  desk_.send({"a@one.example"});
  const Recorded& event = after(model::EventType::Bounced);
  EXPECT_EQ(event.rule, "postfix-user-unknown");
  EXPECT_EQ(event.scope, Scope::Recipient);
  EXPECT_EQ(desk_.events.count(model::EventType::Deferred), 0U);
}

TEST_F(JudgedDelivery, RefusalThatMeansSlowDownIsTriedAgain) {
  answer("RCPT", "550 5.7.1 Message rate limit exceeded, slow down");
  desk_.send({"a@one.example"});
  const Recorded& event = after(model::EventType::Deferred);
  EXPECT_EQ(event.outcome_class, OutcomeClass::RateLimit);
  EXPECT_EQ(event.scope, Scope::SourceIp);
  EXPECT_EQ(desk_.events.count(model::EventType::Bounced), 0U);
}

TEST_F(JudgedDelivery, GreylistingWaitsAsLongAsToldButNotBeyondExpiry) {
  answer("RCPT", "450 4.2.0 Greylisted, please try again in 45 minutes");
  desk_.send({"a@one.example"});
  EXPECT_EQ(after(model::EventType::Deferred).next_attempt, desk_.clock.wall() + 45min);
  answer("RCPT", "450 4.2.0 Greylisted, please try again in 6 days");
  desk_.clock.advance(45min);
  EXPECT_LE(after(model::EventType::Deferred, 2).next_attempt, desk_.clock.wall() + 24h);
}

TEST_F(JudgedDelivery, FullMailboxIsTriedThreeTimesInADay) {
  answer("RCPT", "552 5.2.2 Mailbox full");
  desk_.change_plan([](Plan& plan) { plan.streams[0].retry.expire = 5 * 24h; });
  desk_.send({"a@one.example"});
  EXPECT_EQ(after(model::EventType::Deferred).next_attempt, desk_.clock.wall() + 12h);
  desk_.clock.advance(12h);
  after(model::EventType::Deferred, 2);
  desk_.clock.advance(12h);
  const Recorded& event = after(model::EventType::Bounced);
  EXPECT_EQ(event.outcome_class, OutcomeClass::MailboxFull);
  EXPECT_EQ(event.attempt, 3U);
  EXPECT_EQ(receiver_->count("RCPT"), 3U);
}

TEST_F(JudgedDelivery, BannerThatNamesABlocklistIsADeferralWithItsRule) {
  answer("BANNER", "554 5.7.1 Client host [127.0.0.2] blocked using zen.spamhaus.org");
  desk_.send({"a@one.example"});
  const Recorded& event = after(model::EventType::Deferred);
  EXPECT_EQ(event.outcome_class, OutcomeClass::Blocklist);
  EXPECT_EQ(event.rule, "blocklist-named");
}

// Never dodge: whoever says that our address is to wait is asked from nowhere else, and his neighbours are not either.
TEST_F(JudgedDelivery, BannerThatSpeaksOfUsEndsTheAttempt) {
  const auto second = second_host();
  answer("BANNER", "421 4.7.0 [TSS04] Messages temporarily deferred due to user complaints");
  desk_.send({"a@one.example"});
  EXPECT_EQ(after(model::EventType::Deferred).reply.code, 421);
  EXPECT_EQ(second->total(), 0U);
}

TEST_F(JudgedDelivery, HostThatShutsDownIsFollowedByTheNext) {
  const auto second = second_host();
  answer("BANNER", "421 4.3.2 Service shutting down");
  desk_.send({"a@one.example"});
  after(model::EventType::Delivered);
  EXPECT_EQ(second->total(), 1U);
}

TEST_F(JudgedDelivery, OtherSourceAddressIsNotTriedAfterAnAnswer) {
  const std::string port = std::to_string(receiver_->port());
  ScriptedReceiver six(*desk_.shards, "[::1]:" + port);
  desk_.change_plan([](Plan& plan) {
    for (Vmta& vmta : plan.vmtas) vmta.source_v6 = "::1";
  });
  desk_.dns.aaaa("mx.one.example", {"::1"});
  for (const char* words :
       {"421 Too many connections from your address",
        "421 4.7.0 [TSS04] Messages temporarily deferred due to user complaints", "421 4.3.2 Service shutting down"}) {
    answer("BANNER", words);
    const std::size_t before = desk_.events.count(model::EventType::Deferred);
    desk_.send({"a@one.example"});
    desk_.run_until([&] { return desk_.events.count(model::EventType::Deferred) > before; });
    EXPECT_EQ(six.total(), 0U) << words;
  }
}
