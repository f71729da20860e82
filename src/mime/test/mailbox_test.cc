// SPDX-License-Identifier: Apache-2.0
#include "mime/mailbox.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace penstock::mime {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<std::string> domains_of(std::string_view value) {
  std::vector<std::string> domains;
  for (std::string_view domain = take_mailbox_domain(value); !domain.empty(); domain = take_mailbox_domain(value)) {
    domains.emplace_back(domain);
  }
  return domains;
}

TEST(MailboxDomain, EachMailboxHasOne) {
  EXPECT_THAT(domains_of(" a@one.example"), ElementsAre("one.example"));
  EXPECT_THAT(domains_of("Ann <a@One.Example>, b@two.example (home)\r\n"), ElementsAre("One.Example", "two.example"));
  EXPECT_THAT(domains_of("team: a@one.example, <b@two.example>;"), ElementsAre("one.example", "two.example"));
}

TEST(MailboxDomain, QuotedStringsAndCommentsAreNone) {
  EXPECT_THAT(domains_of("\"x@y.example\" <a@one.example>"), ElementsAre("one.example"));
  EXPECT_THAT(domains_of("\"x\\\"@y.example\" <a@one.example>"), ElementsAre("one.example"));
  EXPECT_THAT(domains_of("(see x@y.example (or z@y.example)) a@one.example"), ElementsAre("one.example"));
}

TEST(MailboxDomain, NothingIsFoundInNothing) {
  EXPECT_THAT(domains_of(""), IsEmpty());
  EXPECT_THAT(domains_of("undisclosed recipients:;"), IsEmpty());
  EXPECT_THAT(domains_of("a@"), IsEmpty());
  EXPECT_THAT(domains_of("a@@b.example"), ElementsAre("b.example"));
  EXPECT_THAT(domains_of("\"open a@b.example"), IsEmpty());
}

}  // namespace
}  // namespace penstock::mime
