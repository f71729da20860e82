// SPDX-License-Identifier: Apache-2.0
#include "http/target.h"

#include <gtest/gtest.h>

#include "http/message.h"

namespace penstock::http {
namespace {

TEST(Target, PathAndQueryAreTakenApartAndDecoded) {
  const auto target = parse_target("/v1/messages/a%2Fb?address=a%2Bb%40c.example&reason=two+words&flag&&limit=5");
  ASSERT_TRUE(target);
  EXPECT_EQ(target->path, "/v1/messages/a%2Fb");
  EXPECT_EQ(target->segments, (std::vector<std::string>{"v1", "messages", "a/b"}));
  const std::vector<std::pair<std::string, std::string>> expected{
      {"address", "a+b@c.example"}, {"reason", "two words"}, {"flag", ""}, {"limit", "5"}};
  EXPECT_EQ(target->query, expected);
}

TEST(Target, BadOnesAreRefused) {
  for (const char* bad : {"", "v1", "*", "http://x/", "/%", "/%4", "/%zz", "/a?b=%1", "/a?%=1"}) {
    EXPECT_FALSE(parse_target(bad)) << bad;
  }
}

TEST(Target, EncodedTextDecodesToItself) {
  std::string every_byte;
  for (int c = 0; c < 256; ++c) every_byte += static_cast<char>(c);
  const auto target = parse_target("/x?k=" + encode(every_byte));
  ASSERT_TRUE(target);
  EXPECT_EQ(target->query[0].second, every_byte);
}

TEST(Fields, NamesCompareWithoutCaseAndTheFirstWins) {
  Fields fields;
  fields.add("X-One", "1");
  fields.add("x-one", "2");
  EXPECT_EQ(fields.find("X-ONE"), "1");
  EXPECT_EQ(fields.find("absent"), "");
  EXPECT_EQ(fields.all().size(), 2U);
}

}  // namespace
}  // namespace penstock::http
