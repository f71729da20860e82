// SPDX-License-Identifier: Apache-2.0
// A provider that is down for a day: what waits for it stays what it is, it is asked rarely, and when it is back nobody
// storms it.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "base/test/effort.h"
#include "delivery/test/desk.h"
#include "delivery/test/scripted_receiver.h"

namespace penstock::delivery {
namespace {

using namespace std::chrono_literals;
using model::EventType;

constexpr std::size_t kMessages = 50;
constexpr std::size_t kRecipients = effort(5000, 1000);

class DayDownTest : public ::testing::Test {
 protected:
  void open() {
    desk_.dns.mx("down.example", {{10, "mx.down.example"}});
    desk_.dns.a("mx.down.example", {"127.0.0.1"});
    desk_.start();
    (*desk_.shards)[0].every(Dispatcher::kTick / 2, [this] { ++ticks_; });
    {
      const ScriptedReceiver reserved(*desk_.shards);
      port_ = reserved.port();
    }
    desk_.change_plan([&](Plan& plan) {
      plan.mx_port = port_;
      plan.timeouts.idle = 1ms;
      plan.default_limits = {.connections = 64, .recipients_per_message = 1};
      plan.trouble = {};  // as shipped
      for (Stream& stream : plan.streams) {
        stream.dsn.enabled = false;
        stream.retry.waits = queue::RetrySchedule{{15min, 1h, 4h}};
        stream.retry.jitter = 0.2;
        stream.retry.expire = 120h;
      }
    });
  }
  void send() {
    for (std::size_t message = 0; message < kMessages; ++message) {
      std::vector<std::string> addresses;
      for (std::size_t i = 0; i < kRecipients / kMessages; ++i) {
        addresses.push_back(fmt::format("r{}-{}@down.example", message, i));
      }
      desk_.send(addresses);
    }
  }
  // Everything that is due has been done.
  void settle_down() {
    const int until = ticks_ + 3;
    desk_.run_until([&] {
      return ticks_ >= until && desk_.dispatcher().in_flight() == 0 && desk_.dispatcher().in_delivery() == 0;
    });
  }
  std::uint64_t connects() { return desk_.dispatcher().parts().probe.connection_failures.value(); }
  std::size_t waiting() { return desk_.dispatcher().totals().total(); }
  const shaping::Limiter& limiter() {
    return *desk_.dispatcher().find_limiter({desk_.names.intern("v1"), desk_.names.intern("site:mx.down.example")});
  }
  // To the end of the suspension, or five minutes on while nobody asks.
  void pass() {
    const Time now = desk_.clock.now();
    const Time until = limiter().state(now) == shaping::State::Suspended ? *limiter().next_open(now) : now + 5min;
    desk_.clock.advance(until - now);
    settle_down();
  }

  Desk desk_;
  std::uint16_t port_ = 0;
  int ticks_ = 0;
};

TEST_F(DayDownTest, CostsLittleAndRecoversWithoutAStampede) {
  open();
  send();
  settle_down();
  ASSERT_EQ(waiting(), kRecipients);
  const std::uint64_t first = connects();  // those that were being opened when it went down, which is one failure
  EXPECT_LE(first, 64U + shaping::TroublePolicy{}.failures - 1);
  const Time down = desk_.clock.now();
  while (desk_.clock.now() - down < 24h) {
    pass();
    ASSERT_EQ(waiting(), kRecipients) << "nobody is lost, and nothing is added";
    ASSERT_LE(desk_.dispatcher().paths().size(), 1U);
    ASSERT_TRUE(desk_.dispatcher().in_delivery() == 0 && desk_.dispatcher().in_flight() == 0);
  }
  const shaping::TroublePolicy policy;
  const double shortest = static_cast<double>(policy.longest.count()) * (1 - policy.jitter);
  const double probes = static_cast<double>(Duration{24h}.count()) / shortest;
  EXPECT_LE(static_cast<double>(connects() - first), probes + 10) << "and some while the waits were still short";
  EXPECT_GE(connects() - first, 40U) << "it is asked all the time";
  const auto told = desk_.events.count(EventType::Action);
  EXPECT_EQ(told, 1U) << "one suspension, however many probes";

  // It is back. Connections are counted as they come in: one, then with each that was served two more at a time.
  ScriptedReceiver receiver(*desk_.shards, fmt::format("127.0.0.1:{}", port_));
  std::uint32_t greeted = 0;
  receiver.set_answer([&](const Heard& heard) {
    if (heard.verb == "BANNER") {
      EXPECT_LE(receiver.total() - greeted, std::max(1U, 2 * greeted)) << "greeted " << greeted;
    } else if (heard.verb == "EHLO") {
      ++greeted;
    }
    return std::string();
  });
  const Time back = desk_.clock.now();
  pass();  // the suspension that is in force is kept
  EXPECT_LE(desk_.clock.now() - back, policy.longest);
  std::map<std::int64_t, std::size_t> taken;  // by five minutes
  std::size_t before = 0;
  while (waiting() > 0 && desk_.clock.now() - back < 24h) {
    pass();
    taken[(desk_.clock.now() - back) / 5min] += receiver.mails().size() - before;
    before = receiver.mails().size();
  }
  EXPECT_EQ(receiver.mails().size(), kRecipients);
  EXPECT_LT(desk_.clock.now() - back, 5h) << "nobody waits longer than one more retry";
  std::size_t most = 0;
  for (const auto& [when, count] : taken) most = std::max(most, count);
  EXPECT_LE(most, kRecipients / 4) << "retries are spread";
  EXPECT_GE(taken.size(), 8U);
  EXPECT_EQ(desk_.events.count(EventType::Action), told + 1) << "and it is told that it has ended";
}

}  // namespace
}  // namespace penstock::delivery
