// SPDX-License-Identifier: Apache-2.0
#include "shaping/siblings.h"

#include <gtest/gtest.h>

#include <map>

using namespace std::chrono_literals;
using penstock::Duration;
using penstock::Time;
using namespace penstock::shaping;

namespace {

constexpr Time kStart{1'800'000'000s};

}  // namespace

TEST(Siblings, WhoIsAloneWaitsAsLongAsHeWould) {
  Siblings siblings;
  const auto me = siblings.join();
  Time now = kStart;
  for (int i = 0; i < 5; ++i) {
    const Time turn = siblings.turn(me, 80s, now);
    EXPECT_EQ(turn - now, 80s);
    now = turn;
  }
}

TEST(Siblings, TakeTurnsAfterALimitFellForAll) {
  Siblings siblings;
  std::map<std::uint32_t, Time> turns;
  for (int i = 0; i < 8; ++i) turns[siblings.join()] = kStart;
  for (const auto& [who, turn] : turns) static_cast<void>(siblings.turn(who, 80s, kStart - 2min));
  for (auto& [who, turn] : turns) turn = siblings.turn(who, 80s, kStart);
  Time before = kStart;
  for (const auto& [who, turn] : turns) {
    EXPECT_GE(turn - before, 5s) << who;
    EXPECT_LE(turn - kStart, 100s) << who;
    before = turn;
  }
  // From then on each waits as long as it would alone, more or less, and no two look at the same time.
  Time now = kStart;
  std::map<std::uint32_t, int> looks;
  Duration closest = 1h;
  for (int i = 0; i < 400; ++i) {
    const auto next =
        std::min_element(turns.begin(), turns.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
    if (i > 100) closest = std::min(closest, next->second - now);
    now = next->second;
    ++looks[next->first];
    next->second = siblings.turn(next->first, 80s, now);
  }
  EXPECT_GE(closest, 5s);
  EXPECT_NEAR(std::chrono::duration<double>(now - kStart).count() / 50, 80, 8);
  for (const auto& [who, count] : looks) EXPECT_NEAR(count, 50, 3) << who;
}

TEST(Siblings, WhoNoLongerLooksIsForgotten) {
  Siblings siblings;
  for (int i = 0; i < 7; ++i) static_cast<void>(siblings.turn(siblings.join(), 80s, kStart));
  const auto me = siblings.join();
  EXPECT_EQ(siblings.turn(me, 80s, kStart + 1h), kStart + 1h + 80s);
}

TEST(Siblings, OthersLookWhereOneFoundMore) {
  Siblings siblings;
  const auto one = siblings.join(), two = siblings.join(), three = siblings.join();
  EXPECT_FALSE(siblings.worth_a_look(two, kStart, {}, kStart + 1s)) << "no news";
  siblings.rose(one, kStart, kStart + 40s);
  const Time now = kStart + 41s;
  EXPECT_FALSE(siblings.worth_a_look(one, kStart, {}, now)) << "its own";
  EXPECT_TRUE(siblings.worth_a_look(two, kStart + 10s, {}, now));
  EXPECT_TRUE(siblings.worth_a_look(three, kStart + 20s, {}, now));
  EXPECT_FALSE(siblings.worth_a_look(two, now, {}, now + 1s)) << "it was refused since";
  EXPECT_FALSE(siblings.worth_a_look(two, kStart + 10s, kStart + 5s, now)) << "it found that rise itself";
  EXPECT_FALSE(siblings.worth_a_look(two, kStart + 10s, {}, now + 2min)) << "that is long ago";
}

TEST(Siblings, WhereOneSaysNothingOfTheOthersOnlyOneLooks) {
  Siblings siblings;
  const auto one = siblings.join(), two = siblings.join(), three = siblings.join();
  for (int i = 0; i < 5; ++i) siblings.proved(false);
  siblings.rose(one, kStart, kStart + 40s);
  EXPECT_TRUE(siblings.worth_a_look(two, kStart + 10s, {}, kStart + 41s));
  EXPECT_FALSE(siblings.worth_a_look(three, kStart + 10s, {}, kStart + 41s));
  for (int i = 0; i < 3; ++i) siblings.proved(true);
  siblings.rose(one, kStart + 50s, kStart + 90s);
  EXPECT_TRUE(siblings.worth_a_look(two, kStart + 60s, {}, kStart + 91s));
  EXPECT_TRUE(siblings.worth_a_look(three, kStart + 60s, {}, kStart + 91s)) << "it proved right again";
}
