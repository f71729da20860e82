// SPDX-License-Identifier: Apache-2.0
#include "bulk/rules.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/load.h"
#include "config/test/one_pool.h"

namespace penstock::bulk {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr Time kNow{std::chrono::seconds{1'800'000'000}};  // 2027-01-15

std::shared_ptr<const config::Config> config_with(const std::string& stream, const std::string& rest = "") {
  const auto loaded = config::load_text(config::with_one_pool(R"([[dkim]]
domain = "shop.example"
selector = "s1"
key_file = "/k/1.pem"
[[dkim]]
domain = "operator.example"
selector = "s1"
key_file = "/k/2.pem"
[[dkim]]
domain = "past.example"
selector = "s1"
key_file = "/k/3.pem"
retire = "2026-01-01"
[[dkim]]
domain = "future.example"
selector = "s1"
key_file = "/k/4.pem"
sign = "2028-01-01"
[[dkim]]
domain = "others.example"
selector = "s1"
key_file = "/k/5.pem"
streams = ["receipts"]
[[stream]]
name = "receipts"
pool = "main"
match = { sender = "@receipts.example" }
[[stream]]
name = "news"
pool = "main"
)" + stream + rest),
                                        "/p/penstock.toml");
  for (const auto& problem : loaded.problems) EXPECT_FALSE(problem.is_error) << config::format_problem(problem);
  return loaded.config;
}

// A message without fault.
const std::string kGood =
    "From: Shop <news@shop.example>\r\nTo: b@one.example\r\nSubject: hello\r\n"
    "Date: Thu, 01 Jan 2026 00:00:00 +0000\r\nMessage-ID: <1@shop.example>\r\n"
    "List-Unsubscribe: <mailto:u@shop.example>,\r\n <https://shop.example/u?1>\r\n"
    "List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\nFeedback-ID: a:b:c:shop1\r\n";
const std::string kBody = "\r\nhello\r\n";

// The good message with one text replaced by another.
std::string changed(const std::string& from, const std::string& to) {
  std::string message = kGood + kBody;
  const std::size_t at = message.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return message.replace(at, from.size(), to);
}

const std::string kMarketing = "marketing = true\ndkim = \"from\"\n";

Findings check(const std::string& message, const std::string& stream = "bulk_rules = \"warn\"\n" + kMarketing,
               const std::string& rest = "", std::string_view sender_domain = "bounces.shop.example") {
  const auto config = config_with(stream, rest);
  const Rules rules(*config, *config->find_stream("news"));
  model::Envelope envelope;
  envelope.id = model::MessageId{77};
  envelope.labels = {.stream = "news", .tenant = "shop", .campaign = "spring sale: 1", .vmta = ""};
  return rules.check({message, envelope, sender_domain, "mta1.example", kNow});
}

TEST(BulkRules, AGoodMessageHasNoFault) {
  const Findings found = check(kGood + kBody);
  EXPECT_EQ(found.sentence(), "");
  EXPECT_EQ(found.added, "");
  EXPECT_THAT(found.removed, IsEmpty());
}

struct Broken {
  const char* name;
  const char* from;
  const char* to;
  const char* sentence;
};
const Broken kFaults[] = {
    {"NoFrom", "From: Shop <news@shop.example>\r\n", "", "from: there is no From field"},
    {"FromWithoutAddress", "Shop <news@shop.example>", "Shop", "from: From has no address"},
    {"TwoAddresses", "<news@shop.example>", "<news@shop.example>, b@shop.example", "from: From has 2 addresses"},
    {"TwoFroms", "To: b", "From: c@shop.example\r\nTo: b", "repeated-field: more than one From"},
    {"TwoFieldsTwice", "To: b", "Subject: x\r\nTo: c@one.example\r\nTo: b",
     "repeated-field: more than one Subject, To"},
    {"TwiceTheSame", "Subject: hello\r\n", "Subject: hello\r\nSUBJECT: hello\r\n",
     "repeated-field: more than one Subject"},
    {"BadDate", "Thu, 01 Jan 2026 00:00:00 +0000", "yesterday", "date: the Date cannot be read"},
    {"NoListUnsubscribe", "List-Unsubscribe: <mailto:u@shop.example>,\r\n <https://shop.example/u?1>\r\n", "",
     "list-unsubscribe: there is no List-Unsubscribe field"},
    {"OnlyMailto", "<https://shop.example/u?1>", "<http://shop.example/u?1>",
     "list-unsubscribe: List-Unsubscribe has no https address"},
    {"NoOneClick", "List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n", "",
     "one-click: there is no List-Unsubscribe-Post field"},
    {"OtherOneClick", "=One-Click", "=Two-Clicks",
     "one-click: List-Unsubscribe-Post is not \"List-Unsubscribe=One-Click\""},
    {"NoFeedbackId", "Feedback-ID: a:b:c:shop1\r\n", "", "feedback-id: there is no Feedback-ID field"},
    {"KeyOfAnother", "news@shop.example", "news@other.example",
     "dkim: no DKIM key signs for other.example or its organisation; envelope-domain: the envelope sender's domain, "
     "bounces.shop.example, is not of other.example's organisation"},
};
class BulkFaults : public ::testing::TestWithParam<Broken> {};
TEST_P(BulkFaults, AreTold) {
  EXPECT_EQ(check(changed(GetParam().from, GetParam().to)).sentence(), GetParam().sentence);
}
INSTANTIATE_TEST_SUITE_P(Each, BulkFaults, ::testing::ValuesIn(kFaults),
                         [](const auto& each) { return std::string(each.param.name); });

TEST(BulkRules, WhatHeadersAddIsNotMissing) {
  const std::string bare = changed("Date: Thu, 01 Jan 2026 00:00:00 +0000\r\nMessage-ID: <1@shop.example>\r\n", "");
  EXPECT_EQ(check(bare).sentence(), "");
  const std::string off = "[headers]\nadd_date = false\nadd_message_id = false\n";
  EXPECT_EQ(check(bare, "bulk_rules = \"warn\"\n" + kMarketing, off).sentence(),
            "date: there is no Date field; message-id: there is no Message-ID field");
}

TEST(BulkRules, WarningNamesTheRulesInAFieldAndReplacesAForeignOne) {
  const std::string message = "X-Penstock-Bulk-Rules: none\r\n" + changed("=One-Click", "=No");
  const Findings found = check(message);
  EXPECT_EQ(found.added, "X-Penstock-Bulk-Rules: one-click\r\n");
  ASSERT_EQ(found.removed.size(), 1U);
  EXPECT_EQ(found.removed[0], (mime::ByteRange{0, 29}));
}

TEST(BulkRules, TransactionalMailNeedNotOfferToUnsubscribe) {
  const std::string message =
      "From: a@shop.example\r\nDate: Thu, 01 Jan 2026 00:00:00 +0000\r\nMessage-ID: <1@shop.example>\r\n" + kBody;
  EXPECT_EQ(check(message, "bulk_rules = \"warn\"\ndkim = \"from\"\n").sentence(), "");
  EXPECT_EQ(check(message, "bulk_rules = \"warn\"\ndkim = \"from\"\nfeedback_id = \"shop1\"\n").sentence(),
            "feedback-id: there is no Feedback-ID field");
}

TEST(BulkRules, LinesMayHave998Bytes) {
  EXPECT_EQ(check(kGood + "\r\n" + std::string(998, 'x') + "\r\n").sentence(), "");
  EXPECT_EQ(check(kGood + "\r\n" + std::string(999, 'x') + "\r\n").sentence(),
            "line-length: a line has more than 998 bytes");
  EXPECT_EQ(check(kGood + "X: " + std::string(996, 'x') + "\r\n" + kBody).names(), "line-length");
  EXPECT_EQ(check(kGood + "\r\n" + std::string(998, 'x')).names(), "");
}

struct Signing {
  const char* from;
  const char* dkim;
  bool good;
};
TEST(BulkRules, AKeyInForceMustSignForTheOrganisationOfFrom) {
  const Signing cases[] = {
      {"shop.example", "\"from\"", true},
      {"mail.shop.example", "\"from\"", true},
      {"mail.shop.example", "\"shop.example\"", true},
      {"shop.example", "\"operator.example\"", false},
      {"shop.example", "[\"operator.example\", \"from\"]", true},
      {"past.example", "\"from\"", false},
      {"future.example", "\"from\"", false},
      {"none.example", "\"from\"", false},
      {"others.example", "\"from\"", false},  // a key of another stream
  };
  for (const Signing& each : cases) {
    const std::string message = changed("news@shop.example", std::string("news@") + each.from);
    const auto found = check(message, fmt::format("bulk_rules = \"warn\"\ndkim = {}\n", each.dkim), "", "");
    EXPECT_EQ(found.names() == "", each.good) << each.from << " " << each.dkim << ": " << found.sentence();
  }
}

TEST(BulkRules, ASignatureThatCameWithTheMessageCounts) {
  const std::string message = "DKIM-Signature: v=1; a=rsa-sha256; d=News.Other.Example; s=x; b=\r\n" +
                              changed("news@shop.example", "news@other.example");
  EXPECT_EQ(check(message, "bulk_rules = \"warn\"\n", "", "").sentence(), "");
}

TEST(BulkRules, TheNullSenderIsAlignedWithEverybody) {
  EXPECT_EQ(check(kGood + kBody, "bulk_rules = \"warn\"\ndkim = \"from\"\n", "", "").names(), "");
  EXPECT_EQ(check(kGood + kBody, "bulk_rules = \"warn\"\ndkim = \"from\"\n", "", "other.example").names(),
            "envelope-domain");
}

TEST(BulkRules, FixingAddsWhatIsMissing) {
  const std::string bare = "From: a@shop.example\r\n" + kBody;
  const auto found = check(bare, "bulk_rules = \"fix\"\nfeedback_id = \"shop1\"\n" + kMarketing,
                           "[headers]\nadd_date = false\nadd_message_id = false\n");
  EXPECT_THAT(found.added, HasSubstr("Date: Fri, 15 Jan 2027 08:00:00 +0000\r\n"));
  EXPECT_THAT(found.added, HasSubstr("Message-ID: <"));
  EXPECT_THAT(found.added, HasSubstr("@mta1.example>\r\n"));
  EXPECT_THAT(found.added, HasSubstr("Feedback-ID: spring_sale__1:shop:news:shop1\r\n"));
  EXPECT_THAT(found.added, HasSubstr("X-Penstock-Bulk-Rules: list-unsubscribe, one-click\r\n"));
  EXPECT_EQ(found.names(), "list-unsubscribe, one-click");
  EXPECT_THAT(found.fixed, ::testing::ElementsAre(Rule::Date, Rule::MessageId, Rule::FeedbackId));
}

// The message without what is removed.
std::string without(const std::string& message, const Findings& found) {
  std::string out = message;
  for (auto range = found.removed.rbegin(); range != found.removed.rend(); ++range)
    out.erase(range->begin, range->size());
  return out;
}

TEST(BulkRules, FixingTakesRepetitionsAwayThatChangeNothing) {
  const std::string twice =
      "Date: Fri, 02 Jan 2026 00:00:00 +0000\r\nMessage-ID: <2@shop.example>\r\nSubject:  hello\r\n";
  const std::string message = kGood + twice + kBody;
  const auto found = check(message, "bulk_rules = \"fix\"\n" + kMarketing);
  EXPECT_EQ(found.sentence(), "");
  EXPECT_EQ(without(message, found), kGood + kBody);
  EXPECT_THAT(found.fixed, ::testing::ElementsAre(Rule::RepeatedField));
}

TEST(BulkRules, FixingDoesNotChooseBetweenDifferentOnes) {
  const auto found = check(changed("To: b", "From: c@shop.example\r\nTo: b"), "bulk_rules = \"fix\"\n" + kMarketing);
  EXPECT_EQ(found.sentence(), "repeated-field: more than one From");
  EXPECT_THAT(found.removed, IsEmpty());
}

TEST(BulkRules, FixingReplacesADateNobodyCanRead) {
  const std::string message = changed("Thu, 01 Jan 2026 00:00:00 +0000", "yesterday");
  const auto found = check(message, "bulk_rules = \"fix\"\n" + kMarketing);
  EXPECT_EQ(found.sentence(), "");
  EXPECT_EQ(found.added, "Date: Fri, 15 Jan 2027 08:00:00 +0000\r\n");
  EXPECT_THAT(without(message, found), ::testing::Not(HasSubstr("yesterday")));
}

}  // namespace
}  // namespace penstock::bulk
