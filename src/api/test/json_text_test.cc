// SPDX-License-Identifier: Apache-2.0
#include "api/json_text.h"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <limits>

namespace penstock::api {
namespace {

TEST(JsonText, NumbersArePlainDecimals) {
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
  for (const auto& [number, text] : cases) EXPECT_EQ(to_text(number), text);
}

TEST(JsonText, TheRestIsAsBoostWritesIt) {
  for (const char* text :
       {R"({})", R"([])", R"([[],{},[{}]])", R"({"a":1,"b":[true,false,null,"x"],"c":{"d":18446744073709551615}})",
        R"({"\"quoted\"\n":"\u0001\\"})", R"([-1,"é"])"}) {
    EXPECT_EQ(to_text(boost::json::parse(text)), text);
  }
}

}  // namespace
}  // namespace penstock::api
