// SPDX-License-Identifier: Apache-2.0
// Limits on tuples through the engine: kept in total, whatever they are about; others go on meanwhile.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <utility>

#include "delivery/scan.h"
#include "delivery/test/desk.h"
#include "delivery/test/scripted_receiver.h"

namespace penstock::delivery {
namespace {

using namespace std::chrono_literals;
using model::EventType;
using queue::Whereabouts;
using shaping::Dimension;
using shaping::Dimensions;
using shaping::LimitRule;

class LimitsTest : public ::testing::Test {
 protected:
  LimitsTest() {
    desk_.dns.mx("one.example", {{10, "mx1.one.example"}, {20, "mx2.one.example"}});
    desk_.dns.a("mx1.one.example", {"127.0.0.1"});
    desk_.dns.a("mx2.one.example", {"127.0.0.4"});
    desk_.start();
    receiver_ = std::make_unique<ScriptedReceiver>(*desk_.shards, "0.0.0.0:0");
    desk_.change_plan([&](Plan& plan) { plan.mx_port = receiver_->port(); });
  }
  void limit(LimitRule rule) {
    desk_.change_plan([&](Plan& plan) {
      plan.limit_rules = std::make_shared<const std::vector<LimitRule>>(std::vector<LimitRule>{std::move(rule)});
    });
  }
  void send(int messages, const std::string& tenant, const std::string& sender = "news@shop.example") {
    for (int i = 0; i < messages; ++i) {
      model::Envelope envelope = desk_.envelope({"r" + std::to_string(++sent_) + "@one.example"});
      envelope.labels.tenant = tenant;
      envelope.sender = sender;
      desk_.admit(desk_.store(std::move(envelope)));
    }
  }
  void wait_for_delivered(std::size_t count) {
    desk_.run_until([&] { return desk_.events.count(EventType::Delivered) >= count; });
    for (int i = 0; i < 20; ++i) desk_.poll();
    EXPECT_EQ(desk_.events.count(EventType::Delivered), count);
  }
  model::NameId name(const char* text) { return desk_.names.intern(text); }

