// SPDX-License-Identifier: Apache-2.0
#include "model/envelope.h"

#include <gtest/gtest.h>

#include "model/ids.h"
#include "model/outcome.h"
#include "model/reply.h"

using namespace penstock::model;

TEST(Ids, TextParsesBackAndSortsAsNumbers) {
  std::string last;
  for (const std::uint64_t value : {1ULL, 31ULL, 32ULL, 1'800'000'000'000'000ULL, ~0ULL}) {
    const std::string text = format_id(MessageId{value});
    EXPECT_EQ(text.size(), 13U);
    EXPECT_EQ(parse_message_id(text), MessageId{value});
    EXPECT_LT(last, text);
    last = text;
  }
}

TEST(Ids, BadTextIsNothing) {
  for (const char* bad : {"", "0", "0000000000000", "ZZZZZZZZZZZZZ", "00000000000I1", "000000000000000001"}) {
    EXPECT_FALSE(parse_message_id(bad)) << bad;
  }
  // As message_id_form() says.
  for (const char* good : {"0000000000001", "FZZZZZZZZZZZZ", "fzzzzzzzzzzzz", "01K8Q2R5VX3ZP"}) {
    EXPECT_TRUE(parse_message_id(good)) << good;
  }
  for (const char bad : std::string_view("ILOU-")) {
    EXPECT_FALSE(parse_message_id(std::string(12, '1') + bad)) << bad;
  }
  EXPECT_FALSE(parse_recipient_id("0000000000001"));
  EXPECT_FALSE(parse_recipient_id("0000000000001.x"));
  EXPECT_EQ(parse_recipient_id("0000000000001.7"), (RecipientId{MessageId{1}, 7}));
}

TEST(EnhancedStatus, IsTakenFromTheFrontOnly) {
  std::string_view text = "5.1.1 no such user";
  EXPECT_EQ(EnhancedStatus::take(text), (EnhancedStatus{5, 1, 1}));
  EXPECT_EQ(text, "no such user");
  for (const char* none : {"", "hello", "5.1", "5.1.", "3.1.1 x", "5.1.1x", "5.1000.1 x", "55.1.1 x"}) {
    std::string_view rest = none;
    EXPECT_FALSE(EnhancedStatus::take(rest)) << none;
    EXPECT_EQ(rest, none);
  }
}

TEST(Reply, OneLineForm) {
  EXPECT_EQ((Reply{550, {5, 1, 1}, "no such user\nsee https://example.com"}).to_string(),
            "550 5.1.1 no such user / see https://example.com");
  EXPECT_EQ((Reply{0, {}, "connection lost"}).to_string(), "connection lost");
}

TEST(ClassByCode, EnhancedCodeIsMoreSpecificThanTheCode) {
  EXPECT_EQ(class_by_code({550, {5, 1, 1}, ""}, Step::Rcpt), OutcomeClass::InvalidMailbox);
  EXPECT_EQ(class_by_code({550, {5, 7, 26}, ""}, Step::EndOfData), OutcomeClass::Authentication);
  EXPECT_EQ(class_by_code({421, {4, 7, 28}, ""}, Step::EndOfData), OutcomeClass::RateLimit);
  EXPECT_EQ(class_by_code({552, {5, 2, 2}, ""}, Step::EndOfData), OutcomeClass::MailboxFull);
  EXPECT_EQ(class_by_code({552, {}, ""}, Step::EndOfData), OutcomeClass::MessageTooLarge);
  EXPECT_EQ(class_by_code({250, {2, 0, 0}, ""}, Step::EndOfData), OutcomeClass::None);
  EXPECT_EQ(class_by_code({0, {}, "lost"}, Step::Data), OutcomeClass::Network);
}

TEST(Address, DomainIsAfterTheLastAt) {
  EXPECT_EQ(domain_of("user@Example.COM"), "example.com");
  EXPECT_EQ(domain_of("\"a@b\"@example.com"), "example.com");
  EXPECT_EQ(local_part_of("\"a@b\"@example.com"), "\"a@b\"");
  EXPECT_EQ(domain_of("postmaster"), "");
}
