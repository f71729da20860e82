// SPDX-License-Identifier: Apache-2.0
// The example of RFC 8463 Appendix A, and what changes of it lead to.
#include "dkim/verification.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace penstock::dkim {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

const std::string kEdName = "brisbane._domainkey.football.example.com";
const std::string kRsaName = "test._domainkey.football.example.com";
const std::string kEdKey = "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";
const std::string kRsaKey =
    "v=DKIM1; k=rsa; "
    "p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDkHlOQoBTzWRiGs5V6NpP3idY6Wk08a5qhdR6wy5bdOKb2jLQiY/J16JYi0"
    "Qvx/byYzCNb3W91y3FutACDfzwQ/BC/e/8uBsCR+yz1Lxj+PL6lHvqMKrM3rG4hstT5QjvHO9PzoxZyVYLzBfO2EeC3Ip3G+2kryOTIKT+l/K4w3QI"
    "DAQAB";

const std::string kEdSignature =
    "DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed;\r\n"
    " d=football.example.com; i=@football.example.com;\r\n"
    " q=dns/txt; s=brisbane; t=1528637909; h=from : to :\r\n"
    " subject : date : message-id : from : subject : date;\r\n"
    " bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;\r\n"
    " b=/gCrinpcQOoIfuHNQIbq4pgh9kyIK3AQUdt9OdqQehSwhEIug4D11Bus\r\n"
    " Fa3bT3FY5OsU7ZbnKELq+eXdp1Q1Dw==\r\n";
const std::string kRsaSignature =
    "DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed;\r\n"
    " d=football.example.com; i=@football.example.com;\r\n"
    " q=dns/txt; s=test; t=1528637909; h=from : to : subject :\r\n"
    " date : message-id : from : subject : date;\r\n"
    " bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;\r\n"
    " b=F45dVWDfMbQDGHJFlXUNB2HKfbCeLRyhDXgFpEL8GwpsRe0IeIixNTe3\r\n"
    " DhCVlUrSjV4BwcVcOF6+FF3Zo9Rpo1tFOeS9mPYQTnGdaSGsgeefOsk2Jz\r\n"
    " dA+L10TeYt9BgDfQNZtKdN1WO//KgIqXP7OdEFE4LjFYNcUxZQ4FADY+8=\r\n";
const std::string kHeader =
    "From: Joe SixPack <joe@football.example.com>\r\n"
    "To: Suzie Q <suzie@shopping.example.net>\r\n"
    "Subject: Is dinner ready?\r\n"
    "Date: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)\r\n"
    "Message-ID: <20030712040037.46341.5F8J@football.example.com>\r\n";
const std::string kBody = "\r\nHi.\r\n\r\nWe lost the game.  Are you hungry yet?\r\n\r\nJoe.\r\n";
const std::string kMessage = kEdSignature + kRsaSignature + kHeader + kBody;

