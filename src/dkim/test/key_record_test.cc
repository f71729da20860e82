// SPDX-License-Identifier: Apache-2.0
#include "dkim/key_record.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dkim/key_file.h"

namespace penstock::dkim {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

Signature signature_of(std::string_view algorithm = "rsa-sha256", std::string_view identity = "@example.com") {
  Signature s;
  s.algorithm = *parse_algorithm(algorithm);
  s.domain = "example.com";
  s.identity = identity;
  return s;
}

std::string misfit_of(std::string_view record, const Signature& signature = signature_of()) {
  const auto read = parse_key_record(record);
  EXPECT_TRUE(read) << record;
  return read ? misfit(*read, signature) : "unreadable";
}

TEST(KeyRecord, KeyAloneHasTheDefaults) {
  const auto record = parse_key_record("p=aGVs bG8=;");
  ASSERT_TRUE(record) << record.error();
  EXPECT_EQ(record->type, KeyType::Rsa);
  EXPECT_EQ(record->key, "hello");
  EXPECT_TRUE(record->serves(kMailService));
  EXPECT_FALSE(record->hashes || record->testing || record->exact_domain);
}

TEST(KeyRecord, AllTagsAreRead) {
  const auto record = parse_key_record(
      "v=DKIM1; g=; k=Ed25519; h=sha1 : SHA256; s=web:email; t = y : s:extra; n=call=20us; x1 = extra ; p=aGVsbG8");
  ASSERT_TRUE(record) << record.error();
  EXPECT_EQ(record->type, KeyType::Ed25519);
  EXPECT_THAT(*record->hashes, ElementsAre("sha1", "sha256"));
  EXPECT_TRUE(record->serves(kMailService) && record->testing && record->exact_domain);
}

TEST(KeyRecord, WhatIsWrongIsToldInWords) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"", "cannot be read"},
      {"v=spf1 -all", "v= is not DKIM1"},
      {"v=DKIM3; p=aGVs", "v= is not DKIM1"},
      {"k=rsa; v=DKIM1; p=aGVs", "not its first tag"},
      {"v=DKIM1; k=rsa", "has no p="},
      {"v=DKIM1; k=dsa; p=aGVs", "k= names no key type"},
      {"k=rsa; t; p=aGVs", "without '='"},
      {"p=a", "no base64"},
      {"p=aGVs; p=aGVs", "p= is there twice"},
  };
  for (const auto& [text, words] : cases) {
    const auto record = parse_key_record(text);
    ASSERT_FALSE(record) << text;
    EXPECT_THAT(record.error(), HasSubstr(words)) << text;
  }
}

TEST(KeyRecord, MisfitsAreNamed) {
  EXPECT_EQ(misfit_of("p=aGVs"), "");
  EXPECT_EQ(misfit_of("p=aGVs; h=sha256"), "");
  EXPECT_EQ(misfit_of("p=aGVs; s=*"), "");
  EXPECT_EQ(misfit_of("p=aGVs; s=email"), "");
  EXPECT_THAT(misfit_of("p="), HasSubstr("revoked"));
  EXPECT_THAT(misfit_of("p=aGVs; s=chat"), HasSubstr("not for mail"));
  EXPECT_THAT(misfit_of("p=aGVs; h=sha1"), HasSubstr("not for sha256"));
  EXPECT_THAT(misfit_of("p=aGVs; h=bad"), HasSubstr("not for sha256"));
  EXPECT_THAT(misfit_of("p=aGVs; k=ed25519"), HasSubstr("type ed25519"));
  EXPECT_THAT(misfit_of("p=aGVs; k=rsa", signature_of("ed25519-sha256")), HasSubstr("type rsa"));
}

TEST(KeyRecord, ServicesAreTold) {
  const auto reports = parse_key_record(format_key_record(KeyType::Ed25519, "hello", false, kTlsReportService));
  ASSERT_TRUE(reports);
  EXPECT_TRUE(reports->names(kTlsReportService) && !reports->serves(kMailService));
  EXPECT_THAT(misfit_of("p=aGVs; s=tlsrpt"), HasSubstr("not for mail"));
  const auto both = parse_key_record("v=DKIM1; s=Email : TLSRPT; p=aGVs");
  ASSERT_TRUE(both);
  EXPECT_TRUE(both->names(kTlsReportService) && both->serves(kMailService));
  const auto all = parse_key_record("p=aGVs; s=*");
  ASSERT_TRUE(all);
  EXPECT_TRUE(all->serves(kTlsReportService) && !all->names(kTlsReportService));
}

