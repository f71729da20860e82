// SPDX-License-Identifier: Apache-2.0
#include "spf/record.h"

#include <gtest/gtest.h>

namespace penstock::spf {
namespace {

TEST(SpfRecord, OnlyVersionOneCounts) {
  EXPECT_TRUE(is_spf_record("v=spf1"));
  EXPECT_TRUE(is_spf_record("v=spf1 -all"));
  EXPECT_TRUE(is_spf_record("V=SPF1 -all"));
  EXPECT_FALSE(is_spf_record("v=spf10 -all"));
  EXPECT_FALSE(is_spf_record("v=spf1\t-all"));
  EXPECT_FALSE(is_spf_record(" v=spf1 -all"));
  EXPECT_FALSE(is_spf_record("v=spf2.0/pra -all"));
  EXPECT_FALSE(is_spf_record("v=DMARC1"));
}

TEST(SpfRecord, TermsAreRead) {
  const auto record = parse_record("v=spf1 a mx:other.example/24//64 ip4:192.0.2.5/24 ?include:_spf.example.net  ~all");
  ASSERT_TRUE(record) << record.error();
  ASSERT_EQ(record->directives.size(), 5U);
  EXPECT_EQ(record->directives[0].mechanism, Mechanism::A);
  EXPECT_EQ(record->directives[0].domain, "");
  EXPECT_EQ(record->directives[1].domain, "other.example");
  EXPECT_EQ(record->directives[1].prefix4, 24);
  EXPECT_EQ(record->directives[1].prefix6, 64);
  EXPECT_EQ(record->directives[2].address.to_string(), "192.0.2.5");
  EXPECT_EQ(record->directives[3].qualifier, Qualifier::Neutral);
  EXPECT_EQ(record->directives[4].qualifier, Qualifier::SoftFail);
  EXPECT_EQ(record->directives[4].text, "~all");
}

TEST(SpfRecord, ModifiersAreReadAndOthersPassedOver) {
  const auto record = parse_record("v=spf1 redirect=_spf.example.com exp=why.example.com moo.1=cow:/x");
  ASSERT_TRUE(record) << record.error();
  EXPECT_EQ(record->redirect, "_spf.example.com");
  EXPECT_EQ(record->explanation, "why.example.com");
}

struct Syntax {
  const char* record;
  bool good;
};

TEST(SpfRecord, SyntaxOfTheRfcIsKept) {
  const Syntax cases[] = {
      {"v=spf1", true},
      {"v=spf1 ", true},
      {"v=spf1 all", true},
      {"v=spf1 ALL", true},
      {"v=spf1 all.", false},
      {"v=spf1 all:example.com", false},
      {"v=spf1 all/8", false},
      {"v=spf1 !all", false},
      {"v=spf1 moo", false},
      {"v=spf1 moo:example.com", false},
      {"v=spf1 -all\tmx", false},
      {"v=spf1 a:", false},
      {"v=spf1 a/", false},
      {"v=spf1 a/24", true},
      {"v=spf1 a/0", true},
      {"v=spf1 a/00", false},
      {"v=spf1 a/024", false},
      {"v=spf1 a/33", false},
      {"v=spf1 a//64", true},
      {"v=spf1 a//129", false},
      {"v=spf1 a//064", false},
      {"v=spf1 a/24//64", true},
      {"v=spf1 a/24/64", false},
      {"v=spf1 a:example.com/24//64", true},
      {"v=spf1 a:example.com:8080", false},
      {"v=spf1 a:museum", false},
      {"v=spf1 a:museum.", false},
      {"v=spf1 a:example.com.", true},
      {"v=spf1 a:192.0.2.1", false},
      {"v=spf1 a:foo-bar.example", true},
      {"v=spf1 a:example.-com", false},
      {"v=spf1 a:%{d}", true},
      {"v=spf1 a:abc.%{d", false},
      {"v=spf1 a:%{t}.example.com", false},
      {"v=spf1 mx:%%.example.com", true},
      {"v=spf1 mx:%x.example.com", false},
      {"v=spf1 ptr", true},
      {"v=spf1 ptr:", false},
      {"v=spf1 ptr/0", false},
      {"v=spf1 include", false},
      {"v=spf1 include:", false},
      {"v=spf1 include:example.com/24", false},
      {"v=spf1 exists", false},
      {"v=spf1 exists:%{ir}.list.example.com", true},
      {"v=spf1 ip4", false},
      {"v=spf1 ip4:", false},
      {"v=spf1 ip4:192.0.2.1", true},
      {"v=spf1 ip4:192.0.2.1/32", true},
      {"v=spf1 ip4:192.0.2.1/33", false},
      {"v=spf1 ip4:192.0.2", false},
      {"v=spf1 ip4:192.0.2.1//32", false},
      {"v=spf1 ip4:2001:db8::1", false},
      {"v=spf1 ip4:::ffff:192.0.2.1", false},
      {"v=spf1 ip6:2001:db8::/32", true},
      {"v=spf1 ip6:2001:db8::/129", false},
      {"v=spf1 ip6:192.0.2.1", false},
      {"v=spf1 ip6:::ffff:192.0.2.1/120", true},
      {"v=spf1 redirect=", false},
      {"v=spf1 redirect=example.com redirect=example.org", false},
      {"v=spf1 exp=a.example.com exp=b.example.com", false},
      {"v=spf1 exp=", false},
      {"v=spf1 moo=", true},
      {"v=spf1 moo=%{t}", true},
      {"v=spf1 moo=%{q}", false},
      {"v=spf1 1moo=x", false},
      {"v=spf1 =all", false},
  };
  for (const Syntax& each : cases) EXPECT_EQ(parse_record(each.record).has_value(), each.good) << each.record;
}

TEST(SpfRecord, AnErrorNamesTheTerm) {
  EXPECT_EQ(parse_record("v=spf1 ip4:1.2.3 -all").error(), "\"ip4:1.2.3\" is malformed");
  EXPECT_EQ(parse_record("v=spf1 ipv4:1.2.3.4 -all").error(), "\"ipv4:1.2.3.4\" is no mechanism");
  EXPECT_EQ(parse_record("v=spf1 include").error(), "\"include\" needs a domain");
}

TEST(SpfRecord, NetworksAreComparedBitByBit) {
  const auto address = [](const char* text) { return *IpAddress::parse(text); };
  EXPECT_TRUE(same_network(address("192.0.2.1"), address("192.0.2.129"), 24));
  EXPECT_TRUE(same_network(address("192.0.2.1"), address("192.0.2.127"), 25));
  EXPECT_FALSE(same_network(address("192.0.2.1"), address("192.0.2.129"), 25));
  EXPECT_TRUE(same_network(address("192.0.2.1"), address("203.0.113.1"), 0));
  EXPECT_FALSE(same_network(address("192.0.2.1"), address("2001:db8::1"), 0));
  EXPECT_TRUE(same_network(address("2001:db8::1"), address("2001:db8::2"), 126));
  EXPECT_FALSE(same_network(address("2001:db8::1"), address("2001:db8::2"), 128));
}

}  // namespace
}  // namespace penstock::spf
