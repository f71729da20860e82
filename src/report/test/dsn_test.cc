// SPDX-License-Identifier: Apache-2.0
// Whole reports. The golden files are rewritten when PENSTOCK_UPDATE_GOLDEN is set: look at the difference then.
#include "report/dsn.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

#include "report/test/report_reader.h"

namespace penstock::report {
namespace {

constexpr Time kReceived{std::chrono::seconds{1767323045}};
constexpr Time kLater = kReceived + std::chrono::hours{4};

constexpr std::string_view kOriginal =
    "Received: from client.example ([192.0.2.1])\r\n\tby mta1.example.com with ESMTP id A;\r\n"
    "\tFri, 02 Jan 2026 03:04:05 +0000\r\nFrom: Shop <news@shop.example>\r\nTo: user@example.org\r\n"
    "Subject: Hello\r\nMessage-ID: <m1@shop.example>\r\n\r\nDear customer,\r\n--\r\nthe shop\r\n";

model::Envelope sample_envelope() {
  model::Envelope envelope;
  envelope.sender = "news@shop.example";
  envelope.envelope_id = "QQ314159";
  envelope.received = kReceived;
  envelope.recipients = {{.address = "user@example.org", .original = "rfc822;User@Example.ORG"},
                         {.address = "other@example.net", .original = ""}};
  return envelope;
}

model::Outcome refused() {
  return {.kind = model::OutcomeKind::Bounced,
          .step = model::Step::Rcpt,
          .outcome_class = model::OutcomeClass::InvalidMailbox,
          .reply = {550, {5, 1, 1}, "<user@example.org>: no such user here\nsee https://mx.example.org/help"}};
}

DsnRecipient failed(std::uint32_t index = 0) {
  return {.index = index, .outcome = refused(), .remote_host = "mx.example.org", .last_attempt = kLater};
}

// Keeps what a request points at.
struct Case {
  model::Envelope envelope = sample_envelope();
  std::vector<DsnRecipient> recipients{failed()};
  std::string original{kOriginal};
  std::size_t full_max = 100 * 1024;
  std::string from;

