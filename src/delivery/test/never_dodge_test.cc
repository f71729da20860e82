// SPDX-License-Identifier: Apache-2.0
// Principle 7, never dodge: a recipient whom a receiver answered 4xx is not attempted from another vMTA's address.
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

class NeverDodgeTest : public ::testing::Test {
 protected:
  void build() {
    desk_.dns.mx("one.example", {{10, "mx1.one.example"}, {20, "mx2.one.example"}});
    desk_.dns.a("mx1.one.example", {"127.0.0.1"});
    desk_.dns.a("mx2.one.example", {"127.0.0.99"});  // nobody listens there
    desk_.events.listener = [this](const Recorded& event) {
      if (event.type == EventType::Deferred && event.reply.transient()) must_wait_for_[event.recipient] = event.vmta;
    };
    open();
  }
  void open() {
    desk_.start();
    receiver_ = std::make_unique<ScriptedReceiver>(*desk_.shards);
    desk_.change_plan([&](Plan& plan) {
      plan.mx_port = receiver_->port();
      plan.trouble.failures = 0;
      for (Stream& stream : plan.streams) stream.dsn.enabled = false;
    });
    receiver_->set_answer([this](const Heard& heard) { return answer(heard); });
  }
  std::string answer(const Heard& heard) {
    if (heard.verb == "RCPT") {
      const std::size_t open = heard.argument.find('<');
      const std::string address = heard.argument.substr(open + 1, heard.argument.find('>') - open - 1);
      const std::string vmta = heard.source == "127.0.0.2" ? "v1" : "v2";
      const auto pin = must_wait_for_.find(address);
      ++asked_;
      if (pin != must_wait_for_.end()) {
        EXPECT_EQ(pin->second, vmta) << address;
      }
    }
    if (kind_ || heard.verb == "QUIT") return {};
    switch (rng_.below(heard.verb == "RCPT" ? 6 : 12)) {
      case 0: return "450 4.7.1 slow down";
      case 1: return rng_.below(4) == 0 ? "421 4.7.0 come back later" : "451 4.7.1 not from you";
      case 3: return rng_.below(6) == 0 ? "451 4.7.1 try again in 3 minutes" : "";
      case 2: return rng_.below(8) == 0 ? "close" : "";
      default: return {};
    }
  }
  void change_something() {
    switch (rng_.below(6)) {
      case 5: {  // an operator stops or frees somebody
        shaping::Action action{.kind = rng_.below(2) == 0 ? shaping::ActionKind::Suspend : shaping::ActionKind::Slow,
                               .key = {}};
        action.key[shaping::Dimension::Vmta] = desk_.names.intern(rng_.below(2) == 0 ? "v1" : "v2");
        action.rate = 0.1;
        action.until = desk_.clock.now() + 90s;
        if (rng_.below(3) == 0) {
          desk_.dispatcher().clear_action(action.key);
        } else {
          desk_.dispatcher().pin_action(action);
        }
        return;
      }
      case 0:  // one of them is switched off, or both are on
        desk_.change_plan([&](Plan& plan) {
          plan.vmtas[0].usable = plan.vmtas[1].usable = true;
          if (rng_.below(2) == 0) plan.vmtas[rng_.below(2)].usable = false;
        });
        return;
      case 1:
        desk_.change_plan([&](Plan& plan) {
          plan.pools[1].members = {{0, static_cast<std::uint32_t>(rng_.below(3))}, {1, 1}};
        });
        return;
      case 2: receiver_->close_all(); return;
      case 3:
        if (rng_.below(4) == 0) {
          receiver_.reset();
          desk_.end();
          open();
        }
        return;
      default: return;
    }
  }
  void run(std::uint64_t seed) {
    rng_ = Rng(seed);
    build();
    std::size_t sent = 0;
    for (int round = 0; round < 40; ++round) {
      for (std::uint64_t i = rng_.below(4); i > 0; --i) {
        std::vector<std::string> addresses;
        for (std::uint64_t n = rng_.below(3) + 1; n > 0; --n)
          addresses.push_back(fmt::format("r{}@one.example", ++sent));
        desk_.send(addresses, "news");
      }
      desk_.run_until([&] { return idle(); });
      change_something();
      desk_.clock.advance(1min);
      desk_.run_until([&] { return idle(); });
    }
    kind_ = true;
    desk_.change_plan([](Plan& plan) { plan.vmtas[0].usable = plan.vmtas[1].usable = true; });
    const auto done = [&] { return desk_.dispatcher().totals().total() == 0; };
    for (int i = 0; i < 100 && !done(); ++i) {
      desk_.clock.advance(2min);
      desk_.run_until([&] { return done() || idle(); });
    }
    EXPECT_TRUE(done());
    EXPECT_EQ(desk_.events.count(EventType::Delivered), sent);
    EXPECT_FALSE(must_wait_for_.empty());
    EXPECT_GT(asked_, sent);
  }
  // Nothing is due, ready or under way.
  bool idle() {
    if (desk_.count(queue::Whereabouts::Active) != 0) return false;
    bool due = false;
    const auto scan = desk_.dispatcher().begin_scan();
    while (desk_.dispatcher().scan_slice(*scan, 1000, [&](const queue::QueuedRecipient& recipient, const auto& at) {
      due = due || (at.where != queue::Whereabouts::Held && queue::time_of(recipient.due) <= desk_.clock.now());
      return queue::Visit::Keep;
    })) {
    }
    return !due;
  }

