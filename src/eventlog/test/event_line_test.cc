// SPDX-License-Identifier: Apache-2.0
#include "eventlog/event_line.h"

#include <gtest/gtest.h>

namespace penstock::eventlog {
namespace {

TEST(EventLine, FindsMembersInAnyOrderAndSkipsUnknownOnes) {
  EventLine event;
  ASSERT_TRUE(event.parse(
      R"({"size":12,"new_one":"x","type":"bounced","other":true,"recipient":"a\"b@c","time":"x","gone":null})"));
  std::string scratch;
  EXPECT_EQ(event.number(Field::Size), 12U);
  EXPECT_EQ(event.raw(Field::Type), "bounced");
  EXPECT_EQ(event.raw(Field::Recipient), "a\\\"b@c");
  EXPECT_EQ(event.text(Field::Recipient, scratch), "a\"b@c");
  EXPECT_FALSE(event.time(Field::Time).has_value());
  EXPECT_FALSE(event.has(Field::Sender));
  EXPECT_EQ(event.number(Field::Type), 0U);
}

TEST(EventLine, EmptyStringIsThereAndEmpty) {
  EventLine event;
  ASSERT_TRUE(event.parse(R"({"sender":""})"));
  EXPECT_TRUE(event.has(Field::Sender));
  EXPECT_EQ(event.raw(Field::Sender), "");
}

TEST(EventLine, ForgetsTheLineBefore) {
  EventLine event;
  ASSERT_TRUE(event.parse(R"({"type":"bounced"})"));
  ASSERT_TRUE(event.parse(R"({})"));
  EXPECT_FALSE(event.has(Field::Type));
}

TEST(EventLine, WhatIsNoFlatObjectIsRefused) {
  EventLine event;
  for (const std::string_view bad : {"",
                                     "{",
                                     "}",
                                     "[]",
                                     "null",
                                     R"({"a"})",
                                     R"({"a":})",
                                     R"({"a":1)",
                                     R"({"a":1,})",
                                     R"({"a":1 })",
                                     R"({"a":{}})",
                                     R"({"a":[1]})",
                                     R"({"a":"x)",
                                     R"({"a":"x})",
                                     R"({"a":"x\"})",
                                     R"({a:1})",
                                     R"({"a":1"b":2})",
                                     R"(,{"a":1})",
                                     "{\"a\":\"tab\there\"}",
                                     R"({"a":"b"}x)",
                                     R"({"type":"delivered","reci)"}) {
    EXPECT_FALSE(event.parse(bad)) << bad;
  }
}

TEST(EventLine, TimeOfLineNeedsTheLinesOwnStart) {
  EXPECT_EQ(time_of_line(R"({"time":"1970-01-01T00:00:01.000002Z","type":"x"})"),
            Time{std::chrono::microseconds{1'000'002}});
  for (const std::string_view bad :
       {"", R"({"time":"1970-01-01T00:00:01Z"})", R"({"type":"x","time":"1970-01-01T00:00:01.000002Z"})",
        R"({"time":"1970-02-30T00:00:01.000002Z"})", R"({"time":"1970-01-01T24:00:01.000002Z"})",
        R"({"time":"1970-01-01 00:00:01.000002Z"})", R"({"time":"1970-01-01T00:00:01.00000)"}) {
    EXPECT_FALSE(time_of_line(bad).has_value()) << bad;
  }
}

TEST(EventLine, TakeLineCutsOneAfterTheOther) {
  std::string_view lines = "a\n\nb";
  EXPECT_EQ(take_line(lines), "a");
  EXPECT_EQ(take_line(lines), "");
  EXPECT_EQ(take_line(lines), "b");
  EXPECT_TRUE(lines.empty());
}

}  // namespace
}  // namespace penstock::eventlog