  [[nodiscard]] BuiltDsn build() const {
    return build_dsn({.envelope = envelope,
                      .reporting_host = "mta1.example.com",
                      .from = from,
                      .recipients = recipients,
                      .original = original,
                      .id = "01K8Q2R5VX3ZP",
                      .time = kLater,
                      .boundary_seed = 0x1234,
                      .full_return_bytes_max = full_max});
  }
};

void expect_golden(const std::string& name, const BuiltDsn& dsn) {
  (void)read_report(dsn);
  const std::string path = std::string(PENSTOCK_SOURCE_DIR) + "/src/report/test/data/" + name + ".eml";
  if (std::getenv("PENSTOCK_UPDATE_GOLDEN") != nullptr) {
    std::ofstream(path, std::ios::binary) << dsn.message;
  }
  std::ifstream file(path, std::ios::binary);
  ASSERT_TRUE(file) << path;
  const std::string wanted((std::istreambuf_iterator<char>(file)), {});
  EXPECT_EQ(dsn.message, wanted) << "set PENSTOCK_UPDATE_GOLDEN to rewrite " << path;
}

TEST(BuildDsn, FromIsTheConfiguredAddressMadeHarmless) {
  Case one;
  one.from = "postmaster@shop.example";
  EXPECT_NE(one.build().message.find("From: Mail Delivery System <postmaster@shop.example>\r\n"), std::string::npos);
  one.from = "x@shop.example>\r\nBcc: <y@evil.example";
  EXPECT_EQ(one.build().message.find("\r\nBcc:"), std::string::npos);
}

TEST(BuildDsn, GoldenFailed) {
  expect_golden("failed", Case{}.build());
}

TEST(BuildDsn, GoldenDelayed) {
  Case c;
  c.recipients = {{.index = 1,
                   .action = DsnAction::Delayed,
                   .outcome = {.step = model::Step::Connect,
                               .outcome_class = model::OutcomeClass::Timeout,
                               .reply = {0, {}, "no answer from 192.0.2.25 within 60s"}},
                   .remote_host = "mx.example.net",
                   .last_attempt = kLater,
                   .will_retry_until = kReceived + std::chrono::days{3}}};
  expect_golden("delayed", c.build());
}

TEST(BuildDsn, GoldenDeliveredAndRelayed) {
  Case c;
  c.recipients = {{.index = 0,
                   .action = DsnAction::Relayed,
                   .outcome = {.reply = {250, {2, 0, 0}, "queued as 7"}},
                   .remote_host = "mx.example.org",
                   .last_attempt = kLater},
                  {.index = 1,
                   .action = DsnAction::Delivered,
                   .outcome = {.reply = {250, {2, 1, 5}, "stored"}},
                   .last_attempt = kLater}};
  expect_golden("delivered", c.build());
}

TEST(BuildDsn, GoldenExpiredWithHeadersOnly) {
  Case c;
  c.envelope.dsn_return = model::DsnReturn::Headers;
  c.recipients = {failed(), failed(1)};
  c.recipients[1].outcome.outcome_class = model::OutcomeClass::Expired;
  c.recipients[1].outcome.reply = {451, {4, 7, 1}, "greylisted, try again later"};
  expect_golden("expired_headers_only", c.build());
}

TEST(BuildDsn, GoldenInternational) {
  Case c;
  c.envelope.smtputf8 = true;
  c.envelope.sender = "\xE9\x83\xB5\xE4\xBB\xB6@shop.example";
  c.envelope.recipients[0] = {.address =
                                  "b\xC3\xBC"
                                  "cher@example.org",
                              .original = "utf-8;b\\x{FC}cher@example.org"};
  c.recipients[0].outcome.reply.text =
      "Benutzer b\xC3\xBC"
      "cher unbekannt";
  c.original =
      "From: \xE9\x83\xB5\xE4\xBB\xB6@shop.example\r\nSubject: Gr\xC3\xBC\xC3\x9F"
      "e\r\n\r\nHallo\r\n";
  c.envelope.dsn_return = model::DsnReturn::Full;
  const BuiltDsn dsn = c.build();
  EXPECT_TRUE(dsn.smtputf8);
  expect_golden("international", dsn);
}

TEST(BuildDsn, PartsAreOfTheTypesOfTheRfc) {
  const ReadReport report = read_report(Case{}.build());
  EXPECT_EQ(report.field("From"), "Mail Delivery System <MAILER-DAEMON@mta1.example.com>");
  EXPECT_EQ(report.field("To"), "<news@shop.example>");
  EXPECT_EQ(report.field("Auto-Submitted"), "auto-replied");
  EXPECT_EQ(report.field("References"), "<m1@shop.example>");
  ASSERT_EQ(report.parts.size(), 3U);
  EXPECT_EQ(report.parts[0].header.at("Content-Type"), "text/plain; charset=us-ascii");
  EXPECT_EQ(report.parts[1].header.at("Content-Type"), "message/delivery-status");
  EXPECT_EQ(report.parts[2].header.at("Content-Type"), "message/rfc822");
  EXPECT_EQ(report.parts[2].content, kOriginal);
}

TEST(BuildDsn, WhatIsReturnedDependsOnRequestSizeAndContent) {
  const std::string eight_bit = std::string(kOriginal) +
                                "b\xFC"
                                "cher\r\n";
  struct Row {
    const char* why;
    model::DsnReturn dsn_return;
    DsnAction action;
    std::string original;
    std::size_t full_max;
    std::string type;
  };
  constexpr auto kUnset = model::DsnReturn::Unset;
  constexpr auto kFull = model::DsnReturn::Full;
  const std::string head = "text/rfc822-headers";
  const std::string all = "message/rfc822";
  const Row table[] = {
      {"no RET, small", kUnset, DsnAction::Failed, std::string(kOriginal), 1000, all},
      {"RET=HDRS", model::DsnReturn::Headers, DsnAction::Failed, std::string(kOriginal), 1000, head},
      {"over the limit", kFull, DsnAction::Failed, std::string(kOriginal), 100, head},
      {"nothing failed", kFull, DsnAction::Delayed, std::string(kOriginal), 1000, head},
      {"8-bit, no RET", kUnset, DsnAction::Failed, eight_bit, 1000, head},
      {"8-bit, RET=FULL", kFull, DsnAction::Failed, eight_bit, 1000, all},
      {"bare LF", kFull, DsnAction::Failed, std::string(kOriginal) + "a\nb\r\n", 1000, head},
      {"bare CR", kFull, DsnAction::Failed, std::string(kOriginal) + "a\rb\r\n", 1000, head},
      {"CR at the end", kFull, DsnAction::Failed, std::string(kOriginal) + "\r", 1000, head},
      {"NUL", kFull, DsnAction::Failed, std::string(kOriginal) + std::string("a\0b\r\n", 5), 1000, head},
      {"long line", kFull, DsnAction::Failed, std::string(kOriginal) + std::string(999, 'x') + "\r\n", 9000, head},
      {"longest line", kFull, DsnAction::Failed, std::string(kOriginal) + std::string(998, 'x') + "\r\n", 9000, all},
      {"no last CRLF", kFull, DsnAction::Failed, std::string(kOriginal) + "end", 1000, all},
  };
  for (const Row& row : table) {
    Case c;
    c.envelope.dsn_return = row.dsn_return;
    c.recipients[0].action = row.action;
    c.original = row.original;
    c.full_max = row.full_max;
    const ReadReport report = read_report(c.build());
    ASSERT_EQ(report.parts.size(), 3U) << row.why;
    EXPECT_EQ(report.parts[2].header.at("Content-Type"), row.type) << row.why;
    const std::string& content = report.parts[2].content;
    if (row.type == all) {
      EXPECT_EQ(content, row.original) << row.why;
    } else {
      EXPECT_EQ(content.find("Dear"), std::string::npos) << row.why;
    }
  }
}

TEST(BuildDsn, BinaryOriginalIsReturnedAsHeader) {
  Case c;
  c.envelope.body_kind = model::BodyKind::BinaryMime;
  c.envelope.dsn_return = model::DsnReturn::Full;
  EXPECT_EQ(read_report(c.build()).parts.at(2).header.at("Content-Type"), "text/rfc822-headers");
}

TEST(BuildDsn, OriginalWithoutHeaderOrAbsentLeavesThePartOut) {
  Case c;
  c.original = "";
  EXPECT_EQ(read_report(c.build()).parts.size(), 2U);
  c.original = "just text\r\n";
  c.envelope.dsn_return = model::DsnReturn::Headers;
  EXPECT_EQ(read_report(c.build()).parts.size(), 2U);
}

TEST(BuildDsn, UnlawfulHeaderIsMadeTidyAndSevenBit) {
  Case c;
  c.envelope.dsn_return = model::DsnReturn::Headers;
  c.original =
      "From: a\rb\nc\r\nSubject: b\xFC"
      "cher\r\nX: " +
      std::string(5000, 'x') + "\r\n\r\nbody";
  const BuiltDsn dsn = c.build();
  EXPECT_EQ(dsn.body_kind, model::BodyKind::SevenBit);
  const ReadReport report = read_report(dsn);
  EXPECT_EQ(report.parts.at(2).header.at("Content-Transfer-Encoding"), "quoted-printable");
  EXPECT_NE(report.parts.at(2).content.find("Subject: b=FCcher"), std::string::npos);
}

TEST(BuildDsn, GiantHeaderIsCut) {
  Case c;
  c.envelope.dsn_return = model::DsnReturn::Headers;
  c.original.clear();
  for (int i = 0; i < 1500; ++i) c.original += "X-Line: " + std::string(100, 'x') + "\r\n";
  EXPECT_LT(c.build().message.size(), 70'000U);
}

TEST(BuildDsn, AWrongBoundaryGuessIsAvoided) {
  Case c;
  c.original = std::string(kOriginal) + "\r\n--=_penstock_0000000000001234\r\n--=_penstock_0000000000001235--\r\n";
  const ReadReport report = read_report(c.build());
  EXPECT_NE(report.field("Content-Type").find("0000000000001236"), std::string::npos);
  EXPECT_EQ(report.parts.size(), 3U);
}

TEST(BuildDsn, NothingFromOutsideForgesALine) {
  const std::string evil =
      "x\r\nBcc: victim@example.com\r\n\r\nhello\r\n--=_penstock_0000000000001234--\r\n\x01\x7F\xFF" +
      std::string(3000, 'y') + std::string("\0z", 2);
  Case c;
  c.envelope.sender = evil;
  c.envelope.envelope_id = evil;
  c.envelope.recipients[0] = {.address = evil, .original = "rfc822;" + evil};
  c.recipients[0].remote_host = evil;
  c.recipients[0].outcome.reply.text = evil;
  c.original = "Message-ID: <a\r\n b>\r\nSubject: s\r\n\r\nbody\r\n";
  const ReadReport report = read_report(c.build());
  EXPECT_EQ(report.field("Bcc"), "(none)");
  EXPECT_EQ(report.field("References"), "(none)");
  ASSERT_EQ(report.parts.size(), 3U);
  for (const ReadPart& part : report.parts) EXPECT_EQ(part.content.find("\r\nBcc"), std::string::npos);
  // One group for the message and one for the recipient: no blank line more.
  const std::string& status = report.parts[1].content;
  EXPECT_EQ(status.find("\r\n\r\n"), status.rfind("\r\n\r\n"));
}

TEST(BuildDsn, AsciiMailWithSmtputf8GetsTheOldTypes) {
  Case c;
  c.envelope.smtputf8 = true;
  const BuiltDsn dsn = c.build();
  EXPECT_FALSE(dsn.smtputf8);
  EXPECT_EQ(read_report(dsn).parts.at(1).header.at("Content-Type"), "message/delivery-status");
}

TEST(BuildDsn, InternationalHeaderAloneBringsTheNewTypes) {
  Case c;
  c.envelope.smtputf8 = true;
  c.envelope.dsn_return = model::DsnReturn::Headers;
  c.original =
      "Subject: Gr\xC3\xBC\xC3\x9F"
      "e\r\n\r\nHallo\r\n";
  const BuiltDsn dsn = c.build();
  EXPECT_FALSE(dsn.smtputf8);
  const ReadReport report = read_report(dsn);
  EXPECT_EQ(report.parts.at(1).header.at("Content-Type"), "message/global-delivery-status");
  EXPECT_EQ(report.parts.at(2).header.at("Content-Type"), "message/global-headers");
}

TEST(BuildDsn, ForeignWordsInAReplyKeepTheReportSevenBit) {
  Case c;
  c.recipients[0].outcome.reply.text = "Empf\xC3\xA4nger unbekannt";
  const BuiltDsn dsn = c.build();
  EXPECT_EQ(dsn.body_kind, model::BodyKind::SevenBit);
  const ReadReport report = read_report(dsn);
  EXPECT_NE(report.parts.at(0).content.find("Empf=C3=A4nger unbekannt"), std::string::npos);
  EXPECT_NE(report.parts.at(1).content.find("Empf??nger unbekannt"), std::string::npos);
}

TEST(BuildDsn, EveryReportedRecipientHasItsGroup) {
  Case c;
  c.recipients.clear();
  c.envelope.recipients.clear();
  for (std::uint32_t i = 0; i < kReportedRecipientsMax; ++i) {
    c.envelope.recipients.push_back({.address = "user" + std::to_string(i) + "@example.org", .original = ""});
    c.recipients.push_back(failed(i));
  }
  const ReadReport report = read_report(c.build());
  const std::string& status = report.parts.at(1).content;
  std::size_t groups = 0;
  for (std::size_t at = 0; (at = status.find("\r\n\r\n", at)) != std::string::npos; ++at) ++groups;
  EXPECT_EQ(groups, kReportedRecipientsMax);
}

TEST(BuildDsnDeathTest, ReportToTheNullSenderIsABug) {
  Case c;
  c.envelope.sender = "";
  EXPECT_DEATH((void)c.build(), "sender");
  c = Case{};
  c.recipients[0].index = 2;
  EXPECT_DEATH((void)c.build(), "index");
  c = Case{};
  c.recipients.clear();
  EXPECT_DEATH((void)c.build(), "recipients");
}

}  // namespace
}  // namespace penstock::report
