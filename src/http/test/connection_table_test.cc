// SPDX-License-Identifier: Apache-2.0
#include "http/connection_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

namespace penstock::http {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class ConnectionTableTest : public testing::Test {
 protected:
  std::unique_ptr<ConnectionTable::Place> enter(ConnectionTable& table, const std::string& address,
                                                const std::string& name) {
    return std::make_unique<ConnectionTable::Place>(table, address, [this, name] { closed_.push_back(name); });
  }
  std::vector<std::string> closed_;
};

TEST_F(ConnectionTableTest, LongestWaitingGivesWay) {
  ConnectionTable table({.all = 2});
  const auto a = enter(table, "192.0.2.1", "a");
  const auto b = enter(table, "192.0.2.2", "b");
  a->busy();
  EXPECT_TRUE(a->waiting());  // now b has waited longer
  const auto c = enter(table, "192.0.2.3", "c");
  EXPECT_TRUE(c->taken());
  EXPECT_THAT(closed_, ElementsAre("b"));
  EXPECT_EQ(table.size(), 3U);
}

TEST_F(ConnectionTableTest, BusyOnesDoNotGiveWay) {
  ConnectionTable table({.all = 1});
  const auto a = enter(table, "192.0.2.1", "a");
  a->busy();
  EXPECT_FALSE(enter(table, "192.0.2.2", "b")->taken());
  EXPECT_THAT(closed_, IsEmpty());
}

TEST_F(ConnectionTableTest, OneThatGaveWayWhileItsRequestCameEndsWithTheAnswer) {
  ConnectionTable table({.all = 1});
  const auto a = enter(table, "192.0.2.1", "a");
  const auto b = enter(table, "192.0.2.2", "b");
  a->busy();
  EXPECT_FALSE(a->waiting());
}

TEST_F(ConnectionTableTest, ShareOfAnAddressComesBackWithTheConnection) {
  ConnectionTable table({.all = 10, .per_address = 1});
  auto a = enter(table, "192.0.2.1", "a");
  EXPECT_FALSE(enter(table, "192.0.2.1", "b")->taken());
  EXPECT_FALSE(enter(table, "::ffff:192.0.2.1", "mapped")->taken());
  EXPECT_TRUE(enter(table, "192.0.2.2", "c")->taken());
  a.reset();
  EXPECT_TRUE(enter(table, "192.0.2.1", "d")->taken());
}

TEST_F(ConnectionTableTest, ShareOfAnAddressComesBackWhenItGivesWayOrIsTurnedAway) {
  ConnectionTable table({.all = 1, .per_address = 1});
  const auto a = enter(table, "192.0.2.1", "a");
  const auto b = enter(table, "192.0.2.2", "b");
  const auto again = enter(table, "192.0.2.1", "again");
  EXPECT_TRUE(again->taken());
  again->busy();
  EXPECT_FALSE(enter(table, "192.0.2.3", "c")->taken());
  EXPECT_TRUE(again->waiting());
  EXPECT_TRUE(enter(table, "192.0.2.3", "c")->taken());
}

TEST_F(ConnectionTableTest, NeighboursInOneSubnetShareABound) {
  ConnectionTable table({.all = 10, .per_address = 1});
  const auto a = enter(table, "2001:db8::1", "a");
  EXPECT_FALSE(enter(table, "2001:db8::ffff:2", "b")->taken());
  EXPECT_TRUE(enter(table, "2001:db8:0:1::1", "c")->taken());
}

TEST_F(ConnectionTableTest, ExemptAddressesAndUnixSocketsHaveNoShare) {
  ConnectionTable table(
      {.all = 10, .per_address = 1, .exempt = [](std::string_view address) { return address == "192.0.2.9"; }});
  for (const std::string address : {"192.0.2.9", "unix"}) {
    const auto a = enter(table, address, "a");
    EXPECT_TRUE(enter(table, address, "b")->taken()) << address;
  }
}

}  // namespace
}  // namespace penstock::http