const Time kNow{std::chrono::seconds{1'600'000'000}};

KeyAnswers keys() {
  return {{kEdName, {.records = {kEdKey}}}, {kRsaName, {.records = {kRsaKey}}}};
}

std::string replaced(std::string text, std::string_view from, std::string_view to) {
  const std::size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return at == std::string::npos ? text : text.replace(at, from.size(), to);
}

Report verify(const std::string& message, const KeyAnswers& answers = keys(), Era era = Era::Current) {
  return Verification(message, era).finish(answers, kNow);
}

// Verdict and reason of the first signature.
std::pair<Verdict, std::string> first(const Report& report) {
  if (report.signatures.empty()) return {Verdict::Neutral, "no signature"};
  return {report.signatures[0].verdict, report.signatures[0].reason};
}

TEST(Verification, ExampleOfTheStandardPasses) {
  const Verification verification(kMessage);
  EXPECT_THAT(verification.key_names(), ElementsAre(kEdName, kRsaName));
  const Report report = verification.finish(keys(), kNow);
  EXPECT_EQ(report.summary(), "pass");
  ASSERT_EQ(report.signatures.size(), 2U);
  EXPECT_EQ(report.signatures[0].verdict, Verdict::Pass) << report.signatures[0].reason;
  EXPECT_EQ(report.signatures[1].verdict, Verdict::Pass) << report.signatures[1].reason;
  EXPECT_EQ(report.signatures[0].signature->algorithm.key, KeyType::Ed25519);
  EXPECT_EQ(report.signatures[1].key_bits, 1024);
}

TEST(Verification, WhatRelaxedForgivesPasses) {
  std::string message = replaced(kMessage, "Subject: Is dinner", "SUBJECT : \r\n\tIs  dinner");
  message = replaced(message, "the game.  Are", "the game. \tAre");
  message = "Received: from elsewhere\r\n" + message + "\r\n\r\n";
  EXPECT_EQ(verify(message).summary(), "pass");
  EXPECT_EQ(verify(kMessage.substr(0, kMessage.size() - 2)).summary(), "pass") << "the last line end is missing";
}

TEST(Verification, ChangesFail) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {replaced(kMessage, "lost", "won"), "body has been changed"},
      {kMessage + "more\r\n", "body has been changed"},
      {replaced(kMessage, "Is dinner", "Was dinner"), "does not fit header"},
      {replaced(kMessage, "Message-ID:", "X-Message-ID:"), "does not fit header"},
      {replaced(kMessage, "Date: Fri", "Subject: more\r\nDate: Fri"), "does not fit header"},
      {replaced(kMessage, "q=dns/txt; ", ""), "does not fit header"},
      {replaced(kMessage, "b=/gCr", "b=/gCs"), "does not fit header"},
      {replaced(kMessage, "Fa3bT3FY5OsU7ZbnKELq+eXdp1Q1Dw==", ""), "does not fit header"},
  };
  for (const auto& [message, words] : cases) {
    const auto [verdict, reason] = first(verify(message));
    EXPECT_EQ(verdict, Verdict::Fail) << message;
    EXPECT_THAT(reason, HasSubstr(words)) << message;
  }
}

TEST(Verification, OneBadSignatureDoesNotHurtTheOther) {
  const Report report = verify(replaced(kMessage, "b=/gCr", "b=/gCs"));
  EXPECT_EQ(report.signatures[0].verdict, Verdict::Fail);
  EXPECT_EQ(report.signatures[1].verdict, Verdict::Pass);
  EXPECT_EQ(report.summary(), "pass");
}

TEST(Verification, WithoutSignatureThereIsNone) {
  EXPECT_EQ(verify(kHeader + kBody).summary(), "none");
  EXPECT_EQ(verify("").summary(), "none");
  EXPECT_EQ(verify("no header at all").summary(), "none");
}

TEST(Verification, KeysThatCannotServeArePermanent) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"v=DKIM1; k=ed25519; p=", "revoked"},
      {"v=DKIM1; k=ed25519", "no p="},
      {"v=DKIM1; k=ed25519; p=MCowBQYDK2VwAyEA3SUqa9UbfciWkk7tlcJ9P1VD5pXAasg0JUn/OgjVbKE=", "no ed25519 key"},
      {kRsaKey, "type rsa"},
      {kEdKey + "; s=chat", "not for mail"},
      {kEdKey + "; h=sha1", "not for sha256"},
      {"v=spf1 -all", "v= is not DKIM1"},
  };
  for (const auto& [record, words] : cases) {
    const auto [verdict, reason] = first(verify(kMessage, {{kEdName, {.records = {record}}}}));
    EXPECT_EQ(verdict, Verdict::PermError) << record;
    EXPECT_THAT(reason, HasSubstr(words)) << record;
  }
  const auto [verdict, reason] = first(verify(kMessage, {{kEdName, {}}}));
  EXPECT_EQ(verdict, Verdict::PermError);
  EXPECT_THAT(reason, HasSubstr("no key at " + kEdName));
}

