// SPDX-License-Identifier: Apache-2.0
// Deliveries over loopback connections: limits, reuse, trouble.
#include "delivery/dispatcher.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "delivery/test/desk.h"
#include "delivery/test/scripted_receiver.h"

namespace penstock::delivery {
namespace {

using namespace std::chrono_literals;
using model::EventType;
using queue::Whereabouts;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

class DispatcherTest : public ::testing::Test {
 protected:
  DispatcherTest() {
    desk_.dns.mx("one.example", {{10, "mx.one.example"}});
    desk_.dns.a("mx.one.example", {"127.0.0.1"});
    desk_.dns.mx("two.example", {{10, "mx.two.example"}});
    desk_.dns.a("mx.two.example", {"127.0.0.1"});
    desk_.start();
    receiver_ = std::make_unique<ScriptedReceiver>(*desk_.shards);
    desk_.change_plan([&](Plan& plan) { plan.mx_port = receiver_->port(); });
  }
  void send_many(int messages, const std::string& domain = "one.example") {
    for (int i = 0; i < messages; ++i) desk_.send({"r" + std::to_string(i) + "@" + domain});
  }
  void wait_for(EventType type, std::size_t count) {
    desk_.run_until([&] { return desk_.events.count(type) >= count; });
    EXPECT_EQ(desk_.events.count(type), count);
  }
  void answer(const std::string& verb, const std::string& reply) {
    receiver_->set_answer([=](const Heard& heard) { return heard.verb == verb ? reply : std::string(); });
  }
  // Until the retry time, and on.
  void let_pass(Duration time) {
    desk_.clock.advance(time);
    desk_.poll();
  }

