// SPDX-License-Identifier: Apache-2.0
#include "dkim/signer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "dkim/key_record.h"
#include "dkim/public_key.h"
#include "dkim/verification.h"

namespace penstock::dkim {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

const Time kNow{std::chrono::seconds{1'800'000'000}};
constexpr std::string_view kMessage =
    "Received: from here\r\n"
    "From: a@news.example.com\r\n"
    "To: b@example.org,\r\n c@example.org\r\n"
    "Subject:  Gr\xC3\xBC\xC3\x9F"
    "e \r\n"
    "List-Id: <l.example.com>\r\n"
    "X-Mine: 1\r\n"
    "\r\n"
    "Hello  world \r\n\r\n\r\n";

std::shared_ptr<const KeyPair> key_of(KeyType type, int bits = 2048) {
  static std::map<std::pair<KeyType, int>, std::shared_ptr<const KeyPair>> made;
  auto& key = made[{type, bits}];
  if (!key) key = std::make_shared<const KeyPair>(std::move(*KeyPair::generate(type, bits)));
  return key;
}

SignOptions options_of(std::string_view way = "relaxed/relaxed") {
  return {.domain = "Example.com", .selector = "s1", .canonicalization = *parse_canonicalizations(way)};
}

KeyAnswers answers_for(const Signer& signer) {
  KeyAnswer answer;
  answer.records = {format_key_record(signer.key().type(), signer.key().public_key())};
  return {{key_name(signer.options().selector, signer.options().domain), answer}};
}

std::string sign(const Signer& signer, std::string_view text) {
  MessageToSign message(text);
  const auto field = signer.sign(message, kNow);
  EXPECT_TRUE(field) << field.error();
  return field.value_or("");
}

SignatureReport verify(const Signer& signer, const std::string& message, Time now = kNow) {
  const Report report = Verification(message).finish(answers_for(signer), now);
  EXPECT_EQ(report.signatures.size(), 1U);
  return report.signatures.empty() ? SignatureReport{} : report.signatures.front();
}

TEST(Signer, WhatItSignsVerifiesWithEveryKeyAndCanonicalization) {
  const std::vector<std::string> messages = {
      std::string(kMessage), "From: a@example.com\r\n\r\n", "From: a@example.com\r\n",
      "From: a@example.com\r\n\r\nno line end",
      "From: a@example.com\r\nSubject:\r\n \r\n\tfolded\r\n\r\n.\r\n..\r\n \r\n"};
  for (const auto& [type, bits] : {std::pair(KeyType::Ed25519, 0), std::pair(KeyType::Rsa, 2048)}) {
    for (const char* way : {"relaxed/relaxed", "relaxed/simple", "simple/relaxed", "simple/simple"}) {
      const Signer signer(options_of(way), key_of(type, bits));
      for (const std::string& message : messages) {
        const auto report = verify(signer, sign(signer, message) + message);
        EXPECT_EQ(report.verdict, Verdict::Pass) << way << ": " << report.reason << "\n" << message;
      }
    }
  }
}

TEST(Signer, LongKeysSign) {
  for (const int bits : {3072, 4096}) {
    const Signer signer(options_of(), key_of(KeyType::Rsa, bits));
    const auto report = verify(signer, sign(signer, kMessage) + std::string(kMessage));
    EXPECT_EQ(report.verdict, Verdict::Pass) << report.reason;
    EXPECT_EQ(report.key_bits, bits);
  }
}

TEST(Signer, FieldsThatMatterAreSignedOnceMoreThanTheyAreThere) {
  const Signer signer(options_of(), key_of(KeyType::Ed25519));
  const auto report = verify(signer, sign(signer, kMessage) + std::string(kMessage));
  ASSERT_TRUE(report.signature);
  const auto& names = report.signature->headers;
  const auto times = [&](std::string_view name) { return std::count(names.begin(), names.end(), name); };
  for (const std::string_view name : Signer::always_signed()) EXPECT_GE(times(name), 1) << name;
  EXPECT_EQ(times("from"), 2);
  EXPECT_EQ(times("subject"), 2);
  EXPECT_EQ(times("list-unsubscribe"), 1);
  EXPECT_EQ(times("list-id"), 1);
  EXPECT_EQ(times("list-help"), 0);
  EXPECT_EQ(times("x-mine"), 0);
  EXPECT_EQ(times("received"), 0);
}

TEST(Signer, WhereReportsGoAndWhatTheyReferToIsSigned) {
  const Signer signer(options_of(), key_of(KeyType::Ed25519));
  const std::string message =
      "CFBL-Address: fbl@example.com; report=arf\r\nCFBL-Feedback-ID: 1:2\r\n"
      "X-Penstock-Ref: token\r\nFeedback-ID: a:b:c\r\n" +
      std::string(kMessage);
  const std::string field = sign(signer, message);
  const auto report = verify(signer, field + message);
  ASSERT_TRUE(report.signature);
  const auto& names = report.signature->headers;
  EXPECT_EQ(std::count(names.begin(), names.end(), "cfbl-address"), 2);  // nobody can add a second one
  for (const char* name : {"cfbl-feedback-id", "x-penstock-ref", "feedback-id"}) {
    EXPECT_EQ(std::count(names.begin(), names.end(), name), 1) << name;
  }
  const std::string before = "CFBL-Address: fbl@evil.example\r\n";
  EXPECT_EQ(verify(signer, field + before + message).verdict, Verdict::Fail);
}

TEST(Signer, FieldAddedLaterBreaksTheSignature) {
  const Signer signer(options_of(), key_of(KeyType::Ed25519));
  const std::string field = sign(signer, kMessage);
  for (const char* added :
       {"Subject: other\r\n", "List-Unsubscribe: <https://evil.example>\r\n", "From: c@d.example\r\n"}) {
    EXPECT_EQ(verify(signer, field + added + std::string(kMessage)).verdict, Verdict::Fail) << added;
  }
  EXPECT_EQ(verify(signer, "Received: by me\r\n" + field + std::string(kMessage)).verdict, Verdict::Pass);
}

// libopendkim takes VT and FF for blanks.
TEST(Signer, WhatReadersOfRelaxedDisagreeAboutIsSignedAsSimple) {
  const Signer signer(options_of(), key_of(KeyType::Ed25519));
  const auto way_of = [&](const std::string& text) {
    const std::string field = sign(signer, text);
    EXPECT_EQ(verify(signer, field + text).verdict, Verdict::Pass) << text;
    return field.substr(field.find("c="), field.find(';', field.find("c=")) - field.find("c="));
  };
  EXPECT_EQ(way_of("From: a@example.com\r\nSubject: x\r\n\r\nhello\r\n"), "c=relaxed/relaxed");
  EXPECT_EQ(way_of("From: a@example.com\r\nSubject: x\vy\r\n\r\nhello\r\n"), "c=simple/relaxed");
  EXPECT_EQ(way_of("From: a@example.com\r\nSubject: x\r\n\r\nhello\f\r\n"), "c=relaxed/simple");
  EXPECT_EQ(way_of("From: a@example.com\r\nSubject: x\fy\r\n\r\n \vhello\r\n"), "c=simple/simple");
}

TEST(Signer, OptionsBecomeTags) {
  SignOptions options = options_of("simple/relaxed");
  options.identity = "news@a.example.com";
  options.more_headers = {"X-Mine", "Subject"};
  options.expire = std::chrono::hours{1};
  const Signer signer(options, key_of(KeyType::Ed25519));
  const std::string message = sign(signer, kMessage) + std::string(kMessage);
  EXPECT_THAT(message,
              StartsWith("DKIM-Signature: v=1; a=ed25519-sha256; c=simple/relaxed; d=example.com;\r\n\ts=s1; i="));
  const auto report = verify(signer, message);
  EXPECT_EQ(report.verdict, Verdict::Pass) << report.reason;
  EXPECT_EQ(report.signature->identity, "news@a.example.com");
  EXPECT_EQ(report.signature->expires_at->time_since_epoch().count(), 1'800'003'600);
  EXPECT_EQ(report.signature->headers.back(), "x-mine");
  EXPECT_EQ(verify(signer, message, kNow + std::chrono::hours{2}).verdict, Verdict::Fail);
}

TEST(Signer, LinesAreFolded) {
  SignOptions options = options_of();
  options.domain = std::string(60, 'd') + "." + std::string(60, 'e') + ".example";
  const Signer signer(options, key_of(KeyType::Rsa));
  const std::string field = sign(signer, kMessage);
  std::size_t start = 0;
  while (start < field.size()) {
    const std::size_t end = field.find("\r\n", start);
    ASSERT_NE(end, std::string::npos);
    EXPECT_LE(end - start, 140U) << field;
    EXPECT_TRUE(start == 0 || field[start] == '\t');
    start = end + 2;
  }
  EXPECT_LT(field.size(), signer.field_bytes());
  EXPECT_EQ(verify(signer, field + std::string(kMessage)).verdict, Verdict::Pass);
}

TEST(Signer, SeveralSignersShareTheBodyHash) {
  MessageToSign message(kMessage);
  const Signer one(options_of(), key_of(KeyType::Ed25519));
  SignOptions other = options_of();
  other.domain = "operator.example";
  const Signer two(other, key_of(KeyType::Rsa));
  const std::string signed_message = *one.sign(message, kNow) + *two.sign(message, kNow) + std::string(kMessage);
  KeyAnswers keys = answers_for(one);
  keys.merge(answers_for(two));
  const Report report = Verification(signed_message).finish(keys, kNow);
  ASSERT_EQ(report.signatures.size(), 2U);
  EXPECT_EQ(report.signatures[0].verdict, Verdict::Pass);
  EXPECT_EQ(report.signatures[1].verdict, Verdict::Pass);
}

TEST(Signer, MessageWithoutFromIsRefused) {
  const Signer signer(options_of(), key_of(KeyType::Ed25519));
  for (const char* text : {"Subject: x\r\n\r\nhello\r\n", "", "no header"}) {
    MessageToSign message(text);
    const auto field = signer.sign(message, kNow);
    ASSERT_FALSE(field);
    EXPECT_EQ(field.error(), "the message has no From field");
  }
}

TEST(Signer, UnusableOptionsAreToldWhy) {
  const auto complaint = [](auto change) {
    SignOptions options = options_of();
    change(options);
    const auto checked = Signer::check(options);
    return checked ? std::string() : checked.error();
  };
  EXPECT_EQ(complaint([](auto&) {}), "");
  EXPECT_THAT(complaint([](auto& o) { o.domain = "a b"; }), HasSubstr("no domain"));
  EXPECT_THAT(complaint([](auto& o) { o.selector = ""; }), HasSubstr("no selector"));
  EXPECT_THAT(complaint([](auto& o) { o.identity = "a@example.org"; }), HasSubstr("identity"));
  EXPECT_THAT(complaint([](auto& o) { o.identity = "a;b@example.com"; }), HasSubstr("identity"));
  EXPECT_THAT(complaint([](auto& o) { o.more_headers = {"Received"}; }), HasSubstr("cannot be signed"));
  EXPECT_THAT(complaint([](auto& o) { o.more_headers = {"a:b"}; }), HasSubstr("no field name"));
}

TEST(Signer, ManyThreadsMaySignAtOnce) {
  const Signer signer(options_of(), key_of(KeyType::Rsa));
  std::vector<std::thread> threads;
  std::array<std::string, 4> fields;
  threads.reserve(fields.size());
  for (std::string& field : fields) {
    threads.emplace_back([&field, &signer] {
      for (int i = 0; i < 5; ++i) field = sign(signer, kMessage);
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const std::string& field : fields) EXPECT_EQ(field, fields[0]);
}

TEST(KeyPair, PemComesBack) {
  for (const KeyType type : {KeyType::Rsa, KeyType::Ed25519}) {
    const auto key = key_of(type);
    const std::string pem = key->to_pem();
    EXPECT_THAT(pem, StartsWith("-----BEGIN PRIVATE KEY-----"));
    const auto again = KeyPair::from_pem(pem);
    ASSERT_TRUE(again) << again.error();
    EXPECT_EQ(again->public_key(), key->public_key());
    EXPECT_EQ(again->type(), type);
    const auto published = PublicKey::parse(type, key->public_key());
    ASSERT_TRUE(published);
    EXPECT_TRUE(published->verifies(Hash::Sha256, "input", *again->sign("input")));
    EXPECT_FALSE(published->verifies(Hash::Sha256, "other", *again->sign("input")));
  }
}

TEST(KeyPair, WhatIsNoUsableKeyIsRefused) {
  for (const char* text : {"", "hello", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"}) {
    EXPECT_FALSE(KeyPair::from_pem(text)) << text;
  }
  const auto small = KeyPair::generate(KeyType::Rsa, 768);
  ASSERT_FALSE(small);
  EXPECT_THAT(small.error(), HasSubstr("768 bits"));
}

}  // namespace
}  // namespace penstock::dkim
