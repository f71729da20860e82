// SPDX-License-Identifier: Apache-2.0
// What suspends a path and what does not, how that is told, and what becomes of the mail behind it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "delivery/test/desk.h"
#include "delivery/test/scripted_receiver.h"

namespace penstock::delivery {
namespace {

using namespace std::chrono_literals;
using model::EventType;
using queue::Whereabouts;
using shaping::State;
using ::testing::HasSubstr;
using ::testing::SizeIs;

class SuspendedTest : public ::testing::Test {
 protected:
  SuspendedTest() {
    for (const char* domain : {"one.example", "two.example", "shop.example"}) {
      desk_.dns.mx(domain, {{10, std::string("mx.") + domain}});
      desk_.dns.a(std::string("mx.") + domain, {"127.0.0.1"});
    }
    desk_.start();
    (*desk_.shards)[0].every(Dispatcher::kTick / 2, [this] { ++ticks_; });
    receiver_ = std::make_unique<ScriptedReceiver>(*desk_.shards);
    desk_.change_plan([&](Plan& plan) {
      plan.mx_port = receiver_->port();
      plan.default_limits.connections = 1;
      plan.default_limits.connections_start = 1;  // a range, so that it learns
      plan.timeouts.idle = 1ms;
      for (Stream& stream : plan.streams) stream.dsn.enabled = false;
    });
  }
  void send(const std::string& domain = "one.example") { desk_.send({fmt::format("r{}@{}", ++sent_, domain)}); }
  void answer_rcpt(const std::string& reply) {
    receiver_->set_answer([reply](const Heard& heard) { return heard.verb == "RCPT" ? reply : std::string(); });
  }
  void wait_for(EventType type, std::size_t count) {
    desk_.run_until([&] { return desk_.events.count(type) >= count; });
    EXPECT_EQ(desk_.events.count(type), count) << to_string(type);
  }
  // The dispatcher has looked at the clock, twice, and nothing is under way.
  void settle_down() {
    const int until = ticks_ + 5;
    desk_.run_until([&] { return ticks_ >= until && desk_.dispatcher().in_delivery() == 0; });
  }
  // So long that ready mail has been looked through.
  void pass_housekeepings() {
    for (int i = 0; i < 9; ++i) {
      desk_.clock.advance(30s);
      settle_down();
    }
  }
  shaping::PathKey key(const std::string& domain = "one.example") {
    return {desk_.names.intern("v1"), desk_.names.intern("site:mx." + domain)};
  }
  State state() {
    const shaping::Limiter* limiter = desk_.dispatcher().find_limiter(key());
    return limiter == nullptr ? State::Normal : limiter->state(desk_.clock.now());
  }

