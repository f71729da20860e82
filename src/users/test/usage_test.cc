// SPDX-License-Identifier: Apache-2.0
#include "users/usage.h"

#include <gtest/gtest.h>

namespace penstock::users {
namespace {

using namespace std::chrono_literals;

const Time kNoon = Time{std::chrono::sys_days{std::chrono::year{2026} / 11 / 25}} + 12h;

User somebody() {
  User user;
  user.name = "shop";
  return user;
}

TEST(Usage, ConnectionsAreHeldToTheirNumber) {
  Usage usage;
  User user = somebody();
  user.connections = 2;
  auto one = usage.connect(user);
  auto two = usage.connect(user);
  ASSERT_TRUE(one && two);
  EXPECT_FALSE(usage.connect(user));
  EXPECT_EQ(usage.connections("shop"), 2U);
  one.reset();
  EXPECT_TRUE(usage.connect(user));
  two.reset();
  EXPECT_EQ(usage.connections("shop"), 0U);
}

TEST(Usage, RateIsHeldAndTellsHowLong) {
  Usage usage;
  User user = somebody();
  user.message_rate = {2, 1s};
  EXPECT_EQ(usage.begin_message(user, kNoon), 0s);
  EXPECT_EQ(usage.begin_message(user, kNoon), 0s);
  const Duration wait = usage.begin_message(user, kNoon);
  EXPECT_GT(wait, 0s);
  EXPECT_LE(wait, 500ms);
  EXPECT_EQ(usage.begin_message(user, kNoon + wait), 0s);
}

TEST(Usage, ANewRateCountsAtOnce) {
  Usage usage;
  User user = somebody();
  user.message_rate = {1, 1h};
  EXPECT_EQ(usage.begin_message(user, kNoon), 0s);
  EXPECT_GT(usage.begin_message(user, kNoon), 0s);
  user.message_rate = {100, 1s};
  EXPECT_EQ(usage.begin_message(user, kNoon), 0s);
  user.message_rate = {};
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(usage.begin_message(user, kNoon), 0s);
}

TEST(Usage, RecipientsOfADayAreAllOrNone) {
  Usage usage;
  User user = somebody();
  user.recipients_per_day = 10;
  EXPECT_TRUE(usage.take_recipients(user, 7, kNoon));
  EXPECT_TRUE(usage.has_recipients(user, 3, kNoon));
  EXPECT_FALSE(usage.has_recipients(user, 4, kNoon));
  EXPECT_FALSE(usage.take_recipients(user, 4, kNoon));
  EXPECT_EQ(usage.recipients_today("shop", kNoon), 7U);
  EXPECT_TRUE(usage.take_recipients(user, 3, kNoon));
  EXPECT_FALSE(usage.take_recipients(user, 1, kNoon));
  usage.give_back(user, 3, kNoon);
  EXPECT_TRUE(usage.take_recipients(user, 1, kNoon));
}

TEST(Usage, TheDayEndsAtMidnightOfUtc) {
  Usage usage;
  User user = somebody();
  user.recipients_per_day = 1;
  EXPECT_TRUE(usage.take_recipients(user, 1, kNoon));
  EXPECT_FALSE(usage.take_recipients(user, 1, kNoon + 12h - 1s));
  EXPECT_TRUE(usage.take_recipients(user, 1, kNoon + 12h));
  EXPECT_EQ(usage.recipients_today("shop", kNoon), 0U);
  usage.give_back(user, 1, kNoon);  // of a day that is over: nothing
  EXPECT_EQ(usage.recipients_today("shop", kNoon + 12h), 1U);
}

TEST(Usage, ChangesAreToldOnceAndRestored) {
  Usage usage;
  User user = somebody();
  EXPECT_TRUE(usage.take_recipients(user, 5, kNoon));
  const auto changed = usage.take_changed();
  ASSERT_EQ(changed.size(), 1U);
  EXPECT_EQ(changed[0].recipients, 5U);
  EXPECT_EQ(changed[0].day, day_of(kNoon));
  EXPECT_TRUE(usage.take_changed().empty());
  Usage later;
  later.restore(changed[0]);
  EXPECT_EQ(later.recipients_today("shop", kNoon), 5U);
  EXPECT_TRUE(later.take_changed().empty());
}

TEST(Usage, OneWhoIsConnectedCanBeForgotten) {
  Usage usage;
  const User user = somebody();
  {
    auto place = usage.connect(user);
    ASSERT_TRUE(usage.take_recipients(user, 5, kNoon));
    usage.forget("shop");
    EXPECT_EQ(usage.recipients_today("shop", kNoon), 0U);
    EXPECT_EQ(usage.connections("shop"), 1U);
  }
  EXPECT_EQ(usage.connections("shop"), 0U);
  usage.forget("shop");
  usage.forget("nobody");
}

}  // namespace
}  // namespace penstock::users
