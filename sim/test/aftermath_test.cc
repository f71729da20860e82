// SPDX-License-Identifier: Apache-2.0
#include "sim/aftermath.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

using namespace penstock;
using namespace penstock::sim;
using testing::HasSubstr;
using testing::Not;

namespace {

constexpr std::string_view kDate = "Mon, 01 Jun 2026 10:00:00 +0000";

Original original() {
  return {"bounce+7@sender.test", "reader@site.test", "127.0.1.1", "mx.site.test",
          "Message-ID: <1@sender.test>\r\nTo: reader@site.test\r\n\r\nHello reader@site.test\r\n"};
}

}  // namespace

TEST(Aftermath, BouncesGoFromNobodyToTheSenderInEachFormat) {
  for (const BounceFormat format : {BounceFormat::Rfc3464, BounceFormat::Qmail, BounceFormat::Exchange}) {
    const AfterMail mail = make_bounce({}, format, original(), 3, kDate);
    EXPECT_EQ(mail.sender, "");
    EXPECT_EQ(mail.recipient, "bounce+7@sender.test");
    EXPECT_THAT(mail.text, HasSubstr("reader@site.test"));
    EXPECT_THAT(mail.text, HasSubstr("5.1.1"));
    EXPECT_THAT(mail.text, HasSubstr("Message-ID: <1@sender.test>"));
    std::size_t bare = 0;
    for (std::size_t i = 0; i < mail.text.size(); ++i) bare += mail.text[i] == '\n' && mail.text[i - 1] != '\r';
    EXPECT_EQ(bare, 0U) << "every line ends with CRLF";
  }
}

TEST(Aftermath, EachFormatHasItsMarks) {
  const std::string standard = make_bounce({}, BounceFormat::Rfc3464, original(), 1, kDate).text;
  EXPECT_THAT(standard, HasSubstr("Final-Recipient: rfc822; reader@site.test\r\nAction: failed\r\nStatus: 5.1.1\r\n"));
  EXPECT_THAT(standard, Not(HasSubstr("Hello"))) << "headers only";
  const std::string qmail = make_bounce({}, BounceFormat::Qmail, original(), 1, kDate).text;
  EXPECT_THAT(qmail, HasSubstr("\r\n\r\nHi. This is the qmail-send program at mx.site.test."));
  EXPECT_THAT(qmail, HasSubstr("<reader@site.test>:\r\nno such user. (#5.1.1)\r\n"));
  EXPECT_THAT(qmail, Not(HasSubstr("multipart")));
  const std::string exchange = make_bounce({}, BounceFormat::Exchange, original(), 1, kDate).text;
  EXPECT_THAT(exchange, HasSubstr("Diagnostic information for administrators:"));
  EXPECT_THAT(exchange, HasSubstr("Content-Type: message/delivery-status"));
}

TEST(Aftermath, StatusWithoutEnhancedCodeIsItsClass) {
  AfterSpec spec;
  spec.reply = "554 delivery error";
  EXPECT_THAT(make_bounce(spec, BounceFormat::Rfc3464, original(), 1, kDate).text, HasSubstr("Status: 5.0.0\r\n"));
}

TEST(Aftermath, ComplaintHidesTheReaderUnlessTold) {
  AfterSpec spec;
  spec.kind = AfterKind::Complaint;
  spec.address = "fbl@sender.test";
  const AfterMail hidden = make_complaint(spec, original(), 1, kDate);
  EXPECT_EQ(hidden.recipient, "fbl@sender.test");
  EXPECT_THAT(hidden.text, HasSubstr("Feedback-Type: abuse\r\n"));
  EXPECT_THAT(hidden.text, HasSubstr("Source-IP: 127.0.1.1\r\n"));
  EXPECT_THAT(hidden.text, Not(HasSubstr("reader@site.test")));
  EXPECT_THAT(hidden.text, HasSubstr("Hello redacted@redacted.invalid"));
  spec.redacted = false;
  const AfterMail open = make_complaint(spec, original(), 1, kDate);
  EXPECT_THAT(open.text, HasSubstr("Original-Rcpt-To: <reader@site.test>\r\n"));
  EXPECT_THAT(open.text, HasSubstr("Hello reader@site.test"));
}

TEST(Aftermath, FormatsAreReadByName) {
  EXPECT_EQ(parse_bounce_format("qmail"), BounceFormat::Qmail);
  EXPECT_FALSE(parse_bounce_format("sendmail"));
}