  Desk desk_;
  std::unique_ptr<ScriptedReceiver> receiver_;
  int sent_ = 0;
  int ticks_ = 0;
};

TEST_F(SuspendedTest, OneReplyThatNamesNoTimeSuspendsNothing) {
  answer_rcpt("421 4.7.28 Our system has detected an unusual rate of email originating from your IP address.");
  send();
  wait_for(EventType::Deferred, 1);
  const Recorded deferred = desk_.events.of(EventType::Deferred)[0];
  EXPECT_EQ(deferred.rule, "gmail-unusual-rate");
  EXPECT_EQ(state(), State::Normal);
  EXPECT_EQ(deferred.next_attempt, desk_.clock.wall() + 5min) << "the path keeps the pace, not its recipients";
  receiver_->set_answer({});
  send();
  wait_for(EventType::Delivered, 1);
  EXPECT_EQ(desk_.events.count(EventType::Action), 0U);
  desk_.clock.advance(5min);
  wait_for(EventType::Delivered, 2);
}

TEST_F(SuspendedTest, SuspensionIsToldOnceWhenItBeginsAndOnceWhenItEnds) {
  answer_rcpt("450 4.7.1 rate limited, try again in 10 minutes");
  send();
  send();
  wait_for(EventType::Deferred, 1);
  EXPECT_EQ(state(), State::Suspended);
  settle_down();
  const auto begun = desk_.events.of(EventType::Action);
  ASSERT_THAT(begun, SizeIs(1));
  EXPECT_THAT(begun[0].detail, HasSubstr("suspend v1/site:mx.one.example for 10m: wait: the receiver asks for 10m"));
  EXPECT_THAT(begun[0].detail, HasSubstr("1 of 1 answers were against it, the last one \"450 4.7.1 rate limited"));
  EXPECT_THAT(begun[0].detail, HasSubstr("then it begins again with a part of its limits"));
  EXPECT_EQ(begun[0].next_attempt, desk_.clock.wall() + 10min);
  EXPECT_EQ(begun[0].vmta, "v1");
  EXPECT_EQ(begun[0].reply.code, 450);
  receiver_->set_answer({});
  desk_.clock.advance(10min);
  wait_for(EventType::Delivered, 2);
  const auto told = desk_.events.of(EventType::Action);
  ASSERT_THAT(told, SizeIs(2));
  EXPECT_THAT(told[1].detail, HasSubstr("the suspension of v1/site:mx.one.example has ended, it began 10m ago"));
}

TEST_F(SuspendedTest, EndIsToldThoughNoMailWaitsForIt) {
  answer_rcpt("450 4.7.1 rate limited, try again in 10 minutes");
  send();
  wait_for(EventType::Action, 1);
  desk_.dispatcher().reset_trouble([](const Path&) { return true; });
  desk_.clock.advance(1min);
  wait_for(EventType::Action, 2);
  EXPECT_THAT(desk_.events.of(EventType::Action)[1].detail, HasSubstr("has ended"));
}

TEST_F(SuspendedTest, MailBehindAPinExpiresAndItsSenderIsToldOfTheDelay) {
  desk_.change_plan([](Plan& plan) {
    plan.streams[0].dsn.enabled = true;
    plan.streams[0].dsn.delay = 4h;
  });
  ASSERT_TRUE(desk_.dispatcher().pin_path(key(), shaping::Pin{.suspended = true, .by = "ann", .reason = "new IP"}));
  for (int i = 0; i < 2; ++i) {
    model::Envelope envelope = desk_.envelope({fmt::format("r{}@one.example", i)});
    envelope.recipients[0].notify = model::kNotifyDelay | model::kNotifyFailure;
    desk_.admit(desk_.store(std::move(envelope)));
  }
  settle_down();
  EXPECT_EQ(desk_.count(Whereabouts::Active), 2U);
  pass_housekeepings();
  EXPECT_THAT(receiver_->mails(), SizeIs(0)) << "not late yet";
  desk_.clock.advance(5h);
  pass_housekeepings();
  wait_for(EventType::Delivered, 2);
  for (const ReceivedMail& mail : receiver_->mails()) {
    EXPECT_EQ(mail.recipients.front(), "news@shop.example");
    EXPECT_THAT(mail.text, HasSubstr("Action: delayed"));
    EXPECT_THAT(mail.text, HasSubstr("v1/site:mx.one.example is suspended (pinned by an operator: new IP)"));
  }
  pass_housekeepings();
  EXPECT_EQ(desk_.events.count(EventType::Delivered), 2U) << "once is enough";
  EXPECT_EQ(desk_.count(Whereabouts::Active), 2U);
  desk_.clock.advance(20h);
  pass_housekeepings();
  wait_for(EventType::Expired, 2);
  wait_for(EventType::Delivered, 4);  // two notices of failure
  settle_down();
  EXPECT_EQ(desk_.dispatcher().totals().total(), 0U);
}

TEST_F(SuspendedTest, PathIsPinnedBeforeTheFirstMailAndUnpinnedWhenNoMailIsLeft) {
  EXPECT_FALSE(desk_.dispatcher().pin_path(key(), std::nullopt)) << "nobody has pinned it";
  ASSERT_TRUE(desk_.dispatcher().pin_path(key(), shaping::Pin{.suspended = true, .by = "ann"}));
  send();
  settle_down();
  EXPECT_EQ(desk_.events.count(EventType::Delivered), 0U);
  EXPECT_EQ(receiver_->total(), 0U);
  ASSERT_TRUE(desk_.dispatcher().pin_path(key(), std::nullopt));
  wait_for(EventType::Delivered, 1);

  ASSERT_TRUE(desk_.dispatcher().pin_path(key(), shaping::Pin{.connections = 1, .by = "ann"}));
  pass_housekeepings();
  ASSERT_TRUE(desk_.dispatcher().paths().empty());
  ASSERT_NE(desk_.dispatcher().find_limiter(key()), nullptr);
  EXPECT_TRUE(desk_.dispatcher().find_limiter(key())->pinned());
  EXPECT_TRUE(desk_.dispatcher().pin_path(key(), std::nullopt));
  EXPECT_FALSE(desk_.dispatcher().find_limiter(key())->pinned());
}

TEST_F(SuspendedTest, SuspensionOfAnIdlePathIsCleared) {
  answer_rcpt("450 4.7.1 rate limited, try again in 10 hours");
  send();
  wait_for(EventType::Deferred, 1);
  receiver_->set_answer({});
  pass_housekeepings();
  ASSERT_TRUE(desk_.dispatcher().paths().empty());
  EXPECT_EQ(state(), State::Suspended);
  EXPECT_TRUE(desk_.dispatcher().clear_path(key()));
  EXPECT_FALSE(desk_.dispatcher().clear_path(key("two.example")));
  EXPECT_EQ(state(), State::Normal);
  send();
  wait_for(EventType::Delivered, 1);
}

TEST_F(SuspendedTest, TroubleOfTheLastRunIsNotLearnedAnew) {
  LearnedPath learned{.key = key(), .state = {}};
  learned.trouble = shaping::TroubleState{.failures = 9,
                                          .suspensions = 4,
                                          .ramp = 1,
                                          .since = desk_.clock.now() - 10min,
                                          .until = desk_.clock.now() + 5min,
                                          .cause = "no route to host"};
  desk_.dispatcher().restore({{learned}, {}});
  ASSERT_THAT(desk_.dispatcher().memory().paths, SizeIs(1)) << "also before anybody sends there";
  send();
  settle_down();
  EXPECT_EQ(state(), State::Suspended);
  EXPECT_EQ(receiver_->total(), 0U);
  const auto again = desk_.dispatcher().memory().paths;
  ASSERT_THAT(again, SizeIs(1));
  ASSERT_TRUE(again[0].trouble);
  EXPECT_EQ(again[0].trouble->suspensions, 4U);
  EXPECT_EQ(again[0].trouble->cause, "no route to host");
  EXPECT_EQ(again[0].avoided_until, desk_.clock.now() + 5min);
  EXPECT_EQ(desk_.events.count(EventType::Action), 0U) << "the log knows";
  desk_.clock.advance(5min);
  wait_for(EventType::Delivered, 1);
}

TEST_F(SuspendedTest, VmtaThatWasAvoidedIsAvoidedAfterARestart) {
  desk_.dispatcher().restore({{{.key = key(), .state = {}, .avoided_until = desk_.clock.now() + 50min}}, {}});
  for (int i = 0; i < 20; ++i) desk_.send({fmt::format("r{}@one.example", ++sent_)}, "news");
  wait_for(EventType::Delivered, 20);
  for (const Recorded& delivered : desk_.events.of(EventType::Delivered)) EXPECT_EQ(delivered.vmta, "v2");
  EXPECT_EQ(desk_.dispatcher().memory().paths.size(), 2U) << "and the next restart knows it too";
  desk_.clock.advance(50min);
  for (int i = 0; i < 40; ++i) desk_.send({fmt::format("r{}@one.example", ++sent_)}, "news");
  wait_for(EventType::Delivered, 60);
  const auto all = desk_.events.of(EventType::Delivered);
  EXPECT_TRUE(std::any_of(all.begin(), all.end(), [](const Recorded& one) { return one.vmta == "v1"; }));
}

// Mail of a pool whose vMTAs are all suspended waits in the calendar, not in a path.
class PutOffTest : public SuspendedTest {
 protected:
  void suspend_both(std::optional<Time> until = {}) {
    for (const char* vmta : {"v1", "v2"}) pin(vmta, shaping::Pin{.suspended = true, .until = until, .by = "ann"});
  }
  void pin(const char* vmta, const std::optional<shaping::Pin>& pin) {
    ASSERT_TRUE(desk_.dispatcher().pin_path(key_of(vmta), pin));
  }
  shaping::PathKey key_of(const char* vmta) { return {desk_.names.intern(vmta), key().group}; }
  void send_pooled(int count, const std::string& domain = "one.example") {
    for (int i = 0; i < count; ++i) desk_.send({fmt::format("r{}@{}", ++sent_, domain)}, "news");
  }
};

TEST_F(PutOffTest, GoesAtOnceWhenOneIsUnpinned) {
  suspend_both();
  send_pooled(5);
  settle_down();
  ASSERT_EQ(desk_.count(Whereabouts::Scheduled), 5U) << "nothing in memory but the calendar";
  pin("v2", std::nullopt);
  wait_for(EventType::Delivered, 5);
  for (const Recorded& one : desk_.events.of(EventType::Delivered)) EXPECT_EQ(one.vmta, "v2");
  EXPECT_EQ(desk_.count(Whereabouts::Scheduled), 0U);
}

TEST_F(PutOffTest, GoesAtOnceWhenOneIsCleared) {
  delivery::ShapingMemory memory;
  for (const char* vmta : {"v1", "v2"}) {
    LearnedPath path{.key = key_of(vmta), .state = {}};
    path.state.suspended_until = desk_.clock.now() + 50min;
    memory.paths.push_back(path);
  }
  desk_.dispatcher().restore(std::move(memory));
  send_pooled(5);
  settle_down();
  ASSERT_EQ(desk_.count(Whereabouts::Scheduled), 5U);
  ASSERT_TRUE(desk_.dispatcher().clear_path(key_of("v1")));
  wait_for(EventType::Delivered, 5);
}

TEST_F(PutOffTest, GoesAtOnceWhenAPinReplacesTheSuspension) {
  suspend_both();
  send_pooled(5);
  settle_down();
  ASSERT_EQ(desk_.count(Whereabouts::Scheduled), 5U);
  pin("v1", shaping::Pin{.connections = 1, .by = "ann"});
  wait_for(EventType::Delivered, 5);
}

TEST_F(PutOffTest, GoesByTheEndOfTheSuspensionThatReplacesTheFirst) {
  suspend_both();
  send_pooled(3);
  settle_down();
  pin("v1", shaping::Pin{.suspended = true, .until = desk_.clock.now() + 5min, .by = "ann"});
  settle_down();
  EXPECT_EQ(desk_.count(Whereabouts::Scheduled), 3U);
  desk_.clock.advance(5min + 1s);
  wait_for(EventType::Delivered, 3);
}

TEST_F(PutOffTest, OthersKeepTheTimeTheyWaitFor) {
  suspend_both();
  desk_.dispatcher().pin_path({desk_.names.intern("v1"), key("two.example").group},
                              shaping::Pin{.suspended = true, .by = "ann"});
  desk_.dispatcher().pin_path({desk_.names.intern("v2"), key("two.example").group},
                              shaping::Pin{.suspended = true, .by = "ann"});
  send_pooled(4, "two.example");
  model::Envelope later = desk_.envelope({"later@one.example"}, "news");
  later.first_attempt = desk_.clock.wall() + 1h;
  desk_.admit(desk_.store(std::move(later)));
  send_pooled(1);
  settle_down();
  ASSERT_EQ(desk_.count(Whereabouts::Scheduled), 6U);
  pin("v1", std::nullopt);
  wait_for(EventType::Delivered, 1);
  settle_down();
  EXPECT_EQ(desk_.count(Whereabouts::Scheduled), 5U) << "suspended elsewhere, or to be sent later";
}

TEST_F(PutOffTest, ManyGoInSlices) {
  suspend_both();
  for (int message = 0; message < 20; ++message) {
    std::vector<std::string> addresses;
    addresses.reserve(1000);
    for (int i = 0; i < 1000; ++i) addresses.push_back(fmt::format("r{}-{}@one.example", message, i));
    desk_.send(addresses, "news");
  }
  settle_down();
  ASSERT_EQ(desk_.count(Whereabouts::Scheduled), 20'000U);
  pin("v1", shaping::Pin{.connections = 1, .by = "ann"});
  desk_.run_until([&] { return desk_.count(Whereabouts::Scheduled) == 0; });
  EXPECT_LE(receiver_->total(), 1U) << "not faster than the path's limits";
}

TEST_F(SuspendedTest, HundredThousandBehindASuspensionStarveNobody) {
  ASSERT_TRUE(desk_.dispatcher().pin_path(key(), shaping::Pin{.suspended = true, .by = "ann"}));
  for (int message = 0; message < 100; ++message) {
    std::vector<std::string> addresses;
    addresses.reserve(1000);
    for (int i = 0; i < 1000; ++i) addresses.push_back(fmt::format("r{}-{}@one.example", message, i));
    desk_.send(addresses);
  }
  settle_down();
  EXPECT_EQ(desk_.count(Whereabouts::Active), 100'000U);
  for (int round = 1; round <= 20; ++round) {
    send("two.example");
    wait_for(EventType::Delivered, static_cast<std::size_t>(round));
    desk_.clock.advance(30s);
  }
  settle_down();
  EXPECT_EQ(receiver_->mails().size(), 20U);
  EXPECT_EQ(receiver_->count("MAIL"), 20U) << "nothing was tried behind the suspension";
  EXPECT_EQ(desk_.dispatcher().in_delivery(), 0U);
  EXPECT_EQ(desk_.count(Whereabouts::Active), 100'000U);
}

TEST_F(SuspendedTest, OneThatGrowsLongerIsToBeWrittenDownLikeANewOne) {
  desk_.change_plan([](Plan& plan) { plan.default_limits.connections = plan.default_limits.connections_start = 2; });
  const std::string wait = "450 4.7.1 Too many messages, try again in ";
  receiver_->hold();
  receiver_->set_answer([wait](const Heard& heard) { return heard.verb == "." ? wait + "5 hours" : std::string(); });
  send();
  desk_.run_until([&] { return receiver_->waiting() == 1; });
  answer_rcpt(wait + "1 hour");
  send();
  desk_.run_until([&] { return state() == State::Suspended; });
  EXPECT_TRUE(desk_.dispatcher().take_state_changed());
  const int until = ticks_ + 5;
  desk_.run_until([&] { return ticks_ >= until; });
  EXPECT_FALSE(desk_.dispatcher().take_state_changed());
  receiver_->set_answer([wait](const Heard& heard) { return heard.verb == "." ? wait + "5 hours" : std::string(); });
  receiver_->release();
  wait_for(EventType::Deferred, 2);
  EXPECT_TRUE(desk_.dispatcher().take_state_changed());
  const auto ends = desk_.dispatcher().find_limiter(key())->explain(desk_.clock.now()).until;
  ASSERT_TRUE(ends);
  EXPECT_GT(*ends - desk_.clock.now(), Duration{4h});
}

}  // namespace
}  // namespace penstock::delivery
