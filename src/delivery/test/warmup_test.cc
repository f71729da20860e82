// SPDX-License-Identifier: Apache-2.0
// Warm-up plans at work: v2 is new at "one.example", v1 is warm.
#include <gtest/gtest.h>

#include "base/test/temp_folder.h"
#include "delivery/test/desk.h"
#include "delivery/test/scripted_receiver.h"
#include "state/writer.h"

namespace penstock::delivery {
namespace {

using namespace std::chrono_literals;
using model::EventType;

class WarmupTest : public ::testing::Test {
 protected:
  WarmupTest() {
    desk_.dns.mx("one.example", {{10, "mx.one.example"}});
    desk_.dns.a("mx.one.example", {"127.0.0.1"});
  }
  // It is eight in the morning, so 86,400 a day are three in two seconds.
  void open(std::uint64_t a_day, warmup::Beyond beyond = warmup::Beyond::Warm, Duration ahead = 10s) {
    auto schedule = std::make_shared<warmup::Schedule>();
    schedule->plan.days = {a_day, 2 * a_day};
    schedule->plan.beyond = beyond;
    schedule->plan.ahead = ahead;
    plans_ = std::make_shared<warmup::Schedules>();
    plans_->by_name[{"v2", "other"}] = schedule;
    warmups_ = std::move(warmup::Desk::open({*writer_, desk_.clock, desk_.registry, desk_.events}, plans_).value());
    desk_.warmups = warmups_.get();
    desk_.start();
    (*desk_.shards)[0].every(Dispatcher::kTick / 2, [this] { ++ticks_; });
    receiver_ = std::make_unique<ScriptedReceiver>(*desk_.shards);
    desk_.change_plan([&](Plan& plan) {
      plan.mx_port = receiver_->port();
      for (Stream& stream : plan.streams) stream.dsn.enabled = false;
    });
  }
  void send(std::size_t messages, const std::string& stream = "news") {
    for (std::size_t i = 0; i < messages; ++i) desk_.send({fmt::format("r{}@one.example", ++sent_)}, stream);
  }
  std::size_t delivered(const std::string& vmta) {
    std::size_t count = 0;
    for (const Recorded& event : desk_.events.of(EventType::Delivered)) count += event.vmta == vmta ? 1 : 0;
    return count;
  }
  // Lets the time pass, and everything be done that can be done then.
  void pass(Duration by) {
    desk_.clock.advance(by);
    settle_down();
  }
  // The dispatcher has looked at the clock, twice, and nothing is under way.
  void settle_down() {
    for (int i = 0; i < 2; ++i) {
      const int until = ticks_ + 3;
      desk_.run_until([&] { return ticks_ >= until && desk_.dispatcher().in_delivery() == 0; });
    }
  }
  void pass_until_delivered(std::size_t count, Duration step) {
    for (int i = 0; i < 30 && desk_.events.count(EventType::Delivered) < count; ++i) pass(step);
    EXPECT_EQ(desk_.events.count(EventType::Delivered), count);
  }
  warmup::Ledger ledger() { return warmups_->list().at(0).ledger; }

