// SPDX-License-Identifier: Apache-2.0
#include "base/plain_json.h"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <limits>

namespace penstock {
namespace {

TEST(PlainJson, NumbersArePlainDecimals) {
  const struct {
    double number;
    const char* text;
  } cases[] = {{6458, "6458"},
               {812.5, "812.5"},
               {0.2, "0.2"},
               {0, "0"},
               {-3.25, "-3.25"},
               {0.00001, "0.00001"},
               {1e17, "100000000000000000"},
               {1e-20, "0"},
               {std::numeric_limits<double>::infinity(), "null"},
               {std::numeric_limits<double>::quiet_NaN(), "null"}};
  for (const auto& [number, text] : cases) EXPECT_EQ(plain_json(number), text);
}

TEST(PlainJson, TheRestIsAsBoostWritesIt) {
  for (const char* text :
       {R"({})", R"([])", R"([[],{},[{}]])", R"({"a":1,"b":[true,false,null,"x"],"c":{"d":18446744073709551615}})",
        R"({"\"quoted\"\n":"\u0001\\"})", R"([-1,"é"])"}) {
    EXPECT_EQ(plain_json(boost::json::parse(text)), text);
  }
}

TEST(PlainJson, ControlCharactersOfATerminalAreEscaped) {
  const boost::json::object object{{"a\x7f",
                                    "\x1b[2J \xc2\x9b"
                                    "31m \xc2\x80\xc2\x9f \xc2\xa0\xc3\xa9 \xe2\x82\xac"}};
  const std::string text = plain_json(object);
  EXPECT_EQ(text, "{\"a\\u007f\":\"\\u001b[2J \\u009b31m \\u0080\\u009f \xc2\xa0\xc3\xa9 \xe2\x82\xac\"}");
  EXPECT_EQ(boost::json::parse(text), boost::json::value(object));
}

TEST(PlainJson, EndsOfLinesAndDirectionsOfWritingAreEscaped) {
  const boost::json::object object{{"a\u202e", "\u2028 \u2029 \u202a \u2066 \u2069 \u2027 \u206a"}};
  const std::string text = plain_json(object);
  EXPECT_EQ(text, "{\"a\\u202e\":\"\\u2028 \\u2029 \\u202a \\u2066 \\u2069 \u2027 \u206a\"}");
  EXPECT_EQ(boost::json::parse(text), boost::json::value(object));
}

}  // namespace
}  // namespace penstock