  Rng rng_{1};
  Desk desk_;
  std::unique_ptr<ScriptedReceiver> receiver_;
  std::map<std::string, std::string> must_wait_for_;  // address → vMTA
  std::size_t asked_ = 0;
  bool kind_ = false;
};

TEST_F(NeverDodgeTest, RandomRun1) {
  run(1);
}
TEST_F(NeverDodgeTest, RandomRun2) {
  run(2);
}
TEST_F(NeverDodgeTest, RandomRun3) {
  run(3);
}

TEST_F(NeverDodgeTest, NewRecipientsAvoidTheVmtaThatIsSuspendedAndDeferredOnesWaitForIt) {
  build();
  kind_ = true;
  desk_.change_plan([](Plan& plan) {
    plan.default_limits.connections_start = 1;  // so that a wait is kept
    plan.pools[1].members = {{0, 1}, {1, 0}};
  });
  receiver_->set_answer(
      [](const Heard& heard) { return heard.verb == "RCPT" ? "450 4.7.1 rate limited, try again in 10 minutes" : ""; });
  desk_.send({"a@one.example"}, "news");
  desk_.run_until([&] { return desk_.events.count(EventType::Deferred) == 1; });
  EXPECT_EQ(desk_.events.of(EventType::Deferred)[0].vmta, "v1");
  receiver_->set_answer({});
  desk_.change_plan([](Plan& plan) { plan.pools[1].members = {{0, 1000}, {1, 1}}; });
  for (int i = 0; i < 10; ++i) desk_.send({fmt::format("new{}@one.example", i)}, "news");
  desk_.run_until([&] { return desk_.events.count(EventType::Delivered) == 10; });
  for (const Recorded& delivered : desk_.events.of(EventType::Delivered)) EXPECT_EQ(delivered.vmta, "v2");
  // Both suspended: whoever is new waits for the first of them, in the calendar.
  receiver_->set_answer(
      [](const Heard& heard) { return heard.verb == "RCPT" ? "450 4.7.1 rate limited, try again in 1 hour" : ""; });
  desk_.send({"b@one.example"}, "news");
  desk_.run_until([&] { return desk_.events.count(EventType::Deferred) == 2; });
  receiver_->set_answer({});
  desk_.send({"c@one.example"}, "news");
  desk_.run_until([&] { return idle(); });
  EXPECT_EQ(desk_.count(queue::Whereabouts::Scheduled), 1U);
  desk_.clock.advance(10min);
  desk_.run_until([&] { return desk_.events.count(EventType::Delivered) == 12; });
  for (const Recorded& delivered : desk_.events.of(EventType::Delivered)) {
    if (delivered.recipient == "a@one.example" || delivered.recipient == "c@one.example") {
      EXPECT_EQ(delivered.vmta, "v1");
    }
  }
  desk_.clock.advance(1h);
  desk_.run_until([&] { return desk_.events.count(EventType::Delivered) == 13; });
  EXPECT_EQ(desk_.events.of(EventType::Delivered).back().vmta, "v2") << "it was told to wait there";
}

TEST_F(NeverDodgeTest, ListedAddressIsLeftOnlyWhereThePoolSaysSo) {
  build();
  kind_ = true;
  for (const bool may_move : {false, true}) {
    desk_.change_plan([&](Plan& plan) {
      plan.pools[1].members = {{0, 1}, {1, 0}};
      plan.pools[1].move_when_listed = may_move;
    });
    receiver_->set_answer([](const Heard& heard) {
      const bool listed = heard.verb == "RCPT" && heard.source == "127.0.0.2";
      return listed ? "450 4.7.1 Service unavailable; Client host [127.0.0.2] blocked using zen.spamhaus.org" : "";
    });
    const std::string address = may_move ? "moves@one.example" : "stays@one.example";
    desk_.send({address}, "news");
    desk_.run_until([&] { return desk_.events.count(EventType::Deferred) == (may_move ? 2U : 1U); });
    EXPECT_EQ(desk_.events.of(EventType::Deferred).back().outcome_class, model::OutcomeClass::Blocklist);
    desk_.change_plan([](Plan& plan) { plan.pools[1].members = {{0, 1}, {1, 1}}; });
    if (!may_move) receiver_->set_answer({});
    desk_.clock.advance(2min);
    desk_.run_until([&] { return desk_.events.count(EventType::Delivered) == (may_move ? 2U : 1U); });
    EXPECT_EQ(desk_.events.of(EventType::Delivered).back().vmta, may_move ? "v2" : "v1");
  }
}

TEST_F(NeverDodgeTest, RefusalAtTheBannerCountsThoughAnotherHostIsSilent) {
  build();
  kind_ = true;
  receiver_->set_answer([](const Heard& heard) { return heard.verb == "BANNER" ? "421 4.7.0 too much from you" : ""; });
  desk_.send({"a@one.example"}, "news");
  desk_.run_until([&] { return desk_.events.count(EventType::Deferred) == 1; });
  const Recorded deferred = desk_.events.of(EventType::Deferred)[0];
  EXPECT_EQ(deferred.reply.code, 421);
  const std::string source = deferred.vmta == "v1" ? "127.0.0.2" : "127.0.0.3";
  receiver_->set_answer({});
  for (int i = 0; i < 10; ++i) desk_.send({"b@one.example"}, "news");
  desk_.clock.advance(1min);
  desk_.run_until([&] { return desk_.events.count(EventType::Delivered) == 11; });
  for (const ReceivedMail& mail : receiver_->mails()) {
    if (mail.recipients.front() == "a@one.example") {
      EXPECT_EQ(mail.source, source);
    }
  }
}

}  // namespace
}  // namespace penstock::delivery
