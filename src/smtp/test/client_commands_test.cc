// SPDX-License-Identifier: Apache-2.0
#include "smtp/client_commands.h"

#include <gtest/gtest.h>

#include "smtp/test/client_script.h"

namespace penstock::smtp {
namespace {

using model::BodyKind;
using model::OutcomeKind;
using model::Step;

Extensions offer_all() {
  Extensions e;
  e.esmtp = e.size = e.pipelining = e.eight_bit_mime = e.binary_mime = e.chunking = e.smtputf8 = e.dsn = true;
  return e;
}

model::Recipient to(std::string address, std::string original = {}, std::uint8_t notify = model::kNotifyUnset) {
  return {std::move(address), std::move(original), notify};
}
std::string mail_command(const Mail& mail, const Extensions& offered) {
  std::string out;
  const Transaction transaction = mail.transaction();
  append_mail_command(out, transaction, find_facts(transaction, offered), offered);
  return out;
}
std::string rcpt_command(const model::Recipient& recipient, const Extensions& offered) {
  std::string out;
  append_rcpt_command(out, recipient, offered);
  return out;
}
std::optional<model::Outcome> check(const Mail& mail, const Extensions& offered, const ClientOptions& options = {}) {
  const Transaction transaction = mail.transaction();
  return check_message(transaction, find_facts(transaction, offered), offered, options);
}

TEST(MailCommand, WithoutExtensionsHasNoParameters) {
  Mail mail;
  mail.envelope.body_kind = BodyKind::EightBitMime;
  mail.envelope.dsn_return = model::DsnReturn::Full;
  mail.envelope.envelope_id = "x";
  EXPECT_EQ(mail_command(mail, {}), "MAIL FROM:<s@ours.test>\r\n");
  mail.envelope.sender = "";
  EXPECT_EQ(mail_command(mail, {}), "MAIL FROM:<>\r\n");
}

TEST(MailCommand, ParametersFollowWhatIsOffered) {
  Mail mail({}, "12345");
  EXPECT_EQ(mail_command(mail, offer_all()), "MAIL FROM:<s@ours.test> SIZE=7\r\n");
  mail.envelope.body_kind = BodyKind::EightBitMime;
  mail.envelope.smtputf8 = true;
  mail.envelope.dsn_return = model::DsnReturn::Headers;
  mail.envelope.envelope_id = "a+b=c d\xC3";
  EXPECT_EQ(mail_command(mail, offer_all()),
            "MAIL FROM:<s@ours.test> SIZE=7 BODY=8BITMIME SMTPUTF8 RET=HDRS ENVID=a+2Bb+3Dc+20d+C3\r\n");
  mail.envelope.body_kind = BodyKind::BinaryMime;  // no line end is added to a binary message
  EXPECT_EQ(mail_command(mail, offer_all()),
            "MAIL FROM:<s@ours.test> SIZE=5 BODY=BINARYMIME SMTPUTF8 RET=HDRS ENVID=a+2Bb+3Dc+20d+C3\r\n");
}

TEST(MailCommand, RequireTlsIsPassedOnToWhoOffersIt) {
  Mail mail;
  mail.envelope.tls = model::TlsWish::Required;
  EXPECT_EQ(mail_command(mail, {}), "MAIL FROM:<s@ours.test>\r\n");
  Extensions offered;
  offered.require_tls = true;
  EXPECT_EQ(mail_command(mail, offered), "MAIL FROM:<s@ours.test> REQUIRETLS\r\n");
  mail.envelope.tls = model::TlsWish::Optional;
  EXPECT_EQ(mail_command(mail, offered), "MAIL FROM:<s@ours.test>\r\n");
}

TEST(MailCommand, RecipientOutsideAsciiNeedsSmtpUtf8) {
  Mail mail({"a@x.test", "\xC3\xBC@x.test"});
  EXPECT_EQ(mail_command(mail, offer_all()), "MAIL FROM:<s@ours.test> SIZE=21 SMTPUTF8\r\n");
}

TEST(RcptCommand, DsnWishesArePassedOn) {
  using model::Notify;
  const auto both = static_cast<std::uint8_t>(Notify::kNotifySuccess | Notify::kNotifyDelay);
  EXPECT_EQ(rcpt_command(to("a@x.test", "rfc822;b+c@y.test", both), offer_all()),
            "RCPT TO:<a@x.test> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;b+2Bc@y.test\r\n");
  EXPECT_EQ(rcpt_command(to("a@x.test", "rfc822;b@y.test", both), {}), "RCPT TO:<a@x.test>\r\n");
  EXPECT_EQ(rcpt_command(to("a@x.test", "", Notify::kNotifyNever), offer_all()), "RCPT TO:<a@x.test> NOTIFY=NEVER\r\n");
  EXPECT_EQ(rcpt_command(to("a@x.test", "", Notify::kNotifyFailure), offer_all()),
            "RCPT TO:<a@x.test> NOTIFY=FAILURE\r\n");
}

TEST(RcptCommand, OriginalRecipientCannotEndTheCommand) {
  EXPECT_EQ(rcpt_command(to("a@x.test", "rf c\r\n;b"), offer_all()),
            "RCPT TO:<a@x.test> ORCPT=rfc822;rf+20c+0D+0A;b\r\n");
  EXPECT_EQ(rcpt_command(to("a@x.test", "rfc822;b\r\nQUIT"), offer_all()),
            "RCPT TO:<a@x.test> ORCPT=rfc822;b+0D+0AQUIT\r\n");
}

TEST(RcptCommand, InternationalOriginalRecipientFollowsRfc6533) {
  const model::Recipient recipient = to("a@x.test", "utf-8;\xC3\xBC+\xE2\x82\xAC@\xF0\x9F\x93\xA8.test");
  Extensions offered = offer_all();
  EXPECT_EQ(rcpt_command(recipient, offered),
            "RCPT TO:<a@x.test> ORCPT=utf-8;\xC3\xBC+2B\xE2\x82\xAC@\xF0\x9F\x93\xA8.test\r\n");
  offered.smtputf8 = false;
  EXPECT_EQ(rcpt_command(recipient, offered), "RCPT TO:<a@x.test> ORCPT=utf-8;\\x{FC}+2B\\x{20AC}@\\x{1F4E8}.test\r\n");
}

TEST(CheckMessage, SizeAboveTheLimitBouncesAndAtTheLimitDoesNot) {
  Mail mail({}, "12345678\r\n");
  Extensions offered = offer_all();
  offered.size_max_bytes = 10;
  EXPECT_FALSE(check(mail, offered));
  offered.size_max_bytes = 9;
  const auto outcome = check(mail, offered);
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->kind, OutcomeKind::Bounced);
  EXPECT_EQ(outcome->step, Step::Mail);
  EXPECT_EQ(outcome->outcome_class, model::OutcomeClass::MessageTooLarge);
  EXPECT_EQ(outcome->reply.to_string(), "552 5.3.4 the message has 10 bytes, the receiver takes at most 9");
}

TEST(CheckMessage, EightBitTextIsSentOrBouncedByPolicy) {
  Mail mail({}, "gr\xC3\xBC\xC3\x9F\x65\r\n");
  mail.envelope.body_kind = BodyKind::EightBitMime;
  EXPECT_FALSE(check(mail, {}));
  EXPECT_FALSE(check(mail, offer_all(), {.eight_bit = EightBitPolicy::Bounce}));
  EXPECT_EQ(check(mail, {}, {.eight_bit = EightBitPolicy::Bounce})->reply.enhanced, (model::EnhancedStatus{5, 6, 3}));
  Mail plain({}, "plain\r\n");
  plain.envelope.body_kind = BodyKind::EightBitMime;
  EXPECT_FALSE(check(plain, {}, {.eight_bit = EightBitPolicy::Bounce}));
}

TEST(CheckMessage, BinaryMessageNeedsBinaryMimeAndChunking) {
  Mail mail;
  mail.envelope.body_kind = BodyKind::BinaryMime;
  EXPECT_FALSE(check(mail, offer_all()));
  Extensions offered = offer_all();
  offered.chunking = false;
  EXPECT_EQ(check(mail, offered)->reply.code, 554);
}

TEST(CheckMessage, SmtpUtf8IsAskedForOnlyWhereItIsNeeded) {
  Mail mail({}, "Subject: x\r\n\r\n\xC3\xBC\r\n");
  mail.envelope.smtputf8 = true;
  EXPECT_FALSE(check(mail, {}));  // the header is ASCII, so any receiver can take it
  Mail header({}, "Subject: \xC3\xBC\r\n\r\nx\r\n");
  EXPECT_FALSE(check(header, {}));  // the client did not claim SMTPUTF8; sent as it is
  header.envelope.smtputf8 = true;
  EXPECT_EQ(check(header, {})->reply.enhanced, (model::EnhancedStatus{5, 6, 7}));
  EXPECT_FALSE(check(header, offer_all()));
  Mail sender;
  sender.envelope.sender = "\xC3\xBC@ours.test";
  EXPECT_EQ(check(sender, {})->reply.enhanced, (model::EnhancedStatus{5, 6, 7}));
}

TEST(CheckMessage, SenderThatWouldBreakTheCommandBounces) {
  for (const char* sender : {"a\r\nRCPT TO:<b>", "a b@x", "a>@x", "\"a@x", "\"a\\"}) {
    Mail mail;
    mail.envelope.sender = sender;
    ASSERT_TRUE(check(mail, offer_all())) << sender;
    EXPECT_EQ(check(mail, offer_all())->reply.enhanced, (model::EnhancedStatus{5, 1, 7}));
  }
  Mail quoted;
  quoted.envelope.sender = "\"a <\\\"b> c\"@x.test";
  EXPECT_FALSE(check(quoted, offer_all()));
}

TEST(CheckRecipient, WhatCannotBeSentBounces) {
  EXPECT_FALSE(check_recipient(to("a@x.test"), {}));
  EXPECT_FALSE(check_recipient(to("\xC3\xBC@x.test"), offer_all()));
  EXPECT_EQ(check_recipient(to("\xC3\xBC@x.test"), {})->reply.enhanced, (model::EnhancedStatus{5, 6, 7}));
  for (const char* address : {"", "a\r\n@x", "a> <b@x", "a\x7F@x", "a\n"}) {
    EXPECT_EQ(check_recipient(to(address), offer_all())->reply.enhanced, (model::EnhancedStatus{5, 1, 3})) << address;
  }
}

TEST(FindFacts, SizeCountsALineEndThatIsMissing) {
  const auto size = [](std::vector<std::string_view> parts) {
    Mail mail;
    mail.parts = std::move(parts);
    return find_facts(mail.transaction(), {}).size_bytes;
  };
  EXPECT_EQ(size({"a\r\n"}), 3U);
  EXPECT_EQ(size({"a\r", "\n", ""}), 3U);
  EXPECT_EQ(size({"a"}), 3U);
  EXPECT_EQ(size({"a\r"}), 3U);
  EXPECT_EQ(size({"a\n"}), 4U);
  EXPECT_EQ(size({}), 0U);
}

}  // namespace
}  // namespace penstock::smtp
