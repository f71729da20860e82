// SPDX-License-Identifier: Apache-2.0
// What the lines of a log tell of recipients that reports are about.
#include "app/sent_lookup.h"

#include <gtest/gtest.h>

namespace penstock::app {
namespace {

const model::MessageId kFirst{std::uint64_t{1'800'000'000'000'000} << 8};
const model::MessageId kSecond{kFirst.value + 1};

// Newest first, as the log is walked.
std::string line(model::MessageId message, int index, const std::string& recipient, const std::string& more) {
  return R"({"time":"2027-01-15T08:00:00.000000Z","type":"delivered","node":"n","id":")" + model::format_id(message) +
         R"(","rcpt_index":)" + std::to_string(index) + R"(,"recipient":")" + recipient + "\"" + more + "}";
}

TEST(SentLookup, LaterEventsCountAndEarlierOnesFillUp) {
  const std::vector<model::RecipientId> wanted{{kFirst, 1}, {kSecond, 0}};
  SentLookup lookup(wanted);
  EXPECT_EQ(lookup.messages().size(), 2U);
  EXPECT_LT(lookup.since(), feedback::made_at(kFirst));
  lookup.take(
      line(kFirst, 1, "b@x.test",
           R"(,"vmta":"v2","pool":"main","provider":"x","route":"mx","site":"mx.x.test","source":"192.0.2.7")"));
  lookup.take(line(kFirst, 0, "a@x.test", R"(,"vmta":"v3")"));
  lookup.take(line(kFirst, 1, "b@x.test",
                   R"(,"sender":"s@y.test","stream":"news","campaign":"may","list":"weekly","vmta":"v1")"));
  lookup.take("no line of the log");
  const auto found = lookup.found();
  ASSERT_EQ(found.size(), 2U);
  ASSERT_TRUE(found[0]);
  EXPECT_EQ(found[0]->address, "b@x.test");
  EXPECT_EQ(found[0]->vmta, "v2");
  EXPECT_EQ(found[0]->route, "mx");
  EXPECT_EQ(found[0]->site, "mx.x.test");
  EXPECT_EQ(found[0]->source_address, "192.0.2.7");
  EXPECT_EQ(found[0]->pool, "main");
  EXPECT_EQ(found[0]->sender, "s@y.test");
  EXPECT_EQ(found[0]->campaign, "may");
  EXPECT_EQ(found[0]->list, "weekly");
  EXPECT_FALSE(found[1]) << "the log knows nothing of it";
}

}  // namespace
}  // namespace penstock::app