  Desk desk_;
  std::unique_ptr<ScriptedReceiver> receiver_;
  int sent_ = 0;
};

TEST_F(LimitsTest, TenantsRateIsKeptAndOthersGoOn) {
  limit({.name = "tenant", .match = {}, .per = Dimensions{Dimension::Tenant}, .limits = {.message_rate = Rate{3}}});
  send(10, "acme");
  send(2, "other");
  wait_for_delivered(5);
  EXPECT_EQ(desk_.count(Whereabouts::Active), 7U) << "who waits for a permit is ready";
  std::size_t seen = 0;
  const auto scan = desk_.dispatcher().begin_scan();
  while (desk_.dispatcher().scan_slice(*scan, 1000, [&](const queue::QueuedRecipient&, const auto&) {
    ++seen;
    return queue::Visit::Keep;
  })) {
  }
  EXPECT_EQ(seen, 7U);
  desk_.clock.advance(1s);
  wait_for_delivered(8);
  desk_.clock.advance(1s);
  wait_for_delivered(11);
  desk_.clock.advance(1s);
  wait_for_delivered(12);
  EXPECT_EQ(desk_.dispatcher().totals().total(), 0U);
}

TEST_F(LimitsTest, UrgentMailPassesThoseWhoWaitForTheLimit) {
  limit({.name = "all", .match = {}, .per = {}, .limits = {.message_rate = Rate{3}}});
  send(40, "acme");
  wait_for_delivered(3);
  desk_.change_plan([&](Plan& plan) {
    for (const auto& [stream, priority] :
         {std::pair{"letters", queue::Priority::Bulk}, std::pair{"resets", queue::Priority::Urgent}}) {
      plan.stream_by_name[name(stream).value] = static_cast<std::uint32_t>(plan.streams.size());
      plan.streams.push_back(plan.streams.front());
      plan.streams.back().name = stream;
      plan.streams.back().priority = priority;
    }
  });
  for (const char* recipient : {"l1@one.example", "l2@one.example"}) desk_.send({recipient}, "letters");
  for (int i = 0; i < 20; ++i) desk_.poll();
  for (const char* recipient : {"u1@one.example", "u2@one.example"}) desk_.send({recipient}, "resets");
  for (int i = 0; i < 20; ++i) desk_.poll();
  const auto place_of = [&](const std::string& recipient) {
    const auto delivered = desk_.events.of(EventType::Delivered);
    return std::find_if(delivered.begin(), delivered.end(),
                        [&](const auto& one) { return one.recipient == recipient; }) -
           delivered.begin();
  };
  for (std::size_t i = 0; i < 14; ++i) {
    desk_.clock.advance(1s);
    desk_.run_until([&] { return desk_.events.count(EventType::Delivered) >= std::min<std::size_t>(44, 6 + 3 * i); });
  }
  EXPECT_LT(place_of("u1@one.example"), 9);
  EXPECT_LT(place_of("u2@one.example"), 9);
  EXPECT_GT(place_of("l2@one.example"), 16) << "bulk has one turn in nine …";
  EXPECT_LT(place_of("l2@one.example"), 36) << "… and does not wait for all others";
  EXPECT_EQ(desk_.events.count(EventType::Delivered), 44U);
}

TEST_F(LimitsTest, SenderDomainsMessagesAreCounted) {
  limit({.name = "domain",
         .match = {},
         .per = Dimensions{Dimension::SenderDomain},
         .limits = {.transaction_rate = Rate{2}}});
  send(4, "", "a@Slow.Example");
  send(2, "", "a@other.example");
  wait_for_delivered(4);
  desk_.clock.advance(1s);
  wait_for_delivered(6);
}

TEST_F(LimitsTest, ConnectionsThatCarryATenantsMailAreBounded) {
  limit({.name = "tenant", .match = {}, .per = Dimensions{Dimension::Tenant}, .limits = {.connections = 2}});
  receiver_->hold();
  send(8, "acme");
  desk_.run_until([&] { return receiver_->waiting() == 2; });
  for (int i = 0; i < 20; ++i) desk_.poll();
  EXPECT_EQ(receiver_->waiting(), 2U);
  send(3, "other");
  desk_.run_until([&] { return receiver_->waiting() == 4; });
  receiver_->release();
  wait_for_delivered(11);
  EXPECT_EQ(desk_.engine->limits().all().size(), 2U);
  for (const auto& one : desk_.engine->limits().all()) EXPECT_EQ(one->view().connections, 0U) << one->scope();
}

TEST_F(LimitsTest, ProvidersConnectionsAreSharedByVmtasAndWokenWhenOneEnds) {
  limit({.name = "receiver", .match = {}, .per = Dimensions{Dimension::Provider}, .limits = {.connections = 1}});
  desk_.change_plan([](Plan& plan) { plan.timeouts.idle = 1ms; });
  receiver_->hold();
  desk_.send({"a@one.example"});
  desk_.run_until([&] { return receiver_->waiting() == 1; });
  for (int i = 0; i < 6; ++i) desk_.send({"b@one.example"}, "news");
  for (int i = 0; i < 20; ++i) desk_.poll();
  EXPECT_EQ(receiver_->open(), 1U);
  receiver_->release();
  for (int i = 0; i < 400 && desk_.events.count(EventType::Delivered) < 7; ++i) {
    desk_.clock.advance(100ms);
    (*desk_.shards)[0].io().run_one_for(10ms);
    desk_.poll();
  }
  EXPECT_EQ(desk_.events.count(EventType::Delivered), 7U);
  EXPECT_EQ(receiver_->most(), 1U);
}

TEST_F(LimitsTest, FullHostIsPassedOverForTheNext) {
  limit({.name = "host", .match = {}, .per = Dimensions{Dimension::MxHost}, .limits = {.connections = 1}});
  receiver_->hold();
  send(3, "");
  desk_.run_until([&] { return receiver_->waiting() == 2; });
  for (int i = 0; i < 20; ++i) desk_.poll();
  EXPECT_EQ(receiver_->open(), 2U) << "one to each host, and none too many";
  receiver_->release();
  wait_for_delivered(3);
  std::set<std::string> hosts;
  for (const Recorded& delivered : desk_.events.of(EventType::Delivered)) hosts.insert(delivered.peer_host);
  EXPECT_EQ(hosts, (std::set<std::string>{"mx1.one.example", "mx2.one.example"}));
  EXPECT_EQ(desk_.events.count(EventType::Deferred), 0U);
}

TEST_F(LimitsTest, FindingAllHostsFullCostsNoConnection) {
  desk_.change_plan([](Plan& plan) { plan.default_limits.connection_rate = Rate{3}; });
  limit({.name = "host", .match = {}, .per = Dimensions{Dimension::MxHost}, .limits = {.connections = 1}});
  receiver_->hold();
  send(3, "");
  desk_.run_until([&] { return receiver_->waiting() == 2; });
  for (int i = 0; i < 20; ++i) desk_.poll();
  ASSERT_EQ(desk_.dispatcher().paths().size(), 1U);
  const auto& path = desk_.dispatcher().paths().begin()->second;
  EXPECT_EQ(path->limiter().next_open(desk_.clock.now()), desk_.clock.now()) << "two of three were opened";
  receiver_->release();
  wait_for_delivered(3);
}

TEST_F(LimitsTest, RatesOfATransactionThatThePathHeldBackComeBack) {
  desk_.change_plan([](Plan& plan) { plan.default_limits.message_rate = {1, 10min}; });
  limit({.name = "tenant", .match = {}, .per = Dimensions{Dimension::Tenant}, .limits = {.message_rate = {1, 1h}}});
  send(1, "other");
  wait_for_delivered(1);
  send(1, "acme");
  for (int i = 0; i < 20; ++i) desk_.poll();
  EXPECT_EQ(receiver_->total(), 1U) << "no connection is opened that would have to wait for minutes";
  desk_.clock.advance(10min);
  wait_for_delivered(2);
}

TEST_F(LimitsTest, ReloadLetsGoWhoWaited) {
  limit({.name = "tenant", .match = {}, .per = Dimensions{Dimension::Tenant}, .limits = {.message_rate = {1, 24h}}});
  send(5, "acme");
  wait_for_delivered(1);
  desk_.change_plan([](Plan& plan) { plan.limit_rules = nullptr; });
  wait_for_delivered(5);
}

TEST_F(LimitsTest, WhoWaitsForALimitStillExpires) {
  desk_.change_plan([](Plan& plan) { plan.streams[0].dsn.enabled = false; });
  limit({.name = "tenant", .match = {}, .per = Dimensions{Dimension::Tenant}, .limits = {.message_rate = {1, 100h}}});
  send(3, "acme");
  wait_for_delivered(1);
  desk_.clock.advance(25h);
  desk_.run_until([&] { return desk_.events.count(EventType::Expired) == 2; });
  EXPECT_EQ(desk_.dispatcher().totals().total(), 0U);
}

TEST_F(LimitsTest, MessagesPerConnectionOfAVmta) {
  limit({.name = "v1",
         .match =
             [&] {
               shaping::LimitKey key;
               key[Dimension::Vmta] = name("v1");
               return key;
             }(),
         .per = {},
         .limits = {.connections = 1, .messages_per_connection = 2}});
  send(4, "");
  for (int i = 0; i < 400 && desk_.events.count(EventType::Delivered) < 4; ++i) {
    desk_.clock.advance(100ms);
    (*desk_.shards)[0].io().run_one_for(10ms);
    desk_.poll();
  }
  EXPECT_EQ(desk_.events.count(EventType::Delivered), 4U);
  EXPECT_EQ(receiver_->total(), 2U);
}

}  // namespace
}  // namespace penstock::delivery