TEST(KeyRecord, StrictFlagWantsTheDomainItself) {
  EXPECT_EQ(misfit_of("t=s; p=aGVs", signature_of("rsa-sha256", "joe@example.com")), "");
  EXPECT_THAT(misfit_of("t=y:s; p=aGVs", signature_of("rsa-sha256", "joe@a.example.com")), HasSubstr("t=s"));
  EXPECT_EQ(misfit_of("t=y; p=aGVs", signature_of("rsa-sha256", "joe@a.example.com")), "");
}

TEST(KeyRecord, WrittenRecordReadsBack) {
  const auto record = parse_key_record(format_key_record(KeyType::Ed25519, "hello", true));
  ASSERT_TRUE(record);
  EXPECT_EQ(record->key, "hello");
  EXPECT_EQ(record->type, KeyType::Ed25519);
  EXPECT_TRUE(record->testing);
}

TEST(TxtStrings, LongRecordIsCutAt255BytesAndReadsBack) {
  const std::string record(600, 'x');
  const std::string text = format_txt_strings(record);
  EXPECT_EQ(text, '"' + std::string(255, 'x') + "\" \"" + std::string(255, 'x') + "\" \"" + std::string(90, 'x') + '"');
  EXPECT_EQ(parse_txt_strings(text), record);
  EXPECT_EQ(format_txt_strings(""), "\"\"");
}

TEST(TxtStrings, QuotesAndEscapesAreRead) {
  EXPECT_EQ(parse_txt_strings("  v=DKIM1; p=x "), "v=DKIM1; p=x");
  EXPECT_EQ(parse_txt_strings(R"("v=DKIM1\; " "p=\"\\\065")"), "v=DKIM1; p=\"\\A");
  EXPECT_EQ(parse_txt_strings("\"\""), "");
  for (const char* text : {"\"open", "\"a\" b \"c\"", "\"a\\", R"("\256")"})
    EXPECT_FALSE(parse_txt_strings(text)) << text;
}

TEST(KeyFile, LinesBecomeAnswers) {
  constexpr std::string_view kFile =
      "# comment\n"
      "; another\n"
      "\n"
      "A._domainkey.Example.com.  v=DKIM1; p=aGVs\r\n"
      "b._domainkey.example.com\t\"v=DKIM1; \" \"p=aGVs\"\n"
      "b._domainkey.example.com second\n"
      "c._domainkey.example.com. 3600 IN TXT \"p=\"\n"
      "none._domainkey.example.com NXDOMAIN\n"
      "late._domainkey.example.com ~~Query timed out~~\n"
      "unread._domainkey.example.com \"broken";
  const auto name = [](const char* selector) { return std::string(selector) + "._domainkey.example.com"; };
  const auto answers =
      answers_from_file(kFile, {name("a"), name("b"), name("c"), name("none"), name("late"), name("x")});
  ASSERT_TRUE(answers) << answers.error();
  EXPECT_THAT(answers->at(name("a")).records, ElementsAre("v=DKIM1; p=aGVs"));
  EXPECT_THAT(answers->at(name("b")).records, ElementsAre("v=DKIM1; p=aGVs", "second"));
  EXPECT_THAT(answers->at(name("c")).records, ElementsAre("p="));
  EXPECT_THAT(answers->at(name("none")).records, IsEmpty());
  EXPECT_FALSE(answers->at(name("none")).temporary);
  EXPECT_TRUE(answers->at(name("late")).temporary);
  EXPECT_EQ(answers->at(name("late")).why, "Query timed out");
  EXPECT_THAT(answers->at(name("x")).records, IsEmpty());
}

TEST(KeyFile, BrokenLineIsNumbered) {
  const auto answers = answers_from_file("# x\na \"b", {"a"});
  ASSERT_FALSE(answers);
  EXPECT_THAT(answers.error(), HasSubstr("line 2: "));
}

}  // namespace
}  // namespace penstock::dkim