TEST(Verification, OfSeveralRecordsOneThatServesIsEnough) {
  EXPECT_EQ(first(verify(kMessage, {{kEdName, {.records = {"v=spf1 -all", kRsaKey, kEdKey}}}})).first, Verdict::Pass);
  EXPECT_EQ(first(verify(kMessage, {{kEdName, {.records = {"a", "b", "c", "d", kEdKey}}}})).first, Verdict::PermError);
}

TEST(Verification, DnsTroubleIsTemporary) {
  const auto report = verify(kMessage, {{kEdName, {.records = {}, .temporary = true, .why = "timed out"}}});
  EXPECT_EQ(report.signatures[0].verdict, Verdict::TempError);
  EXPECT_THAT(report.signatures[0].reason, HasSubstr("timed out"));
  EXPECT_EQ(report.signatures[1].verdict, Verdict::TempError) << "a name that was not asked for";
  EXPECT_EQ(report.summary(), "temperror");
}

TEST(Verification, UnreadableSignatureIsPermanent) {
  const auto [verdict, reason] = first(verify(replaced(kMessage, "v=1; ", "")));
  EXPECT_EQ(verdict, Verdict::PermError);
  EXPECT_EQ(reason, "v= is missing");
}

TEST(Verification, TestingFlagIsTold) {
  EXPECT_TRUE(verify(kMessage, {{kEdName, {.records = {kEdKey + "; t=y"}}}}).signatures[0].testing);
}

TEST(Verification, MoreFieldsThanWereSignedAreNotAccepted) {
  // "to" is signed once; "from" twice, so that another From breaks the signature.
  const auto [verdict, reason] = first(verify("To: else@example.org\r\n" + kMessage));
  EXPECT_EQ(verdict, Verdict::Policy);
  EXPECT_THAT(reason, HasSubstr("more to fields"));
  EXPECT_EQ(first(verify("Reply-To: else@example.org\r\n" + kMessage)).first, Verdict::Pass) << "never signed";
  EXPECT_EQ(first(verify(replaced(kMessage, "From:", "From: a@b.example\r\nFrom:"))).first, Verdict::Fail);
}

TEST(Verification, LengthBeyondTheBodyFails) {
  const auto [verdict, reason] = first(verify(replaced(kMessage, "t=1528637909", "l=999; t=1528637909")));
  EXPECT_EQ(verdict, Verdict::Fail);
  EXPECT_EQ(reason, "l= is more than the body has");
}

TEST(Verification, OnlySoManySignaturesAreEvaluated) {
  std::string message = kMessage;
  for (std::size_t i = 0; i < kSignaturesMax; ++i) message.insert(0, kEdSignature);
  const Report report = verify(message);
  ASSERT_EQ(report.signatures.size(), kSignaturesMax + 2);
  EXPECT_EQ(report.signatures[kSignaturesMax - 1].verdict, Verdict::Pass);
  EXPECT_EQ(report.signatures[kSignaturesMax].verdict, Verdict::Neutral);
}

TEST(Report, SummaryIsTheBest) {
  const auto summary = [](std::vector<Verdict> verdicts) {
    Report report;
    for (const Verdict verdict : verdicts) report.signatures.emplace_back().verdict = verdict;
    return std::string(report.summary());
  };
  using enum Verdict;
  EXPECT_EQ(summary({Fail, Pass, TempError}), "pass");
  EXPECT_EQ(summary({Fail, TempError, Policy}), "temperror");
  EXPECT_EQ(summary({Fail, Policy}), "policy");
  EXPECT_EQ(summary({PermError, Fail}), "fail");
  EXPECT_EQ(summary({Neutral, PermError}), "permerror");
}

TEST(WithCrlf, BareLineFeedsOnlyAreChanged) {
  EXPECT_EQ(with_crlf("a\nb\r\n\n\rc\r"), "a\r\nb\r\n\r\n\rc\r");
  EXPECT_EQ(with_crlf("\n"), "\r\n");
  EXPECT_EQ(with_crlf(""), "");
}

}  // namespace
}  // namespace penstock::dkim
