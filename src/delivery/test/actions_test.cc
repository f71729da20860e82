// SPDX-License-Identifier: Apache-2.0
// Actions through the engine: what replies name is held there and nowhere else, at no cost, until it ends.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

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

}  // namespace
}  // namespace penstock::delivery
