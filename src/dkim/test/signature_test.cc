// SPDX-License-Identifier: Apache-2.0
#include "dkim/signature.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace penstock::dkim {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr std::string_view kGood = " v=1; a=rsa-sha256; d=example.com; s=s1; h=from:to; bh=aGVsbG8=; b=d29y\r\n\tbGQ=";

std::string with(std::string_view from, std::string_view to) {
  std::string text(kGood);
  text.replace(text.find(from), from.size(), to);
  return text;
}
std::string plus(std::string_view more) {
  return std::string(kGood) + "; " + std::string(more);
}

TEST(ParseSignature, RequiredTagsAloneGiveTheDefaults) {
  const auto s = parse_signature(kGood);
  ASSERT_TRUE(s) << s.error();
  EXPECT_EQ(s->domain, "example.com");
  EXPECT_EQ(s->selector, "s1");
  EXPECT_EQ(s->identity, "@example.com");
  EXPECT_THAT(s->headers, ElementsAre("from", "to"));
  EXPECT_EQ(s->body_hash, "hello");
  EXPECT_EQ(s->bytes, "world");
  EXPECT_EQ(to_string(s->canonicalization), "simple/simple");
  EXPECT_FALSE(s->body_length || s->signed_at || s->expires_at);
}

TEST(ParseSignature, OptionalTagsAreRead) {
  const auto s =
      parse_signature(plus("c=relaxed; t=100; x=0200; l=17; z=From:x|To:y; q=foo/bar : dns/txt; new=1; "
                           "i=J=2EDoe@Mail.Example.COM"));
  ASSERT_TRUE(s) << s.error();
  EXPECT_EQ(to_string(s->canonicalization), "relaxed/simple");
  EXPECT_EQ(s->signed_at->time_since_epoch().count(), 100);
  EXPECT_EQ(s->expires_at->time_since_epoch().count(), 200);
  EXPECT_EQ(s->body_length, 17U);
  EXPECT_EQ(s->identity, "J.Doe@mail.example.com");
}

TEST(ParseSignature, CaseAndSpaceDoNotMatterWhereTheyMustNot) {
  const auto s = parse_signature(
      "v = 1 ; a=RSA-SHA256;c=Relaxed / RELAXED; d=Example.\r\n COM;s = S1.a; h = From :\r\n\tTo : "
      "FROM;bh=aGVsbG8;b=d2");
  ASSERT_TRUE(s) << s.error();
  EXPECT_EQ(s->domain, "example.com");
  EXPECT_EQ(s->selector, "s1.a");
  EXPECT_THAT(s->headers, ElementsAre("from", "to", "from"));
  EXPECT_EQ(to_string(s->canonicalization), "relaxed/relaxed");
}

TEST(ParseSignature, VeryLargeNumbersAreLate) {
  const auto s = parse_signature(plus("t=1; x=" + std::string(76, '9')));
  ASSERT_TRUE(s) << s.error();
  EXPECT_GT(s->expires_at->time_since_epoch().count(), 250'000'000'000);
}

TEST(ParseSignature, WhatIsWrongIsToldInWords) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {with("v=1; ", ""), "v= is missing"},
      {with("v=1", "v=2"), "v= is not 1"},
      {with("v=1", "v=0.5"), "v= is not 1"},
      {with("v=1", "v="), "v= is empty"},
      {with("a=rsa-sha256; ", ""), "a= is missing"},
      {with("rsa-sha256", "rsa-sha512"), "a= names no algorithm"},
      {with("d=example.com; ", ""), "d= is missing"},
      {with("example.com", "exam ple..com"), "d= is no domain"},
      {with("example.com", "a/b"), "d= is no domain"},
      {with("s=s1; ", ""), "s= is missing"},
      {with("s=s1", "s=" + std::string(64, 'x')), "s= is no selector"},
      {with("h=from:to; ", ""), "h= is missing"},
      {with("from:to", "to:date"), "h= lacks From"},
      {with("from:to", "from::to"), "h= is no list"},
      {with("from:to", "from:t o"), "h= is no list"},
      {with("bh=aGVsbG8=; ", ""), "bh= is missing"},
      {with("bh=aGVsbG8=", "bh="), "bh= is empty"},
      {with("bh=aGVsbG8=", "bh=!!!!"), "bh= is no base64"},
      {with("b=d29y\r\n\tbGQ=", "b="), "b= is empty"},
      {with("b=d29y\r\n\tbGQ=", "b=d"), "b= is no base64"},
      {plus("c=nofws"), "c= names no canonicalization"},
      {plus("c=relaxed/"), "c= names no canonicalization"},
      {plus("c=simple/future"), "c= names no canonicalization"},
      {plus("q=dns"), "q= names no way"},
      {plus("q=dns/special"), "q= names no way"},
      {plus("l=-1"), "l= is no number"},
      {plus("l=1 0"), "l= is no number"},
      {plus("t="), "t= is no number"},
      {plus("x=12d"), "x= is no number"},
      {plus("t=5; x=5"), "x= is not after t="},
      {plus("i=joe"), "i= is no identity"},
      {plus("i=joe@example.org"), "i= is not within d="},
      {plus("i=joe@badexample.com"), "i= is not within d="},
      {plus("i=joe@com"), "i= is not within d="},
      {plus("a=rsa-sha256"), "a= is there twice"},
      {plus("t"), "a tag without '='"},
  };
  for (const auto& [text, words] : cases) {
    const auto s = parse_signature(text);
    ASSERT_FALSE(s) << text;
    EXPECT_THAT(s.error(), HasSubstr(words)) << text;
  }
}

TEST(ParseSignature, HistoricTakesDrafts) {
  for (const std::string& text : {with("v=1; ", ""), with("v=1", "v=0.5"), plus("q=dns")}) {
    EXPECT_TRUE(parse_signature(text, Era::Historic)) << text;
  }
  EXPECT_FALSE(parse_signature(with("v=1", "v=5"), Era::Historic));
}

TEST(Domains, NamesAreWithinTheirDomainAtALabel) {
  EXPECT_TRUE(is_within("example.com", "example.com"));
  EXPECT_TRUE(is_within("a.example.com", "example.com"));
  EXPECT_FALSE(is_within("aexample.com", "example.com"));
  EXPECT_FALSE(is_within("com", "example.com"));
  EXPECT_EQ(key_name("s1", "example.com"), "s1._domainkey.example.com");
}

TEST(Algorithms, NamesComeBack) {
  for (const char* name : {"rsa-sha1", "rsa-sha256", "ed25519-sha256"}) {
    const auto algorithm = parse_algorithm(name);
    ASSERT_TRUE(algorithm);
    EXPECT_EQ(to_string(*algorithm), name);
  }
  for (const char* name : {"simple/simple", "simple/relaxed", "relaxed/simple", "relaxed/relaxed"}) {
    const auto both = parse_canonicalizations(name);
    ASSERT_TRUE(both);
    EXPECT_EQ(to_string(*both), name);
  }
  EXPECT_FALSE(parse_algorithm("ed25519-sha1"));
}

}  // namespace
}  // namespace penstock::dkim
