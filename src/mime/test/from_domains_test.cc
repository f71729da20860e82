// SPDX-License-Identifier: Apache-2.0
#include "mime/from_domains.h"

#include <gmock/gmock.h>

namespace penstock::mime {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(FromDomains, EveryAddressCounts) {
  const auto of = [](const std::string& value) {
    return from_domains("From: " + value + "\r\n\r\nbody a@b.example\r\n");
  };
  EXPECT_THAT(of("a@Shop.Example"), ElementsAre("shop.example"));
  EXPECT_THAT(of("Shop <a@shop.example>"), ElementsAre("shop.example"));
  EXPECT_THAT(of("a@shop.example, Evil <b@evil.example>"), ElementsAre("shop.example", "evil.example"));
  EXPECT_THAT(of("\"ceo@bank.example\" <a@shop.example>"), ElementsAre("shop.example"));
  EXPECT_THAT(of("a@shop.example (b@evil.example)"), ElementsAre("shop.example"));
  EXPECT_THAT(of("\"a\\\"@x.example\" <a@shop.example>"), ElementsAre("shop.example"));
  EXPECT_THAT(of("group: a@one.example, b@two.example;"), ElementsAre("one.example", "two.example"));
  EXPECT_THAT(of("a@b.example@c.example"), ElementsAre("b.example", "c.example"));
  EXPECT_THAT(of("<\r\n a@shop.example>"), ElementsAre("shop.example"));
  EXPECT_THAT(of("a@"), ElementsAre(""));
  EXPECT_THAT(of("a@ (b) evil.example"), ElementsAre(""));
  EXPECT_THAT(of("root"), IsEmpty());
  EXPECT_THAT(of(""), IsEmpty());
}

TEST(FromDomains, EveryFieldCounts) {
  EXPECT_THAT(from_domains("From: a@one.example\r\nSubject: x@y.example\r\nFROM: b@two.example\r\n\r\n"),
              ElementsAre("one.example", "two.example"));
  EXPECT_THAT(from_domains("Subject: x\r\n\r\nFrom: a@b.example\r\n"), IsEmpty());
  EXPECT_THAT(from_domains(""), IsEmpty());
}

}  // namespace
}  // namespace penstock::mime
