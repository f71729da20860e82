// SPDX-License-Identifier: Apache-2.0
// Actions through the engine: what replies name is held there and nowhere else, at no cost, until it ends.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "delivery/scan.h"
#include "delivery/test/desk.h"
#include "delivery/test/scripted_receiver.h"

namespace penstock::delivery {
namespace {

using namespace std::chrono_literals;
using model::EventType;
using queue::Whereabouts;
using shaping::Action;
using shaping::ActionKind;
using shaping::Dimension;
using ::testing::HasSubstr;
using ::testing::SizeIs;

// Everybody asks when he was told to; who is let through is gone.
TEST(ActionDesk, BacklogOfMoreThanAQuarterOfAnHourGoesOutAtItsRateToo) {
  queue::ChunkPool pool;
  ActionDesk desk(pool);
  Action slow{.kind = ActionKind::Slow, .key = {}};
  slow.key[Dimension::Campaign] = model::NameId{7};
  slow.rate = 1;
  const Time begin{1h};
  slow.since = begin;
  desk.pin(slow);
  std::multimap<Time, int> due;
  for (int i = 0; i < 3600; ++i) due.emplace(begin, i);
  int gone = 0;
  for (Time now = begin; !due.empty() && now < begin + 50min; now = due.empty() ? now : due.begin()->first) {
    due.erase(due.begin());
    const ActionDesk::Answer answer = desk.ask(slow.key, 1, now);
    if (answer.what == ActionDesk::Answer::What::Go) {
      ++gone;
    } else {
      due.emplace(answer.until, 0);
    }
  }
  EXPECT_GE(gone, 2900);
  EXPECT_LE(gone, 3002);
}

class ActionsTest : public ::testing::Test {
 protected:
  ActionsTest() {
    for (const char* domain : {"one.example", "two.example"}) {
      desk_.dns.mx(domain, {{10, std::string("mx.") + domain}});
      desk_.dns.a(std::string("mx.") + domain, {"127.0.0.1"});
    }
    open();
  }
  void open() {
    desk_.start();
    receiver_ = std::make_unique<ScriptedReceiver>(*desk_.shards);
    desk_.change_plan([&](Plan& plan) {
      plan.mx_port = receiver_->port();
      plan.default_limits.connections = 1;
      for (Stream& stream : plan.streams) stream.dsn.enabled = false;
    });
  }
  void send(int messages, const std::string& sender, const std::string& campaign = "",
            const std::string& domain = "one.example") {
    for (int i = 0; i < messages; ++i) {
      model::Envelope envelope = desk_.envelope({"r" + std::to_string(++sent_) + "@" + domain});
      envelope.sender = sender;
      envelope.labels.campaign = campaign;
      desk_.admit(desk_.store(std::move(envelope)));
    }
  }
  // To a thousand recipients each, of the campaign "may".
  void send_many(int messages, const std::string& sender) {
    for (int message = 0; message < messages; ++message) {
      std::vector<std::string> addresses;
      for (int i = 0; i < 1000; ++i) addresses.push_back(fmt::format("m{}-{}@one.example", message, i));
      model::Envelope envelope = desk_.envelope(addresses);
      envelope.sender = sender;
      envelope.labels.campaign = "may";
      desk_.admit(desk_.store(std::move(envelope)));
    }
  }
  void wait_for(EventType type, std::size_t count) {
    desk_.run_until([&] { return desk_.events.count(type) >= count; });
    EXPECT_EQ(desk_.events.count(type), count) << to_string(type);
  }
  // At the end of data, to mail of this envelope sender's domain.
  void refuse(const std::string& domain, const std::string& reply) {
    receiver_->set_answer([=, last = std::make_shared<std::map<std::uint32_t, std::string>>()](const Heard& heard) {
      if (heard.verb == "MAIL") (*last)[heard.connection] = heard.argument;
      const bool its = (*last)[heard.connection].find("@" + domain + ">") != std::string::npos;
      return heard.verb == "." && its ? reply : std::string();
    });
  }
  Action stop(Dimension which, const char* name, ActionKind kind = ActionKind::Stop) {
    Action action{.kind = kind, .key = {}};
    action.key[which] = desk_.names.intern(name);
    action.rule = "wrong link";
    action.by = "ann";
    action.since = desk_.clock.now();
    return action;
  }
  std::size_t held_in_scan() {
    std::size_t found = 0;
    const auto scan = desk_.dispatcher().begin_scan();
    while (desk_.dispatcher().scan_slice(*scan, 1000, [&](const queue::QueuedRecipient& recipient, const auto& at) {
      if (at.where == Whereabouts::Held && recipient.hold == queue::HoldReason::Action) ++found;
      return queue::Visit::Keep;
    })) {
    }
    return found;
  }

