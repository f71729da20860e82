// SPDX-License-Identifier: Apache-2.0
// Principle 7, never dodge: a recipient whom a receiver answered 4xx, or cut off once it had heard of him, is not
// attempted from another vMTA's address; whatever else happens: ranges that learn, suspensions, connection trouble, a
// warm-up, actions, reloads, restarts.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "base/test/effort.h"
#include "base/test/temp_folder.h"
#include "delivery/scan.h"
#include "delivery/test/desk.h"
#include "delivery/test/scripted_receiver.h"
#include "state/writer.h"

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
      const bool heard = event.reply.transient() || (event.reply.code == 0 && event.step >= model::Step::Mail);
      if (event.type == EventType::Deferred && heard) must_wait_for_[event.recipient] = event.vmta;
    };
    open();
  }
  void open() {
    desk_.start();
    receiver_ = std::make_unique<ScriptedReceiver>(*desk_.shards);
    desk_.change_plan([&](Plan& plan) {
      plan.mx_port = receiver_->port();
      plan.trouble = troubles_;
      plan.default_limits = limits_;
      for (Stream& stream : plan.streams) stream.dsn.enabled = false;
    });
    (*desk_.shards)[0].every(Dispatcher::kTick / 2, [this] { ++ticks_; });
    receiver_->set_answer([this](const Heard& heard) { return answer(heard); });
  }
  std::string answer(const Heard& heard) {
    std::string said = kind_ || heard.verb == "QUIT" ? "" : unkind_answer(heard);
    if (heard.verb != "RCPT") return said;
    const std::size_t open = heard.argument.find('<');
    const std::string address = heard.argument.substr(open + 1, heard.argument.find('>') - open - 1);
    const std::string vmta = heard.source == "127.0.0.2" ? "v1" : "v2";
    const auto pin = must_wait_for_.find(address);
    ++asked_;
    if (pin != must_wait_for_.end()) {
      EXPECT_EQ(pin->second, vmta) << address;
    }
    if (!said.empty()) must_wait_for_[address] = vmta;
    return said;
  }
  std::string unkind_answer(const Heard& heard) {
    const bool resets = heard.verb == "MAIL" || heard.verb == "DATA" || heard.verb == ".";
    switch (rng_.below(heard.verb == "RCPT" ? 6 : 12)) {
      case 0: return "450 4.7.1 slow down";
      case 1: return rng_.below(4) == 0 ? "421 4.7.0 come back later" : "451 4.7.1 not from you";
      case 3: return rng_.below(6) == 0 ? "451 4.7.1 rate limited, try again in 3 minutes" : "";
      case 2: return rng_.below(resets ? 2 : 8) == 0 ? "close" : "";
      case 4: return heard.verb == "RCPT" && rng_.below(3) == 0 ? "452 4.5.3 Too many recipients" : "";
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
        if (rng_.below(4) == 0) restart();
        return;
      default: return;
    }
  }
  void restart() {
    receiver_.reset();
    desk_.end();
    open();
  }
  void warm_up() {
    auto schedule = std::make_shared<warmup::Schedule>();
    schedule->plan.days = {86'400, 2 * 86'400};
    auto plans = std::make_shared<warmup::Schedules>();
    plans->by_name[{"v2", "other"}] = schedule;
    writer_ = std::move(state::Writer::open(folder_.file("state.db")).value());
    warmups_ = std::move(warmup::Desk::open({*writer_, desk_.clock, desk_.registry, desk_.events}, plans).value());
    desk_.warmups = warmups_.get();
  }
  void run(std::uint64_t seed, int rounds) {
    rng_ = Rng(seed);
    limits_.connections_start = 1 + static_cast<std::uint32_t>(rng_.below(8));
    limits_.message_rate = Rate{1000};  // stands still, as the clock does
    if (rng_.below(2) == 0) troubles_ = {.jitter = 0};
    if (rng_.below(2) == 0) warm_up();
    build();
    std::size_t sent = 0;
    for (int round = 0; round < rounds; ++round) {
      for (std::uint64_t i = rng_.below(4); i > 0; --i) {
        std::vector<std::string> addresses;
        for (std::uint64_t n = rng_.below(3) + 1; n > 0; --n)
          addresses.push_back(fmt::format("r{}@one.example", ++sent));
        desk_.send(addresses, "news");
      }
      settle_down();
      change_something();
      if (round == rounds / 2) restart();
      desk_.clock.advance(1min);
      settle_down();
    }
    kind_ = true;
    desk_.change_plan([](Plan& plan) { plan.vmtas[0].usable = plan.vmtas[1].usable = true; });
    const auto done = [&] { return desk_.dispatcher().totals().total() == 0; };
    for (int i = 0; i < 60 && !done(); ++i) {
      desk_.clock.advance(6min);
      settle_down();
    }
    EXPECT_TRUE(done());
    EXPECT_EQ(desk_.events.count(EventType::Delivered), sent);
    EXPECT_FALSE(must_wait_for_.empty());
    EXPECT_GT(asked_, sent);
  }
  // The dispatcher has looked at the clock since, and what can be done now has been done: others may wait for a
  // suspension's end or for their turn in a warm-up.
  void settle_down() {
    const int until = ticks_ + 3;
    desk_.run_until([&] { return ticks_ >= until && at_rest(); });
  }
  bool at_rest() {
    if (desk_.dispatcher().in_delivery() != 0) return false;
    for (const auto& [key, path] : desk_.dispatcher().paths()) {
      for (const auto& [site, lane] : path->lanes()) {
        if (lane->opening != 0 || lane->flushing) return false;
      }
    }
    return true;
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
  shaping::Limits limits_{.connections = 20, .messages_per_connection = 500, .recipients_per_message = 100};
  shaping::TroublePolicy troubles_{.failures = 0};
  Desk desk_;
  TempFolder folder_;
  std::unique_ptr<state::Writer> writer_;
  std::unique_ptr<warmup::Desk> warmups_;
  int ticks_ = 0;
  std::unique_ptr<ScriptedReceiver> receiver_;
  std::map<std::string, std::string> must_wait_for_;  // address → vMTA
  std::size_t asked_ = 0;
  bool kind_ = false;
};

