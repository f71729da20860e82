// SPDX-License-Identifier: Apache-2.0
#include "spf/macro.h"

#include <gtest/gtest.h>

namespace penstock::spf {
namespace {

MacroValues of_the_rfc() {
  MacroValues values;
  values.sender = "strong-bad@email.example.com";
  values.domain = "email.example.com";
  values.address = *IpAddress::parse("192.0.2.3");
  values.helo = "mx.example.org";
  values.validated = "unknown";
  values.receiver = "receiver.example";
  values.unix_seconds = 1'700'000'000;
  return values;
}

struct Expansion {
  const char* text;
  const char* expected;
};

TEST(SpfMacro, ExpandsAsTheExamplesOfTheRfc) {
  const Expansion cases[] = {
      {"%{s}", "strong-bad@email.example.com"},
      {"%{o}", "email.example.com"},
      {"%{d}", "email.example.com"},
      {"%{d4}", "email.example.com"},
      {"%{d3}", "email.example.com"},
      {"%{d2}", "example.com"},
      {"%{d1}", "com"},
      {"%{dr}", "com.example.email"},
      {"%{d2r}", "example.email"},
      {"%{l}", "strong-bad"},
      {"%{l-}", "strong.bad"},
      {"%{lr}", "strong-bad"},
      {"%{lr-}", "bad.strong"},
      {"%{l1r-}", "strong"},
      {"%{ir}.%{v}._spf.%{d2}", "3.2.0.192.in-addr._spf.example.com"},
      {"%{lr-}.lp._spf.%{d2}", "bad.strong.lp._spf.example.com"},
      {"%{lr-}.lp.%{ir}.%{v}._spf.%{d2}", "bad.strong.lp.3.2.0.192.in-addr._spf.example.com"},
      {"%{ir}.%{v}.%{l1r-}.lp._spf.%{d2}", "3.2.0.192.in-addr.strong.lp._spf.example.com"},
      {"%{d2}.trusted-domains.example.net", "example.com.trusted-domains.example.net"},
      {"%{h}", "mx.example.org"},
      {"%{p}", "unknown"},
      {"%{D2}", "example.com"},
      {"%{S}", "strong-bad%40email.example.com"},
      {"%%%_%-", "% %20"},
      {"%{c} %{r} %{t}", "192.0.2.3 receiver.example 1700000000"},
  };
  for (const Expansion& each : cases) EXPECT_EQ(expand_macros(each.text, of_the_rfc()), each.expected) << each.text;
}

TEST(SpfMacro, AnIpv6AddressIsDottedNibbles) {
  MacroValues values = of_the_rfc();
  values.address = *IpAddress::parse("2001:db8::cb01");
  EXPECT_EQ(expand_macros("%{ir}.%{v}._spf.%{d2}", values),
            "1.0.b.c.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6._spf.example.com");
  EXPECT_EQ(expand_macros("%{c}", values), "2001:db8::cb01");
}

TEST(SpfMacro, ALongNameLosesLabelsAtTheLeft) {
  MacroValues values = of_the_rfc();
  const std::string label(60, 'a');
  const std::string sender = label + "." + label + "." + label + "." + label + "@example.com";
  values.sender = sender;
  EXPECT_EQ(expand_domain("%{l}.Example.Com", values), label + "." + label + "." + label + ".example.com");
}

struct Syntax {
  const char* text;
  MacroUse use;
  bool good;
};

TEST(SpfMacro, SyntaxIsChecked) {
  const Syntax cases[] = {
      {"%{d}", MacroUse::DomainSpec, true},
      {"%{d}.example.com", MacroUse::DomainSpec, true},
      {"%{d}example", MacroUse::DomainSpec, false},
      {"%{d.}bc", MacroUse::DomainSpec, false},
      {"example.1com", MacroUse::DomainSpec, true},
      {"example.123", MacroUse::DomainSpec, false},
      {"%", MacroUse::DomainSpec, false},
      {"%{", MacroUse::DomainSpec, false},
      {"%{}", MacroUse::DomainSpec, false},
      {"%{d0}", MacroUse::DomainSpec, false},
      {"%{d99999999999999}", MacroUse::DomainSpec, true},
      {"%{dr2}", MacroUse::DomainSpec, false},
      {"%{d!}", MacroUse::DomainSpec, false},
      {"%{d.-+,/_=}", MacroUse::DomainSpec, true},
      {"%{x}.example.com", MacroUse::DomainSpec, false},
      {"%{c}.example.com", MacroUse::DomainSpec, false},
      {"%{c}", MacroUse::Value, true},
      {"", MacroUse::Value, true},
      {"with blanks", MacroUse::Value, false},
      {"with blanks from %{c}", MacroUse::Explanation, true},
      {"50% off", MacroUse::Explanation, false},
  };
  for (const Syntax& each : cases) EXPECT_EQ(check_macros(each.text, each.use).empty(), each.good) << each.text;
}

TEST(SpfMacro, ValidatedNamesAreSeen) {
  EXPECT_TRUE(needs_validated_name("%{p}.example.com"));
  EXPECT_TRUE(needs_validated_name("%{P2}.example.com"));
  EXPECT_FALSE(needs_validated_name("%{d}.p.example.com"));
}

}  // namespace
}  // namespace penstock::spf
