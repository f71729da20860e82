// SPDX-License-Identifier: Apache-2.0
#include "delivery/connection_room.h"

#include <gtest/gtest.h>

#include <cerrno>

#include "delivery/own_shortage.h"

namespace penstock::delivery {
namespace {

TEST(ConnectionRoom, GivesNoMoreThanItHas) {
  ConnectionRoom room(1);
  room.set_max(2);
  auto first = room.take(0);
  const auto second = room.take(0);
  EXPECT_TRUE(first && second);
  EXPECT_FALSE(room.take(0));
  first.reset();
  EXPECT_TRUE(room.take(0));
  EXPECT_EQ(room.open(), 1U);
}

TEST(ConnectionRoom, LessRoomWaitsForThoseWhoHaveSome) {
  ConnectionRoom room(1);
  room.set_max(3);
  std::vector<ConnectionRoom::Place> places;
  for (int i = 0; i < 3; ++i) places.push_back(*room.take(0));
  room.set_max(1);
  places.pop_back();
  EXPECT_FALSE(room.take(0));
  places.clear();
  EXPECT_TRUE(room.take(0));
}

TEST(ConnectionRoom, ShardThatHasItsShareLeavesTheRestToOneThatWaits) {
  ConnectionRoom room(2);
  room.set_max(4);
  std::vector<ConnectionRoom::Place> first;
  for (int i = 0; i < 4; ++i) first.push_back(*room.take(0));
  EXPECT_FALSE(room.take(1));
  room.set_waiting(1, true);
  EXPECT_TRUE(room.someone_waits());
  first.pop_back();
  EXPECT_FALSE(room.has_place(0));
  EXPECT_FALSE(room.take(0));
  const auto second = room.take(1);
  EXPECT_TRUE(second);
  room.set_waiting(1, false);
  first.pop_back();
  EXPECT_TRUE(room.take(0));
}

TEST(OwnShortage, IsTheSystemsNotTheReceivers) {
  const auto code = [](int number) { return std::error_code(number, std::system_category()); };
  for (const int ours : {EMFILE, ENFILE, ENOBUFS, ENOMEM, EADDRINUSE}) EXPECT_TRUE(is_own_shortage(code(ours))) << ours;
  for (const int theirs : {ECONNREFUSED, ETIMEDOUT, EHOSTUNREACH, ENETUNREACH, ECONNRESET, EAGAIN, EADDRNOTAVAIL}) {
    EXPECT_FALSE(is_own_shortage(code(theirs))) << theirs;
  }
}

TEST(OwnShortage, IsLoggedOnceAMinute) {
  OwnShortage shortage;
  const Time start{std::chrono::hours{1}};
  EXPECT_TRUE(shortage.note("no files", start));
  EXPECT_FALSE(shortage.note("no files", start + std::chrono::seconds{59}));
  EXPECT_FALSE(shortage.note("no ports", start + std::chrono::seconds{100}));
  EXPECT_EQ(shortage.state().words, "no ports");
  EXPECT_EQ(shortage.state().since, start);
  EXPECT_EQ(shortage.state().count, 3U);
  EXPECT_TRUE(shortage.note("no files", start + std::chrono::seconds{200}));
  EXPECT_EQ(shortage.state().since, start + std::chrono::seconds{200});
}

}  // namespace
}  // namespace penstock::delivery
