// SPDX-License-Identifier: Apache-2.0
#include "shaping/limits.h"

#include <gtest/gtest.h>

#include "shaping/path_key.h"

using namespace std::chrono_literals;
using penstock::Rate;
using penstock::model::NameId;
using penstock::shaping::filled;
using penstock::shaping::Limits;
using penstock::shaping::PathKey;
using penstock::shaping::stricter;

TEST(Limits, StricterTakesTheSmallerOfEachField) {
  const Limits a{.connections = 10, .message_rate = {600, 1min}, .recipients_per_message = 50};
  const Limits b{.connections = 4, .messages_per_connection = 20, .message_rate = {11, 1s}};
  const Limits both = stricter(a, b);
  EXPECT_EQ(both.connections, 4U);
  EXPECT_EQ(both.messages_per_connection, 20U);
  EXPECT_EQ(both.message_rate, (Rate{600, 1min}));
  EXPECT_EQ(both.recipients_per_message, 50U);
  EXPECT_EQ(both.connection_rate, Rate{});
  EXPECT_EQ(both, stricter(b, a));
}

TEST(PathKey, PartsAreNotInterchangeable) {
  const PathKey a{NameId{1}, NameId{2}};
  const PathKey b{NameId{2}, NameId{1}};
  EXPECT_NE(a, b);
  EXPECT_NE(std::hash<PathKey>{}(a), std::hash<PathKey>{}(b));
}

TEST(Limits, FilledTakesWhatIsLeftOpenAndBringsTheRangeDown) {
  const Limits wide{.connections = 20, .messages_per_connection = 50, .connections_floor = 4, .connections_start = 10};
  const Limits narrow{.connections = 3, .byte_rate = {1e6, 1s}};
  const Limits all = filled(narrow, wide);
  EXPECT_EQ(all.connections, 3U);
  EXPECT_EQ(all.connections_floor, 3U);
  EXPECT_EQ(all.connections_start, 3U);
  EXPECT_EQ(all.messages_per_connection, 50U);
  EXPECT_EQ(all.byte_rate.count, 1e6);
  EXPECT_EQ(filled({}, wide), wide);
}

TEST(Limits, FilledComparesRatesOfDifferentSpans) {
  const Limits wide{.message_rate_floor = {6, 60s}, .message_rate_start = {5, 1s}};
  const Limits all = filled({.message_rate = {60, 60s}}, wide);
  EXPECT_EQ(all.message_rate_start, all.message_rate);
  EXPECT_EQ(all.message_rate_floor, wide.message_rate_floor);
}

TEST(Limits, FilledBringsDownTheRangeOfMessagesPerConnection) {
  const Limits wide{
      .messages_per_connection = 500, .messages_per_connection_floor = 10, .messages_per_connection_start = 50};
  const Limits all = filled({.messages_per_connection = 20}, wide);
  EXPECT_EQ(all.messages_per_connection_start, 20U);
  EXPECT_EQ(all.messages_per_connection_floor, 10U);
}