  Desk desk_;
  std::unique_ptr<ScriptedReceiver> receiver_;
  int sent_ = 0;
};

TEST_F(ActionsTest, FailingAuthenticationStopsTheSenderDomainAtThatReceiverAlone) {
  refuse("bad.example",
         "550 5.7.26 Unauthenticated email from bad.example is not accepted due to domain's DMARC policy");
  send(12, "news@bad.example");
  send(3, "news@good.example");
  wait_for(EventType::Delivered, 3);
  wait_for(EventType::Bounced, 5);
  wait_for(EventType::Held, 7);
  send(2, "news@bad.example", "", "two.example");
  wait_for(EventType::Delivered, 3);  // those two are refused there as well, and that is counted by itself
  desk_.run_until([&] { return desk_.events.count(EventType::Bounced) == 7; });
  const auto begun = desk_.events.of(EventType::Action);
  ASSERT_THAT(begun, SizeIs(1));
  EXPECT_THAT(begun[0].detail, HasSubstr("stop sender_domain=bad.example provider=site:mx.one.example"));
  EXPECT_THAT(begun[0].detail, HasSubstr("rule authentication-fails, 5 of 5 answers"));
  EXPECT_THAT(desk_.events.of(EventType::Held)[0].detail, HasSubstr("bad.example"));
  EXPECT_EQ(desk_.count(Whereabouts::Held), 7U);
  EXPECT_EQ(held_in_scan(), 7U);
  const auto actions = desk_.dispatcher().actions().list(desk_.clock.now());
  ASSERT_THAT(actions, SizeIs(1));
  EXPECT_TRUE(actions[0].alarm);

  // A person mends the records and lets it go on.
  receiver_->set_answer({});
  EXPECT_TRUE(desk_.dispatcher().clear_action(actions[0].key));
  wait_for(EventType::Released, 7);
  wait_for(EventType::Delivered, 10);
  EXPECT_EQ(desk_.dispatcher().totals().total(), 0U);
}

TEST_F(ActionsTest, StoppedMailCostsNothingUntilItIsLetGo) {
  desk_.dispatcher().pin_action(stop(Dimension::Campaign, "may"));
  send(20, "news@shop.example", "may");
  send(1, "news@shop.example", "june");
  wait_for(EventType::Delivered, 1);
  wait_for(EventType::Held, 20);
  const std::size_t heard = receiver_->heard().size();
  for (int i = 0; i < 50; ++i) {
    desk_.clock.advance(1min);
    desk_.poll();
  }
  EXPECT_EQ(desk_.count(Whereabouts::Active), 0U);
  EXPECT_EQ(desk_.count(Whereabouts::Held), 20U);
  EXPECT_EQ(receiver_->heard().size(), heard) << "no connection was opened for them";
  EXPECT_THAT(desk_.events.of(EventType::Held)[0].detail, HasSubstr("campaign=may is stopped by ann: wrong link"));
  EXPECT_TRUE(desk_.dispatcher().clear_action(stop(Dimension::Campaign, "may").key));
  wait_for(EventType::Delivered, 21);
}

TEST_F(ActionsTest, SuspensionEndsByItselfAndMailGoesOn) {
  Action action = stop(Dimension::Tenant, "acme", ActionKind::Suspend);
  action.until = desk_.clock.now() + 10min;
  desk_.dispatcher().pin_action(action);
  model::Envelope envelope = desk_.envelope({"a@one.example"});
  envelope.labels.tenant = "acme";
  desk_.admit(desk_.store(std::move(envelope)));
  wait_for(EventType::Held, 1);
  desk_.clock.advance(9min);
  desk_.poll();
  EXPECT_EQ(desk_.count(Whereabouts::Held), 1U);
  desk_.clock.advance(1min);
  wait_for(EventType::Delivered, 1);
}

TEST_F(ActionsTest, WhatWasSuspendedComesBackInARampAndOthersDoNotWait) {
  Action action = stop(Dimension::Campaign, "may", ActionKind::Suspend);
  action.until = desk_.clock.now() + 10min;
  desk_.dispatcher().pin_action(action);
  send(24, "news@shop.example", "may");
  wait_for(EventType::Held, 24);
  desk_.clock.advance(10min);
  wait_for(EventType::Delivered, 1);
  const auto told = desk_.events.of(EventType::Action);
  ASSERT_THAT(told, SizeIs(1));
  EXPECT_THAT(told[0].detail, HasSubstr("the suspend of campaign=may has ended; it begins again with 1 recipients a"));
  EXPECT_EQ(desk_.count(Whereabouts::Held), 23U) << "they wait where they cost nothing";
  ASSERT_THAT(desk_.dispatcher().actions().list(desk_.clock.now()), SizeIs(1));
  EXPECT_TRUE(desk_.dispatcher().actions().list(desk_.clock.now())[0].ramps());
  send(5, "news@shop.example", "june");
  wait_for(EventType::Delivered, 6);
  send(1, "news@shop.example", "may");  // who is new stands behind them
  int seconds = 0;
  for (; desk_.events.count(EventType::Delivered) < 30 && seconds < 50; ++seconds) {
    const std::size_t before = desk_.events.count(EventType::Delivered);
    desk_.clock.advance(1s);
    desk_.run_until([&] { return desk_.events.count(EventType::Delivered) > before; });
  }
  EXPECT_GT(seconds, 8) << "not all at once";
  EXPECT_NEAR(desk_.dispatcher().actions().list(desk_.clock.now())[0].rate, 1 + 25 * 0.07, 0.01)
      << "faster with each one taken";
  EXPECT_EQ(desk_.dispatcher().totals().total(), 0U);
}

TEST_F(ActionsTest, ManyAreLetGoInSlices) {
  desk_.dispatcher().pin_action(stop(Dimension::Campaign, "may"));
  send_many(5, "news@shop.example");
  desk_.run_until([&] { return desk_.count(Whereabouts::Held) == 5000; });
  receiver_->hold();  // it is not about the deliveries
  EXPECT_TRUE(desk_.dispatcher().clear_action(stop(Dimension::Campaign, "may").key));
  EXPECT_GT(desk_.count(Whereabouts::Held), 2000U) << "other mail of the shard has its turn";
  desk_.run_until([&] { return desk_.count(Whereabouts::Held) == 0; });
  EXPECT_EQ(desk_.events.of(EventType::Action).size(), 1U);
}

TEST_F(ActionsTest, ManyExpireInSlices) {
  refuse("bad.example",
         "550 5.7.26 Unauthenticated email from bad.example is not accepted due to domain's DMARC policy");
  send(5, "news@bad.example");
  wait_for(EventType::Bounced, 5);
  send_many(5, "news@bad.example");
  desk_.run_until([&] { return desk_.count(Whereabouts::Held) == 5000; });
  desk_.clock.advance(25h);
  desk_.run_until([&] { return desk_.events.count(EventType::Expired) == 5000; });
  EXPECT_EQ(desk_.dispatcher().totals().total(), 0U);
}

TEST_F(ActionsTest, WhatARuleStopsStillExpires) {
  refuse("bad.example",
         "550 5.7.26 Unauthenticated email from bad.example is not accepted due to domain's DMARC policy");
  send(6, "news@bad.example");
  wait_for(EventType::Held, 1);
  desk_.clock.advance(25h);
  wait_for(EventType::Expired, 1);
  EXPECT_EQ(desk_.dispatcher().totals().total(), 0U);
}

TEST_F(ActionsTest, SlowedCampaignGoesOutAtItsRateAndOthersDoNotWait) {
  Action action = stop(Dimension::Campaign, "may", ActionKind::Slow);
  action.rate = 2;
  desk_.dispatcher().pin_action(action);
  send(10, "news@shop.example", "may");
  send(5, "news@shop.example", "june");
  wait_for(EventType::Delivered, 7);
  for (std::size_t second = 1; second <= 4; ++second) {
    desk_.clock.advance(1s);
    wait_for(EventType::Delivered, 7 + 2 * second);
  }
  EXPECT_EQ(desk_.dispatcher().totals().total(), 0U);
}

TEST_F(ActionsTest, VmtaThatAListNamesTakesNoMoreMailWhereAnotherIsFree) {
  receiver_->set_answer([](const Heard& heard) {
    return heard.verb == "RCPT" && heard.source == "127.0.0.2"
               ? "550 5.7.1 Service unavailable; Client host [127.0.0.2] blocked using zen.spamhaus.org"
               : "";
  });
  std::size_t by_v1 = 0;
  for (int i = 0; i < 80; ++i) desk_.send({fmt::format("r{}@one.example", ++sent_)}, "news");
  wait_for(EventType::Bounced, 20);
  wait_for(EventType::Delivered, 60);
  for (const Recorded& bounced : desk_.events.of(EventType::Bounced)) by_v1 += bounced.vmta == "v1" ? 1 : 0;
  EXPECT_EQ(by_v1, 20U) << "what it takes to be sure";
  const auto actions = desk_.dispatcher().actions().list(desk_.clock.now());
  ASSERT_THAT(actions, SizeIs(1));
  EXPECT_EQ(actions[0].rule, "address-listed");
  EXPECT_TRUE(actions[0].alarm);
  EXPECT_EQ(desk_.count(Whereabouts::Held), 0U);

  // Where no other member is free it is held, and goes on when the hour is over.
  desk_.change_plan([](Plan& plan) { plan.pools[1].members = {{0, 1}, {1, 0}}; });
  desk_.send({"later@one.example"}, "news");
  wait_for(EventType::Held, 1);
  receiver_->set_answer({});
  desk_.clock.advance(1h);
  wait_for(EventType::Delivered, 61);
  EXPECT_EQ(desk_.events.of(EventType::Delivered).back().vmta, "v1");
}

TEST_F(ActionsTest, WhoMustUseAVmtaThatIsSuspendedWaitsForIt) {
  desk_.dispatcher().pin_action(stop(Dimension::Vmta, "v1", ActionKind::Suspend));
  for (int i = 0; i < 10; ++i) desk_.send({fmt::format("r{}@one.example", ++sent_)}, "news");
  wait_for(EventType::Delivered, 10);
  for (const Recorded& delivered : desk_.events.of(EventType::Delivered)) EXPECT_EQ(delivered.vmta, "v2");
  desk_.send({"only@one.example"});  // its pool has none but v1
  wait_for(EventType::Held, 1);
  EXPECT_TRUE(desk_.dispatcher().clear_action(stop(Dimension::Vmta, "v1").key));
  wait_for(EventType::Delivered, 11);
}

// The path waits in memory for the moment at which its suspension would end by itself.
TEST_F(ActionsTest, PathThatAnOperatorClearsOrUnpinsGoesOnAtOnce) {
  desk_.change_plan([](Plan& plan) { plan.default_limits.connections_start = 1; });  // so that a wait is kept
  receiver_->set_answer(
      [](const Heard& heard) { return heard.verb == "RCPT" ? "450 4.7.1 rate limited, try again in 2 hours" : ""; });
  send(1, "news@shop.example");
  wait_for(EventType::Deferred, 1);
  receiver_->set_answer({});
  send(1, "news@shop.example");
  for (int i = 0; i < 20; ++i) desk_.poll();
  ASSERT_EQ(desk_.events.count(EventType::Delivered), 0U);
  desk_.dispatcher().reset_trouble([](const Path&) { return true; });
  wait_for(EventType::Delivered, 1);

  const shaping::PathKey path = desk_.dispatcher().paths().begin()->first;
  shaping::Pin pin;
  pin.suspended = true;
  pin.until = desk_.clock.now() + 2h;
  ASSERT_TRUE(desk_.dispatcher().pin_path(path, pin));
  send(1, "news@shop.example");
  for (int i = 0; i < 20; ++i) desk_.poll();
  ASSERT_EQ(desk_.events.count(EventType::Delivered), 1U);
  ASSERT_TRUE(desk_.dispatcher().pin_path(path, std::nullopt));
  wait_for(EventType::Delivered, 2);
}

TEST_F(ActionsTest, ReloadChangesRulesAndLetsGoWhomARuleThatIsNoMoreHeld) {
  shaping::ActionRule rule{.id = "mine",
                           .classes = {},
                           .per = shaping::Dimensions{Dimension::SenderDomain, Dimension::Provider},
                           .replies = 2,
                           .share = 0,
                           .kind = ActionKind::Suspend,
                           .length = 1h};
  desk_.change_plan(
      [&](Plan& plan) { plan.action_rules = std::make_shared<const std::vector<shaping::ActionRule>>(1, rule); });
  refuse("bad.example", "550 5.7.1 no");
  send(1, "a@bad.example");
  wait_for(EventType::Bounced, 1);
  // A reload that changes something else keeps what was counted.
  desk_.change_plan([](Plan& plan) { plan.timeouts.idle = 30s; });
  send(1, "a@bad.example");
  wait_for(EventType::Bounced, 2);
  send(3, "a@bad.example");
  desk_.run_until([&] { return held_in_scan() == 3; });
  receiver_->set_answer({});
  desk_.change_plan([](Plan& plan) { plan.action_rules = nullptr; });
  desk_.clock.advance(2s);
  wait_for(EventType::Delivered, 3);
  EXPECT_TRUE(desk_.dispatcher().actions().empty());
}

}  // namespace
}  // namespace penstock::delivery