  Desk desk_;
  std::unique_ptr<ScriptedReceiver> receiver_;
};

TEST_F(DispatcherTest, RecipientsOfADomainShareATransaction) {
  desk_.send({"a@one.example", "b@one.example", "c@two.example"});
  wait_for(EventType::Delivered, 3);
  ASSERT_THAT(receiver_->mails(), SizeIs(2));
  std::vector<std::vector<std::string>> recipients{receiver_->mails()[0].recipients, receiver_->mails()[1].recipients};
  EXPECT_THAT(recipients,
              UnorderedElementsAre(ElementsAre("a@one.example", "b@one.example"), ElementsAre("c@two.example")));
  EXPECT_EQ(receiver_->mails()[0].sender, "news@shop.example");
  EXPECT_EQ(receiver_->mails()[0].source, "127.0.0.2");
  EXPECT_EQ(receiver_->mails()[0].text, "Subject: x\r\n\r\nhello\r\n");
  EXPECT_EQ(desk_.events.of(EventType::Delivered)[0].source_address, "127.0.0.2");
  EXPECT_EQ(desk_.dispatcher().totals().total(), 0U);
}

TEST_F(DispatcherTest, RecipientsPerMessageSplitsAMessage) {
  desk_.change_plan([](Plan& plan) { plan.streams[0].recipients_per_message = 2; });
  desk_.send({"a@one.example", "b@one.example", "c@one.example"});
  wait_for(EventType::Delivered, 3);
  EXPECT_THAT(receiver_->mails(), SizeIs(2));
}

TEST_F(DispatcherTest, ConnectionLimitHolds) {
  desk_.change_plan([](Plan& plan) { plan.default_limits.connections = 3; });
  receiver_->hold();
  send_many(12);
  desk_.run_until([&] { return receiver_->waiting() == 3; });
  desk_.poll();
  EXPECT_EQ(receiver_->open(), 3U);
  EXPECT_EQ(desk_.dispatcher().in_delivery(), 3U);
  receiver_->release();
  wait_for(EventType::Delivered, 12);
  EXPECT_EQ(receiver_->most(), 3U);
}

TEST_F(DispatcherTest, ConnectionEndsAfterItsMessages) {
  desk_.change_plan([](Plan& plan) {
    plan.default_limits.connections = 1;
    plan.default_limits.messages_per_connection = 2;
  });
  send_many(6);
  wait_for(EventType::Delivered, 6);
  desk_.run_until([&] { return receiver_->count("QUIT") == 3; });
  EXPECT_EQ(receiver_->total(), 3U);
}

TEST_F(DispatcherTest, IdleConnectionIsUsedAgain) {
  desk_.send({"a@one.example"});
  wait_for(EventType::Delivered, 1);
  desk_.send({"b@one.example"});
  wait_for(EventType::Delivered, 2);
  EXPECT_EQ(receiver_->total(), 1U);
}

TEST_F(DispatcherTest, IdleConnectionEndsAfterItsTime) {
  desk_.change_plan([](Plan& plan) { plan.timeouts.idle = 1ms; });
  desk_.send({"a@one.example"});
  wait_for(EventType::Delivered, 1);
  desk_.run_until([&] { return receiver_->open() == 0; });
  EXPECT_EQ(receiver_->count("QUIT"), 1U);
}

TEST_F(DispatcherTest, KeptConnectionThatIsGoneCostsNoAttempt) {
  desk_.send({"a@one.example"});
  wait_for(EventType::Delivered, 1);
  // The receiver ends the connection at the next MAIL, without a word: it had been idle for too long.
  receiver_->set_answer([](const Heard& heard) {
    return heard.verb == "MAIL" && heard.connection == 1 ? std::string("close") : std::string();
  });
  desk_.send({"b@one.example"});
  wait_for(EventType::Delivered, 2);
  EXPECT_EQ(desk_.events.count(EventType::Deferred), 0U);
  EXPECT_EQ(desk_.events.of(EventType::Delivered)[1].attempt, 1U);
  EXPECT_EQ(receiver_->total(), 2U);
}

TEST_F(DispatcherTest, DeferredIsTriedAgainInTime) {
  answer("RCPT", "450 4.2.1 later");
  desk_.send({"a@one.example"});
  wait_for(EventType::Deferred, 1);
  EXPECT_EQ(desk_.count(Whereabouts::Deferred), 1U);
  receiver_->set_answer({});
  let_pass(1min);
  wait_for(EventType::Delivered, 1);
  EXPECT_EQ(desk_.events.of(EventType::Delivered)[0].attempt, 2U);
}

TEST_F(DispatcherTest, RefusedRecipientBouncesAndHisSenderHearsOfIt) {
  desk_.dns.mx("shop.example", {{10, "mx.one.example"}});
  receiver_->set_answer([](const Heard& heard) {
    return heard.argument.find("gone@") != std::string::npos ? std::string("550 5.1.1 no such user") : std::string();
  });
  desk_.send({"gone@one.example", "here@one.example"});
  wait_for(EventType::Bounced, 1);
  desk_.run_until([&] { return receiver_->mails().size() == 2; });
  wait_for(EventType::Delivered, 2);
  EXPECT_EQ(receiver_->mails()[1].sender, "");
  EXPECT_THAT(receiver_->mails()[1].recipients, ElementsAre("news@shop.example"));
  EXPECT_THAT(receiver_->mails()[1].text, HasSubstr("gone@one.example"));
}

TEST_F(DispatcherTest, DeadHostDefersABatchAndSuspensionFlushesTheLane) {
  receiver_.reset();  // nobody listens on the port now
  desk_.change_plan([](Plan& plan) {
    plan.default_limits.connections = 1;
    plan.trouble.failures = 3;
    plan.trouble.first = 10min;
  });
  send_many(50);
  wait_for(EventType::Deferred, 50);
  EXPECT_EQ(desk_.count(Whereabouts::Deferred), 50U);
  const Recorded first = desk_.events.of(EventType::Deferred)[0];
  EXPECT_EQ(first.step, model::Step::Connect);
  EXPECT_EQ(first.reply.code, 0);
  EXPECT_EQ(first.outcome_class, model::OutcomeClass::Network);
  ASSERT_EQ(desk_.dispatcher().paths().size(), 1U);
  EXPECT_EQ(desk_.dispatcher().paths().begin()->second->limiter().state(desk_.clock.now()), shaping::State::Suspended);
}

TEST_F(DispatcherTest, SuspendedPathIsTriedAgainWhenItsTimeIsOver) {
  answer("BANNER", "421 4.3.2 not now");
  desk_.change_plan([](Plan& plan) {
    plan.trouble.failures = 1;
    plan.trouble.first = 30s;
  });
  desk_.send({"a@one.example"});
  wait_for(EventType::Deferred, 1);
  receiver_->set_answer({});
  let_pass(1min);
  wait_for(EventType::Delivered, 1);
}

TEST_F(DispatcherTest, SecondAddressIsUsedWhenTheFirstIsDead) {
  desk_.dns.mx("one.example", {{10, "dead.one.example"}, {20, "mx.one.example"}});
  desk_.dns.a("dead.one.example", {"127.0.0.99"});
  desk_.send({"a@one.example"});
  wait_for(EventType::Delivered, 1);
  EXPECT_EQ(desk_.events.of(EventType::Delivered)[0].peer_host, "mx.one.example");
}

TEST_F(DispatcherTest, SlotOfAProviderIsPassedOnToAnotherOfItsPaths) {
  // two.example has limits of its own within the provider: its path waits for a slot that the provider's path holds.
  desk_.change_plan([&](Plan& plan) {
    plan.providers =
        dns::ProviderTable(std::vector<dns::ProviderPatterns>{{"big", {"mx.one.example", "mx.two.example"}, {}}});
    plan.provider_names = {desk_.names.intern("big")};
    plan.provider_groups = {desk_.names.intern("provider:big")};
    plan.provider_limits = {plan.default_limits};
    plan.provider_limits[0].connections = 1;
    plan.domains["two.example"].limits = shaping::Limits{.connections = 5};
    plan.timeouts.idle = 1ms;
  });
  receiver_->hold();
  desk_.send({"a@one.example"});
  desk_.run_until([&] { return receiver_->waiting() == 1; });
  desk_.send({"b@two.example"});
  desk_.poll();
  EXPECT_EQ(receiver_->open(), 1U);
  receiver_->release();
  wait_for(EventType::Delivered, 2);
  EXPECT_EQ(receiver_->most(), 1U);
}

TEST_F(DispatcherTest, MessageRateIsKept) {
  desk_.change_plan([](Plan& plan) { plan.default_limits.message_rate = {1, 20s}; });
  desk_.send({"a@one.example"});
  wait_for(EventType::Delivered, 1);
  desk_.send({"b@one.example"});
  desk_.run_until([&] { return desk_.dispatcher().in_delivery() == 1; });
  desk_.poll();
  EXPECT_THAT(receiver_->mails(), SizeIs(1));
  // A stop does not wait for the rate.
  desk_.dispatcher().stop();
  desk_.run_until([&] { return desk_.dispatcher().in_flight() == 0; });
  EXPECT_THAT(receiver_->mails(), SizeIs(1));
}

TEST_F(DispatcherTest, UnknownDomainBouncesAfterSeveralAnswersThatAgree) {
  desk_.send({"a@gone.example"});
  wait_for(EventType::Deferred, 1);
  EXPECT_EQ(desk_.events.count(EventType::Bounced), 0U);
  let_pass(1min);
  wait_for(EventType::Bounced, 1);
  EXPECT_EQ(desk_.events.of(EventType::Bounced)[0].outcome_class, model::OutcomeClass::InvalidDomain);
}

TEST_F(DispatcherTest, DnsTroubleDefersAndNothingIsLost) {
  desk_.dns.fail("one.example", dns::Status::ServFail);
  send_many(10);
  wait_for(EventType::Deferred, 10);
  desk_.dns.ok("one.example");
  let_pass(1min);
  wait_for(EventType::Delivered, 10);
}

TEST_F(DispatcherTest, FirstAttemptWaitsForItsTime) {
  model::Envelope envelope = desk_.envelope({"a@one.example"});
  envelope.first_attempt = desk_.clock.wall() + 1h;
  desk_.admit(desk_.store(envelope));
  EXPECT_EQ(desk_.count(Whereabouts::Scheduled), 1U);
  let_pass(1h);
  wait_for(EventType::Delivered, 1);
}

TEST_F(DispatcherTest, ClosedWindowSchedules) {
  const Time now = desk_.clock.now();
  const auto minute = std::chrono::floor<std::chrono::minutes>(now - std::chrono::floor<std::chrono::days>(now));
  const std::string hours =
      fmt::format("{:02}:00-{:02}:30", (minute.count() / 60 + 2) % 24, (minute.count() / 60 + 2) % 24);
  const auto window = queue::DeliveryWindow::make("mon-sun", hours, *queue::load_zone("UTC"));
  ASSERT_TRUE(window);
  desk_.change_plan([&](Plan& plan) { plan.streams[0].window = *window; });
  desk_.send({"a@one.example"});
  EXPECT_EQ(desk_.count(Whereabouts::Scheduled), 1U);
  desk_.clock.advance(window->opens(now) - now);
  wait_for(EventType::Delivered, 1);
}

TEST_F(DispatcherTest, LastAttemptComesAtExpiryAndItsReplyIsTold) {
  desk_.change_plan([](Plan& plan) { plan.streams[0].retry.expire = 90s; });  // tried at 0, 60 and 90 s
  answer("RCPT", "451 4.3.2 not today");
  desk_.send({"a@one.example"});
  wait_for(EventType::Deferred, 1);
  let_pass(60s);
  wait_for(EventType::Deferred, 2);
  let_pass(31s);
  wait_for(EventType::Expired, 1);
  EXPECT_THAT(desk_.events.of(EventType::Expired)[0].reply.text, HasSubstr("not today"));
}

TEST_F(DispatcherTest, ExpiredIsNotTried) {
  desk_.dns.mx("shop.example", {{10, "mx.one.example"}});
  answer("RCPT", "450 4.2.1 later");
  desk_.change_plan([](Plan& plan) { plan.streams[0].retry.expire = 90s; });
  desk_.send({"a@one.example"});
  wait_for(EventType::Deferred, 1);
  receiver_->set_answer({});
  let_pass(2min);
  wait_for(EventType::Expired, 1);
  wait_for(EventType::Delivered, 1);  // the notice
  EXPECT_THAT(receiver_->mails().at(0).recipients, ElementsAre("news@shop.example"));
}

TEST_F(DispatcherTest, NullRouteDropsAndRelayByLmtpSpeaksIt) {
  desk_.change_plan([&](Plan& plan) {
    plan.domains["null.example"].route = Route{RouteKind::Null, {}};
    plan.domains["lan.example"].route = Route{RouteKind::Lmtp, {{"127.0.0.1", receiver_->port()}}};
  });
  desk_.send({"a@null.example", "b@null.example"});
  wait_for(EventType::Delivered, 2);
  EXPECT_EQ(receiver_->total(), 0U);
  EXPECT_EQ(desk_.events.all.back().route, "null");
  desk_.send({"a@lan.example", "b@lan.example"});
  wait_for(EventType::Delivered, 4);
  EXPECT_THAT(receiver_->mails(), SizeIs(1));
  EXPECT_EQ(receiver_->count("EHLO"), 0U);
  EXPECT_EQ(desk_.events.all.back().route, "lmtp");
}

TEST_F(DispatcherTest, StopLetsTransactionsEndAndBeginsNone) {
  desk_.change_plan([](Plan& plan) { plan.default_limits.connections = 2; });
  receiver_->hold();
  send_many(5);
  desk_.run_until([&] { return receiver_->waiting() == 2; });
  desk_.dispatcher().stop();
  EXPECT_EQ(desk_.dispatcher().in_flight(), 2U);
  receiver_->release();
  desk_.run_until([&] { return desk_.dispatcher().in_flight() == 0; });
  EXPECT_EQ(desk_.events.count(EventType::Delivered), 2U);
  EXPECT_EQ(desk_.count(Whereabouts::Active), 3U);
  receiver_.reset();
  desk_.end();
  EXPECT_THAT(desk_.box.sink.found, SizeIs(3));
}

TEST_F(DispatcherTest, RestartGoesOnWhereItStopped) {
  answer("RCPT", "450 4.2.1 later");
  desk_.send({"a@one.example"});
  wait_for(EventType::Deferred, 1);
  receiver_.reset();
  desk_.end();
  desk_.start();
  receiver_ = std::make_unique<ScriptedReceiver>(*desk_.shards);
  desk_.change_plan([&](Plan& plan) { plan.mx_port = receiver_->port(); });
  desk_.clock.advance(59s);
  desk_.poll();
  EXPECT_EQ(desk_.count(Whereabouts::Deferred), 1U);
  let_pass(1s);
  wait_for(EventType::Delivered, 1);
  EXPECT_EQ(desk_.events.of(EventType::Delivered)[0].attempt, 2U);
}

}  // namespace
}  // namespace penstock::delivery
