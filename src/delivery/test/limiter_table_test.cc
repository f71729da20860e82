// SPDX-License-Identifier: Apache-2.0
#include "delivery/limiter_table.h"

#include <gtest/gtest.h>

namespace penstock::delivery {
namespace {

using namespace std::chrono_literals;

constexpr Time kStart{1'800'000'000s};
const shaping::PathKey kKey{model::NameId{1}, model::NameId{2}};

shaping::Limits ranges() {
  shaping::Limits limits;
  limits.connections = 20;
  limits.connections_start = 4;
  return limits;
}

TEST(LimiterTable, PinWaitsForItsPath) {
  LimiterTable table;
  EXPECT_FALSE(table.pin(kKey, std::nullopt, kStart));
  EXPECT_TRUE(table.pin(kKey, shaping::Pin{.connections = 2, .by = "ann"}, kStart));
  EXPECT_EQ(table.find(kKey), nullptr) << "nobody sends there yet";
  ASSERT_EQ(table.learned(0, 1).size(), 1U) << "a restart keeps it";
  EXPECT_TRUE(table.learned(0, 1)[0].pin);
  const auto limiter = table.obtain(kKey, "v1/x", ranges(), {}, nullptr, kStart);
  ASSERT_TRUE(limiter->pinned());
  EXPECT_EQ(limiter->pinned()->by, "ann");
  EXPECT_EQ(table.take_recalled(), std::vector{kKey}) << "the other shards are told to forget it";
  EXPECT_TRUE(table.take_recalled().empty());
  EXPECT_TRUE(table.pin(kKey, std::nullopt, kStart));
  EXPECT_FALSE(table.pin(kKey, std::nullopt, kStart));
}

TEST(LimiterTable, SiblingsAreForgottenWithTheirLastPath) {
  LimiterTable table;
  auto one = table.obtain(kKey, "v1/x", ranges(), {}, nullptr, kStart);
  const auto two = table.obtain({model::NameId{9}, kKey.group}, "v2/x", ranges(), {}, nullptr, kStart);
  const auto other = table.obtain({kKey.vmta, model::NameId{8}}, "v1/y", ranges(), {}, nullptr, kStart);
  EXPECT_EQ(table.families(), 2U) << "by group, whatever the vMTA";
  one.reset();
  table.drop_unused(kStart + 24h);
  EXPECT_EQ(table.families(), 2U) << "one of them is in use";
  EXPECT_EQ(table.size(), 2U);
}

TEST(LimiterTable, PinIsTakenOffBeforeAnybodyUsedIt) {
  LimiterTable table;
  EXPECT_TRUE(table.pin(kKey, shaping::Pin{.connections = 2}, kStart));
  EXPECT_TRUE(table.pin(kKey, std::nullopt, kStart));
  EXPECT_FALSE(table.obtain(kKey, "v1/x", ranges(), {}, nullptr, kStart)->pinned());
}

TEST(LimiterTable, WhatAnotherShardUsesIsForgotten) {
  LimiterTable table;
  table.remember({kKey, {}, shaping::Pin{.connections = 2}});
  table.forget(kKey);
  EXPECT_TRUE(table.learned(0, 1).empty());
}

TEST(LimiterTable, TroubleAndMessagesPerConnectionOutlastARestart) {
  LimiterTable before;
  Rng rng(1);
  const auto limiter = before.obtain(kKey, "v1/x", {}, {}, nullptr, kStart);
  EXPECT_TRUE(before.learned(0, 1).empty()) << "no ranges, no trouble: nothing to remember";
  for (int i = 0; i < 3; ++i) limiter->message_cap().ended(20, kStart);
  const model::Outcome lost{
      model::OutcomeKind::Deferred, model::Step::Connect, model::OutcomeClass::Network, {0, {}, "reset"}};
  for (int i = 0; i < 3; ++i) limiter->observe(lost, kStart, rng);
  ASSERT_EQ(limiter->state(kStart), shaping::State::Suspended);
  ASSERT_EQ(before.learned(0, 1).size(), 1U);

  LimiterTable after;
  after.remember(before.learned(0, 1)[0]);
  const auto again = after.obtain(kKey, "v1/x", {}, {}, nullptr, kStart + 1s);
  EXPECT_EQ(again->state(kStart + 1s), shaping::State::Suspended);
  EXPECT_EQ(again->explain(kStart + 1s).cause, "reset");
  EXPECT_EQ(again->explain(kStart + 1s).until, limiter->explain(kStart + 1s).until);
  EXPECT_EQ(again->told(), shaping::State::Suspended) << "the log knows";
  EXPECT_EQ(again->message_cap().allowed(kStart), 20U);

  LimiterTable cleared;
  cleared.remember(before.learned(0, 1)[0]);
  EXPECT_TRUE(cleared.clear(kKey, kStart));
  EXPECT_EQ(cleared.obtain(kKey, "v1/x", {}, {}, nullptr, kStart)->state(kStart), shaping::State::Normal);
}

TEST(LimiterTable, ClearingForgetsWhatWasLearnedAndKeepsThePin) {
  LimiterTable table;
  EXPECT_FALSE(table.clear(kKey, kStart));
  LearnedPath path{kKey, {}, shaping::Pin{.connections = 2}};
  path.state.suspended_until = kStart + 1h;
  table.remember(path);
  EXPECT_TRUE(table.clear(kKey, kStart));
  const auto limiter = table.obtain(kKey, "v1/x", ranges(), {}, nullptr, kStart);
  EXPECT_NE(limiter->state(kStart), shaping::State::Suspended);
  EXPECT_TRUE(limiter->pinned());
}

}  // namespace
}  // namespace penstock::delivery
