// SPDX-License-Identifier: Apache-2.0
#include "shaping/limits.h"

#include "shaping/path_key.h"

using namespace std::chrono_literals;
using penstock::Rate;
using penstock::model::NameId;
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