  Desk desk_;
  TempFolder folder_;
  std::unique_ptr<state::Writer> writer_{std::move(state::Writer::open(folder_.file("state.db")).value())};
  std::shared_ptr<warmup::Schedules> plans_;
  std::unique_ptr<warmup::Desk> warmups_;
  std::unique_ptr<ScriptedReceiver> receiver_;
  std::size_t sent_ = 0;
  int ticks_ = 0;
};

TEST_F(WarmupTest, WhatIsBeyondGoesByTheWarmVmta) {
  open(86'400);
  send(100);
  settle_down();
  EXPECT_GE(delivered("v1"), 84U);
  EXPECT_LE(delivered("v2"), 1U);  // fifteen may wait for their turn
  pass_until_delivered(100, 5s);
  EXPECT_GE(delivered("v2"), 5U);
  EXPECT_LE(delivered("v2"), 16U);
  EXPECT_EQ(ledger().counts.taken, delivered("v2"));
}

TEST_F(WarmupTest, UrgentMailWaitsForNoAllowanceWhileAWarmVmtaIsFree) {
  open(1000, warmup::Beyond::Warm, 1h);  // one in some minute
  desk_.change_plan([](Plan& plan) {
    for (Stream& stream : plan.streams) stream.priority = queue::Priority::Urgent;
  });
  send(40);
  settle_down();
  EXPECT_EQ(desk_.events.count(EventType::Delivered), 40U);
  EXPECT_LE(delivered("v2"), 1U);
  pass(10min);
  send(40);
  settle_down();
  EXPECT_EQ(desk_.events.count(EventType::Delivered), 80U);
  EXPECT_GE(delivered("v2"), 3U) << "what may go now goes by the new one";
}

TEST_F(WarmupTest, WhatIsBeyondWaitsWhenToldTo) {
  open(86'400, warmup::Beyond::Wait);
  send(40);
  settle_down();
  const std::size_t by_warm = delivered("v1");
  EXPECT_LT(by_warm, 35U);
  EXPECT_LE(delivered("v2"), 1U);
  pass(3s);
  EXPECT_LE(delivered("v2"), 6U);
  pass_until_delivered(40, 5s);
  EXPECT_EQ(delivered("v1"), by_warm);
  EXPECT_EQ(ledger().counts.taken, 40 - by_warm);
}

TEST_F(WarmupTest, SpentAllowanceIsNotExceededByABacklog) {
  open(100, warmup::Beyond::Wait);
  desk_.change_plan([](Plan& plan) { plan.pools[1].members = {{1, 1}}; });
  send(30);
  // One in some ten minutes.
  for (int i = 0; i < 12; ++i) pass(5min);
  EXPECT_GE(delivered("v2"), 4U);
  EXPECT_LE(delivered("v2"), 7U);
  EXPECT_LE(receiver_->total(), 7U);  // no connection without something to say
}

TEST_F(WarmupTest, DeferredGiveTheirPlaceBackAndStay) {
  open(86'400);
  receiver_->set_answer([](const Heard& heard) {
    return heard.verb == "RCPT" && heard.source == "127.0.0.3" ? "450 4.7.1 slow down" : "";
  });
  send(60);
  for (int i = 0; i < 4; ++i) pass(5s);
  EXPECT_EQ(delivered("v2"), 0U);
  EXPECT_EQ(ledger().counts.taken, 0U);
  EXPECT_GE(ledger().counts.deferred, 5U);
  EXPECT_EQ(warmups_->list().at(0).under_way, 0U);
  receiver_->set_answer({});
  pass_until_delivered(60, 30s);
  // Who was deferred on v2 was delivered from v2: never dodge.
  std::size_t deferred = 0;
  for (const Recorded& event : desk_.events.of(EventType::Deferred)) deferred += event.attempt == 1 ? 1 : 0;
  EXPECT_GE(deferred, 5U);
  EXPECT_GE(delivered("v2"), deferred);
}

TEST_F(WarmupTest, WhatIsBeyondDoesNotGoByASuspendedVmta) {
  open(86'400);
  desk_.change_plan([](Plan& plan) {
    plan.default_limits.connections_start = 1;  // so that a wait is kept
    plan.pools[1].members = {{0, 1}, {1, 0}};
  });
  receiver_->set_answer(
      [](const Heard& heard) { return heard.verb == "RCPT" ? "450 4.7.1 rate limited, try again in 10 minutes" : ""; });
  send(1);
  desk_.run_until([&] { return desk_.events.count(EventType::Deferred) == 1; });
  receiver_->set_answer({});
  desk_.change_plan([](Plan& plan) { plan.pools[1].members = {{0, 1}, {1, 1}}; });
  send(40);
  settle_down();
  EXPECT_LE(delivered("v2"), 1U);
  pass_until_delivered(40, 5s);
  EXPECT_EQ(delivered("v1"), 0U);
}

TEST_F(WarmupTest, PlanThatComesWithAReloadHoldsForPathsThatAreThere) {
  open(86'400, warmup::Beyond::Wait);
  warmups_->set_schedules(std::make_shared<warmup::Schedules>());
  desk_.change_plan([](Plan& plan) { plan.pools[1].members = {{1, 1}}; });
  send(20);
  desk_.run_until([&] { return delivered("v2") == 20; });
  warmups_->set_schedules(plans_);
  desk_.change_plan([](Plan&) {});
  send(20);
  settle_down();
  EXPECT_LE(delivered("v2"), 22U);
}

TEST_F(WarmupTest, MailInLineExpires) {
  open(10, warmup::Beyond::Wait);
  desk_.change_plan([](Plan& plan) {
    plan.pools[1].members = {{1, 1}};
    for (Stream& stream : plan.streams) stream.retry.expire = 10min;
  });
  send(5);
  for (int i = 0; i < 30 && desk_.events.count(EventType::Expired) < 5; ++i) pass(1min);
  EXPECT_EQ(desk_.events.count(EventType::Expired), 5U);
}

TEST_F(WarmupTest, VmtaAskedForByNameIsNeverReplaced) {
  open(100);
  model::Envelope envelope = desk_.envelope({"a@one.example"}, "news");
  envelope.labels.vmta = "v2";
  desk_.admit(desk_.store(std::move(envelope)));
  settle_down();
  EXPECT_EQ(desk_.count(queue::Whereabouts::Active), 1U);
  EXPECT_EQ(delivered("v1"), 0U);
}

}  // namespace
}  // namespace penstock::delivery
