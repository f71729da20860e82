// SPDX-License-Identifier: Apache-2.0
// Connections of the node in all, and what it is short of itself, over loopback connections.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include "delivery/test/two_domains.h"

namespace penstock::delivery {
namespace {

using model::EventType;
using ::testing::HasSubstr;

class ConnectionsTest : public TwoDomains {};

TEST_F(ConnectionsTest, ConnectionLimitHolds) {
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

// The paths take turns: each gets one connection when its turn comes, and gives it up after a number of messages.
TEST_F(ConnectionsTest, ConnectionsInAllAreBounded) {
  desk_.change_plan([](Plan& plan) { plan.connections_max = 2; });
  receiver_->hold();
  send_many(30, "one.example");
  desk_.run_until([&] { return receiver_->waiting() == 2; });
  send_many(30, "two.example");
  desk_.poll();
  EXPECT_EQ(receiver_->open(), 2U);
  EXPECT_TRUE(desk_.engine->room().someone_waits());
  receiver_->release();
  wait_for(EventType::Delivered, 60);
  EXPECT_EQ(receiver_->most(), 2U);
  const std::size_t kept = receiver_->open();
  desk_.run_until([&] { return !desk_.engine->room().someone_waits(); });
  EXPECT_EQ(receiver_->open(), kept);  // nobody needs their room
}

TEST_F(ConnectionsTest, KeptConnectionMakesRoomForMailThatWaits) {
  desk_.change_plan([](Plan& plan) { plan.connections_max = 1; });
  desk_.send({"a@one.example"});
  wait_for(EventType::Delivered, 1);
  desk_.send({"b@two.example"});  // another path; the first one's connection is kept for a minute
  desk_.run_until([&] { return desk_.engine->room().someone_waits(); });
  wait_for(EventType::Delivered, 2);
  EXPECT_EQ(receiver_->most(), 1U);
}

TEST_F(ConnectionsTest, MoreRoomIsUsedAtOnce) {
  desk_.change_plan([](Plan& plan) { plan.connections_max = 1; });
  receiver_->hold();
  send_many(30);
  desk_.run_until([&] { return receiver_->waiting() == 1; });
  desk_.change_plan([](Plan& plan) { plan.connections_max = 0; });
  desk_.run_until([&] { return receiver_->waiting() > 5; });
  receiver_->release();
  wait_for(EventType::Delivered, 30);
}

// Descriptors that our own process lacks are no receiver's fault.
// UBSan needs descriptors for its own checks.
#ifndef PENSTOCK_SANITIZED
TEST_F(ConnectionsTest, ShortageOfOurOwnCostsNoAttemptAndNoPath) {
  rlimit before{};
  ::getrlimit(RLIMIT_NOFILE, &before);
  const int next = ::dup(0);  // the lowest that is free
  ::close(next);
  rlimit none = before;
  none.rlim_cur = static_cast<rlim_t>(next);
  ::setrlimit(RLIMIT_NOFILE, &none);
  send_many(5);
  desk_.run_until([&] { return desk_.engine->shortage().state().count > 0; });
  ::setrlimit(RLIMIT_NOFILE, &before);
  EXPECT_EQ(desk_.events.count(EventType::Deferred), 0U);
  EXPECT_THAT(desk_.engine->shortage().state().words, HasSubstr("Too many open files"));
  EXPECT_EQ(desk_.dispatcher().paths().begin()->second->limiter().state(desk_.clock.now()), shaping::State::Normal);
  let_pass(Dispatcher::kShortFor);
  wait_for(EventType::Delivered, 5);
}
#endif

}  // namespace
}  // namespace penstock::delivery
