// SPDX-License-Identifier: Apache-2.0
#include "spf/check_host.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "spf/test/zone.h"

namespace penstock::spf {
namespace {

using testing::Zone;

Query from(const char* address, std::string domain = "example.com") {
  Query query;
  query.address = *IpAddress::parse(address);
  query.domain = std::move(domain);
  query.sender = "ann@example.com";
  query.helo = "mta.example.com";
  return query;
}

struct Case {
  const char* name;
  const char* zone;
  const char* address;
  Verdict verdict;
};

class SpfCheckHost : public ::testing::TestWithParam<Case> {};

TEST_P(SpfCheckHost, GivesTheVerdict) {
  const Case& each = GetParam();
  const Outcome outcome = Zone(each.zone).check(from(each.address));
  EXPECT_EQ(to_string(outcome.verdict), to_string(each.verdict)) << outcome.to_string();
}

using enum Verdict;
const Case kRecords[] = {
    {"NoName", "", "192.0.2.1", None},
    {"OtherTextOnly", "example.com TXT hello", "192.0.2.1", None},
    {"TwoRecords", "example.com TXT v=spf1 -all\nexample.com TXT v=spf1 +all", "192.0.2.1", PermError},
    {"OtherTextBeside", "example.com TXT hello\nexample.com TXT v=spf1 +all", "192.0.2.1", Pass},
    {"Trouble", "example.com TXT ~", "192.0.2.1", TempError},
    {"EmptyRecord", "example.com TXT v=spf1", "192.0.2.1", Neutral},
    {"SyntaxErrorBehindTheMatch", "example.com TXT v=spf1 ip4:192.0.2.1 moo -all", "192.0.2.1", PermError},
    {"Fail", "example.com TXT v=spf1 -all", "192.0.2.1", Fail},
    {"SoftFail", "example.com TXT v=spf1 ~all", "192.0.2.1", SoftFail},
    {"NeutralAll", "example.com TXT v=spf1 ?all", "192.0.2.1", Neutral},
    {"TermsAfterAllDoNotCount", "example.com TXT v=spf1 -all ip4:192.0.2.1", "192.0.2.1", Fail},
};
const Case kAddresses[] = {
    {"Ip4", "example.com TXT v=spf1 ip4:192.0.2.0/24 -all", "192.0.2.77", Pass},
    {"Ip4Outside", "example.com TXT v=spf1 ip4:192.0.2.0/25 -all", "192.0.2.177", Fail},
    {"Ip4HostBitsSet", "example.com TXT v=spf1 ip4:192.0.2.9/24 -all", "192.0.2.77", Pass},
    {"Ip4Everybody", "example.com TXT v=spf1 ip4:192.0.2.9/0 -all", "203.0.113.1", Pass},
    {"Ip4NotForIpv6", "example.com TXT v=spf1 ip4:192.0.2.9/0 -all", "2001:db8::1", Fail},
    {"Ip6", "example.com TXT v=spf1 ip6:2001:db8::/32 -all", "2001:db8:1::1", Pass},
    {"Ip6Outside", "example.com TXT v=spf1 ip6:2001:db8::/32 -all", "2001:db9::1", Fail},
    {"MappedAddressIsIpv4", "example.com TXT v=spf1 ip4:192.0.2.1 -all", "::ffff:192.0.2.1", Pass},
    {"A", "example.com TXT v=spf1 a -all\nexample.com A 192.0.2.1", "192.0.2.1", Pass},
    {"ASecondOfTwo", "example.com TXT v=spf1 a -all\nexample.com A 192.0.2.1\nexample.com A 192.0.2.2", "192.0.2.2",
     Pass},
    {"ANetwork", "example.com TXT v=spf1 a/24 -all\nexample.com A 192.0.2.1", "192.0.2.200", Pass},
    {"AIpv6", "example.com TXT v=spf1 a -all\nexample.com AAAA 2001:db8::1", "2001:db8::1", Pass},
    {"AIpv6Network", "example.com TXT v=spf1 a//64 -all\nexample.com AAAA 2001:db8::1", "2001:db8::2", Pass},
    {"AOtherName", "example.com TXT v=spf1 a:mta.example.net -all\nmta.example.net A 192.0.2.1", "192.0.2.1", Pass},
    {"AWithoutAddress", "example.com TXT v=spf1 a -all", "192.0.2.1", Fail},
    {"ATrouble", "example.com TXT v=spf1 a -all\nexample.com A ~", "192.0.2.1", TempError},
    {"Mx", "example.com TXT v=spf1 mx -all\nexample.com MX mx1.example.com\nmx1.example.com A 192.0.2.1", "192.0.2.1",
     Pass},
    {"MxSecondHost",
     "example.com TXT v=spf1 mx -all\nexample.com MX mx1.example.com\nexample.com MX mx2.example.com\n"
     "mx1.example.com A 192.0.2.1\nmx2.example.com A 192.0.2.2",
     "192.0.2.2", Pass},
    {"MxIsNotImplicit", "example.com TXT v=spf1 mx -all\nexample.com A 192.0.2.1", "192.0.2.1", Fail},
    {"MxTrouble", "example.com TXT v=spf1 mx -all\nexample.com MX ~", "192.0.2.1", TempError},
    {"MxHostTrouble", "example.com TXT v=spf1 mx -all\nexample.com MX mx1.example.com\nmx1.example.com A ~",
     "192.0.2.1", TempError},
    {"Exists", "example.com TXT v=spf1 exists:%{ir}.ok.example.com -all\n1.2.0.192.ok.example.com A 127.0.0.2",
     "192.0.2.1", Pass},
    {"ExistsNot", "example.com TXT v=spf1 exists:%{ir}.ok.example.com -all", "192.0.2.1", Fail},
    {"ExistsAsksForAOfIpv6Too", "example.com TXT v=spf1 exists:yes.example.com -all\nyes.example.com A 127.0.0.2",
     "2001:db8::1", Pass},
    {"Ptr", "example.com TXT v=spf1 ptr -all\n1.2.0.192.in-addr.arpa PTR mta.example.com\nmta.example.com A 192.0.2.1",
     "192.0.2.1", Pass},
    {"PtrNotConfirmed",
     "example.com TXT v=spf1 ptr -all\n1.2.0.192.in-addr.arpa PTR mta.example.com\nmta.example.com A 192.0.2.9",
     "192.0.2.1", Fail},
    {"PtrOfAnotherDomain",
     "example.com TXT v=spf1 ptr -all\n1.2.0.192.in-addr.arpa PTR mta.bexample.com\nmta.bexample.com A 192.0.2.1",
     "192.0.2.1", Fail},
    {"PtrTroubleIsNoMatch", "example.com TXT v=spf1 ptr -all\n1.2.0.192.in-addr.arpa PTR ~", "192.0.2.1", Fail},
};
const Case kDetours[] = {
    {"IncludePass", "example.com TXT v=spf1 include:b.example -all\nb.example TXT v=spf1 ip4:192.0.2.1 -all",
     "192.0.2.1", Pass},
    {"IncludeFailIsNoMatch", "example.com TXT v=spf1 include:b.example ~all\nb.example TXT v=spf1 -all", "192.0.2.1",
     SoftFail},
    {"IncludeSoftFailIsNoMatch", "example.com TXT v=spf1 include:b.example -all\nb.example TXT v=spf1 ~all",
     "192.0.2.1", Fail},
    {"IncludeNeutralIsNoMatch", "example.com TXT v=spf1 include:b.example -all\nb.example TXT v=spf1 ?all", "192.0.2.1",
     Fail},
    {"IncludeWithQualifier", "example.com TXT v=spf1 -include:b.example +all\nb.example TXT v=spf1 +all", "192.0.2.1",
     Fail},
    {"IncludeOfNothing", "example.com TXT v=spf1 include:b.example -all", "192.0.2.1", PermError},
    {"IncludeTrouble", "example.com TXT v=spf1 include:b.example -all\nb.example TXT ~", "192.0.2.1", TempError},
    {"IncludeBroken", "example.com TXT v=spf1 include:b.example -all\nb.example TXT v=spf1 moo", "192.0.2.1",
     PermError},
    {"IncludeBehindAMatchIsNotAsked", "example.com TXT v=spf1 ip4:192.0.2.1 include:b.example -all", "192.0.2.1", Pass},
    {"IncludeOfItself", "example.com TXT v=spf1 include:example.com -all", "192.0.2.1", PermError},
    {"Redirect", "example.com TXT v=spf1 redirect=b.example\nb.example TXT v=spf1 ip4:192.0.2.1 -all", "192.0.2.1",
     Pass},
    {"RedirectFail", "example.com TXT v=spf1 redirect=b.example\nb.example TXT v=spf1 -all", "192.0.2.1", Fail},
    {"RedirectOfNothing", "example.com TXT v=spf1 redirect=b.example", "192.0.2.1", PermError},
    {"RedirectBesideAll", "example.com TXT v=spf1 ?all redirect=b.example\nb.example TXT v=spf1 -all", "192.0.2.1",
     Neutral},
    {"RedirectStandsFirst", "example.com TXT v=spf1 redirect=b.example ip4:192.0.2.1\nb.example TXT v=spf1 -all",
     "192.0.2.1", Pass},
    {"RedirectWithinInclude",
     "example.com TXT v=spf1 include:b.example -all\nb.example TXT v=spf1 redirect=c.example\n"
     "c.example TXT v=spf1 ip4:192.0.2.1 -all",
     "192.0.2.1", Pass},
    {"RedirectToItself", "example.com TXT v=spf1 redirect=example.com", "192.0.2.1", PermError},
    {"MacroOfTheSender", "example.com TXT v=spf1 include:%{l}._spf.%{d} -all\nann._spf.example.com TXT v=spf1 +all",
     "192.0.2.1", Pass},
    {"ValidatedName",
     "example.com TXT v=spf1 exists:%{p}.ok.example.com -all\n1.2.0.192.in-addr.arpa PTR mta.example.com\n"
     "mta.example.com A 192.0.2.1\nmta.example.com.ok.example.com A 127.0.0.2",
     "192.0.2.1", Pass},
    {"UnknownValidatedName",
     "example.com TXT v=spf1 exists:%{p}.ok.example.com -all\nunknown.ok.example.com A 127.0.0.2", "192.0.2.1", Pass},
};

std::string name_of(const ::testing::TestParamInfo<Case>& info) {
  return info.param.name;
}
INSTANTIATE_TEST_SUITE_P(Records, SpfCheckHost, ::testing::ValuesIn(kRecords), name_of);
INSTANTIATE_TEST_SUITE_P(Addresses, SpfCheckHost, ::testing::ValuesIn(kAddresses), name_of);
INSTANTIATE_TEST_SUITE_P(Detours, SpfCheckHost, ::testing::ValuesIn(kDetours), name_of);

// `count` includes that match nobody, then one that does.
Zone includes(int count) {
  std::string record = "v=spf1";
  std::string zone;
  for (int i = 0; i < count; ++i) {
    record += fmt::format(" include:{}.example", static_cast<char>('a' + i));
    zone += fmt::format("{}.example TXT v=spf1 ip4:203.0.113.1 -all\n", static_cast<char>('a' + i));
  }
  return Zone(zone + "example.com TXT " + record + " ip4:192.0.2.1 -all");
}

TEST(SpfLimits, TenLookUpsAreAllowedAndElevenAreNot) {
  const Outcome ten = includes(10).check(from("192.0.2.1"));
  EXPECT_EQ(ten.verdict, Verdict::Pass) << ten.to_string();
  EXPECT_EQ(ten.lookups, 10);
  const Outcome eleven = includes(11).check(from("192.0.2.1"));
  EXPECT_EQ(eleven.verdict, Verdict::PermError);
  EXPECT_EQ(eleven.why, "more than 10 terms ask DNS; \"include:k.example\" is one too many");
}

TEST(SpfLimits, WalkingEverythingCountsWhatTheRecordCanCost) {
  Query query = from("203.0.113.1");
  EXPECT_EQ(includes(14).check(query).lookups, 1);
  query.walk = Walk::Everything;
  EXPECT_EQ(includes(14).check(query).lookups, 14);
}

TEST(SpfLimits, TwoVoidLookUpsAreAllowedAndThreeAreNot) {
  EXPECT_EQ(Zone("example.com TXT v=spf1 a:x.example a:y.example +all").check(from("192.0.2.1")).verdict,
            Verdict::Pass);
  const Outcome three =
      Zone("example.com TXT v=spf1 a:x.example a:y.example exists:z.example +all").check(from("192.0.2.1"));
  EXPECT_EQ(three.verdict, Verdict::PermError);
  EXPECT_EQ(three.why, "more than 2 look-ups found nothing; z.example is one too many");
}

TEST(SpfLimits, MoreThanTenMxHostsAreAnErrorAndMorePtrNamesAreCut) {
  std::string mx = "example.com TXT v=spf1 mx -all\n";
  std::string ptr = "example.com TXT v=spf1 ptr -all\n";
  for (int i = 0; i < 11; ++i) {
    mx += fmt::format("example.com MX m{}.example.com\n", i);
    ptr += fmt::format("1.2.0.192.in-addr.arpa PTR p{}.example.{}\np{}.example.{} A 192.0.2.1\n", i,
                       i == 10 ? "com" : "net", i, i == 10 ? "com" : "net");
  }
  EXPECT_EQ(Zone(mx).check(from("192.0.2.1")).verdict, Verdict::PermError);
  EXPECT_EQ(Zone(ptr).check(from("192.0.2.1")).verdict, Verdict::Fail);
}

TEST(SpfOutcome, NamesTheTermsThatDecided) {
  const Outcome outcome = Zone(
                              "example.com TXT v=spf1 include:x.example include:b.example -all\n"
                              "x.example TXT v=spf1 include:y.example -all\ny.example TXT v=spf1 -all\n"
                              "b.example TXT v=spf1 redirect=c.example\nc.example TXT v=spf1 ip4:192.0.2.0/24 -all")
                              .check(from("192.0.2.1"));
  EXPECT_EQ(outcome.to_string(),
            "pass: include:b.example of example.com, redirect=c.example of b.example, ip4:192.0.2.0/24 of c.example");
  EXPECT_EQ(outcome.lookups, 4);
}

TEST(SpfOutcome, SaysWhyThereIsNone) {
  EXPECT_EQ(Zone("").check(from("192.0.2.1")).to_string(), "none: example.com has no SPF record");
  EXPECT_EQ(Zone("").check(from("192.0.2.1", "localhost")).verdict, Verdict::None);
  EXPECT_EQ(Zone("").check(from("192.0.2.1", "a..example")).verdict, Verdict::None);
  EXPECT_EQ(
      Zone("example.com TXT v=spf1 include:b.example -all").check(from("192.0.2.1")).to_string(),
      "permerror: include:b.example of example.com; include:b.example leads nowhere: b.example has no SPF record");
}

TEST(SpfOutcome, AnExplanationIsThatOfTheRecordThatFails) {
  const char* zone =
      "example.com TXT v=spf1 include:b.example -all exp=why.%{d}\nb.example TXT v=spf1 -all exp=other.example\n"
      "why.example.com TXT %{i} is none of ours, says %{o} at %{t}\nother.example TXT no";
  Query query = from("192.0.2.1");
  query.unix_seconds = 7;
  EXPECT_EQ(Zone(zone).check(query).explanation, "192.0.2.1 is none of ours, says example.com at 7");
}

TEST(SpfOutcome, AnExplanationOfTheRedirectedRecordCounts) {
  const char* zone =
      "example.com TXT v=spf1 redirect=b.example exp=mine.example.com\nb.example TXT v=spf1 -all exp=why.b.example\n"
      "mine.example.com TXT mine\nwhy.b.example TXT theirs";
  EXPECT_EQ(Zone(zone).check(from("192.0.2.1")).explanation, "theirs");
}

TEST(SpfOutcome, ABadExplanationIsNone) {
  for (const char* text : {"why.example.com TXT 100% no", "why.example.com TXT one\nwhy.example.com TXT two",
                           "why.example.com TXT ~", "why.example.com TXT caf\xC3\xA9", ""}) {
    const Outcome outcome =
        Zone(std::string("example.com TXT v=spf1 -all exp=why.example.com\n") + text).check(from("192.0.2.1"));
    EXPECT_EQ(outcome.verdict, Verdict::Fail);
    EXPECT_EQ(outcome.explanation, "") << text;
  }
}

TEST(SpfCheck, ASenderWithoutLocalPartIsThePostmaster) {
  const Zone zone("example.com TXT v=spf1 exists:%{l}.ok.example.com -all\npostmaster.ok.example.com A 127.0.0.2");
  for (const char* sender : {"", "@example.com", "example.com"}) {
    Query query = from("192.0.2.1");
    query.sender = sender;
    EXPECT_EQ(zone.check(query).verdict, Verdict::Pass) << sender;
  }
}

TEST(SpfCheck, NamesCompareWithoutCaseAndFinalDot) {
  const Zone zone("example.com TXT v=spf1 mx -all\nexample.com MX MX1.Example.COM.\nmx1.example.com A 192.0.2.1");
  EXPECT_EQ(zone.check(from("192.0.2.1", "EXAMPLE.com.")).verdict, Verdict::Pass);
}

TEST(SpfCheck, HostsOfAnMxAreAskedInOneRound) {
  std::string lines = "example.com TXT v=spf1 mx -all\n";
  for (int i = 0; i < 10; ++i)
    lines += fmt::format("example.com MX m{}.example.com\nm{}.example.com A 192.0.2.9\n", i, i);
  int rounds = 0;
  EXPECT_EQ(Zone(lines).check(from("192.0.2.1"), &rounds).verdict, Verdict::Fail);
  EXPECT_EQ(rounds, 3);
}

}  // namespace
}  // namespace penstock::spf