class NeverDodgeRun : public NeverDodgeTest, public ::testing::WithParamInterface<std::uint64_t> {};

TEST_P(NeverDodgeRun, Random) {
  run(GetParam(), GetParam() <= 2 ? 24 : 12);
}
constexpr std::uint64_t kSeeds = effort(20, 4);
INSTANTIATE_TEST_SUITE_P(Seeds, NeverDodgeRun, ::testing::Range<std::uint64_t>(1, 1 + kSeeds));

TEST_F(NeverDodgeTest, LinkThatIsCutFromMailOnPins) {
  build();
  kind_ = true;
  for (const char* verb : {"MAIL", "RCPT", "DATA", "."}) {
    desk_.change_plan([](Plan& plan) { plan.pools[1].members = {{0, 1}, {1, 0}}; });
    receiver_->set_answer([verb](const Heard& heard) { return heard.verb == verb ? "close" : ""; });
    const std::size_t before = desk_.events.count(EventType::Delivered);
    desk_.send({"a@one.example"}, "news");
    desk_.run_until([&] { return desk_.events.of(EventType::Deferred).size() > before; });
    EXPECT_EQ(desk_.events.of(EventType::Deferred).back().reply.code, 0);
    receiver_->set_answer({});
    desk_.change_plan([](Plan& plan) { plan.pools[1].members = {{0, 1}, {1, 1000}}; });
    desk_.clock.advance(2min);
    desk_.run_until([&] { return desk_.events.count(EventType::Delivered) == before + 1; });
    EXPECT_EQ(desk_.events.of(EventType::Delivered).back().vmta, "v1") << verb;
  }
}

TEST_F(NeverDodgeTest, LinkThatIsCutBeforeMailDoesNotPin) {
  build();
  kind_ = true;
  desk_.change_plan([](Plan& plan) { plan.pools[1].members = {{0, 1}, {1, 0}}; });
  receiver_->set_answer([](const Heard& heard) { return heard.verb == "EHLO" ? "close" : ""; });
  desk_.send({"a@one.example"}, "news");
  desk_.run_until([&] { return desk_.events.count(EventType::Deferred) == 1; });
  receiver_->set_answer({});
  desk_.change_plan([](Plan& plan) { plan.pools[1].members = {{0, 0}, {1, 1}}; });
  desk_.clock.advance(2min);
  desk_.run_until([&] { return desk_.events.count(EventType::Delivered) == 1; });
  EXPECT_EQ(desk_.events.of(EventType::Delivered).back().vmta, "v2");
}

TEST_F(NeverDodgeTest, RecipientPutOffByTooManyStaysWhereItWasHeard) {
  build();
  kind_ = true;
  std::map<std::string, std::string> heard_by;  // RCPT of the one that is put off → the vMTA's address
  std::set<std::string> sources;
  receiver_->set_answer([&](const Heard& heard) {
    if (heard.verb != "RCPT" || heard.argument.find("<last") == std::string::npos) return "";
    const auto [at, is_first] = heard_by.emplace(heard.argument, heard.source);
    EXPECT_EQ(at->second, heard.source);
    sources.insert(heard.source);
    return is_first ? "452 4.5.3 Too many recipients" : "";
  });
  constexpr std::size_t kMailings = 20;
  constexpr std::size_t kOthers = 12;  // so that it is not alone in its transaction
  for (std::size_t i = 0; i < kMailings; ++i) {
    std::vector<std::string> addresses;
    for (std::size_t n = 0; n < kOthers; ++n) addresses.push_back(fmt::format("r{}-{}@one.example", i, n));
    addresses.push_back(fmt::format("last{}@one.example", i));
    desk_.send(addresses, "news");
  }
  desk_.run_until([&] { return desk_.events.count(EventType::Delivered) == (kOthers + 1) * kMailings; });
  EXPECT_EQ(heard_by.size(), kMailings);
  EXPECT_EQ(sources.size(), 2U) << "both have been chosen";
  EXPECT_EQ(desk_.events.count(EventType::Deferred), 0U);
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
