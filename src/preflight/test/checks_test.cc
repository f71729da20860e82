// SPDX-License-Identifier: Apache-2.0
// The checks against a scripted DNS. What needs receivers is in test/e2e/test_preflight.py.
#include "preflight/checks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "base/test/temp_folder.h"
#include "dkim/key_pair.h"
#include "dkim/key_record.h"
#include "net/test/certificates.h"
#include "preflight/test/world_of.h"

namespace penstock::preflight {
namespace {

using ::testing::HasSubstr;

using PtrCheck = WorldTest;

TEST_F(PtrCheck, ANameThatLeadsBackPasses) {
  ptr("10.2.0.192.in-addr.arpa", {"mta1.example.com"});
  dns_.a("mta1.example.com", {"192.0.2.9", "192.0.2.10"});
  EXPECT_EQ(one(check_ptr(world_, identity("192.0.2.10"))).level, Level::Pass);
}

TEST_F(PtrCheck, NoNameFailsAndTheRecordIsShown) {
  const Finding found = one(check_ptr(world_, identity("192.0.2.10")));
  EXPECT_EQ(found.level, Level::Fail);
  EXPECT_THAT(found.mend, HasSubstr("\n10.2.0.192.in-addr.arpa. IN PTR mta1.example.com."));
}

TEST_F(PtrCheck, ANameThatLeadsElsewhereFails) {
  ptr("10.2.0.192.in-addr.arpa", {"mta1.example.com"});
  dns_.a("mta1.example.com", {"192.0.2.11"});
  const Finding found = one(check_ptr(world_, identity("192.0.2.10")));
  EXPECT_EQ(found.level, Level::Fail);
  EXPECT_EQ(found.what, "192.0.2.10 is called mta1.example.com, but that name does not lead back to it");
}

TEST_F(PtrCheck, AGenericNameAndTroubleAreWarnings) {
  ptr("10.2.0.192.in-addr.arpa", {"host-192-0-2-10.pool.example.net"});
  dns_.a("host-192-0-2-10.pool.example.net", {"192.0.2.10"});
  EXPECT_EQ(one(check_ptr(world_, identity("192.0.2.10"))).level, Level::Warn);
  dns_.fail("10.2.0.192.in-addr.arpa", dns::Status::TimedOut);
  EXPECT_EQ(one(check_ptr(world_, identity("192.0.2.10"))).level, Level::Warn);
}

TEST_F(PtrCheck, Ipv6HasItsOwnZone) {
  ptr("1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa", {"mta1.example.com"});
  dns_.aaaa("mta1.example.com", {"2001:db8::1"});
  EXPECT_EQ(one(check_ptr(world_, identity("2001:db8::1"))).level, Level::Pass);
}

class MessageCheck : public ::testing::Test {
 protected:
  explicit MessageCheck()
      : config_(*config_of(std::string(kLeast) + R"(dkim = "from"
marketing = true
unsubscribe = { add = "missing", url = "https://shop.example/u/" }
[[dkim]]
domain = "shop.example"
selector = "s1"
key_file = "/k/1.pem"
)")) {}
  Findings check(const std::string& message, const std::string& sender = "news@shop.example") const {
    return check_message(config_, config_.streams.front(), {"sample.eml", message, sender},
                         Time{std::chrono::hours{1}});
  }
  static std::vector<std::string> words(const Findings& findings) {
    std::vector<std::string> out;
    for (const Finding& each : findings) out.push_back(std::string(to_string(each.level)) + " " + each.what);
    return out;
  }
  const std::string good_ =
      "From: news@shop.example\r\nDate: Thu, 01 Jan 2026 00:00:00 +0000\r\nMessage-ID: <1@shop.example>\r\n"
      "Feedback-ID: a:b:c:d\r\n\r\nhello\r\n";
  config::Config config_;
};

TEST_F(MessageCheck, AGoodOnePassesWithWhatTheStreamAdds) {
  EXPECT_EQ(words(check(good_)),
            (std::vector<std::string>{"pass it is as stream default and large receivers want it"}));
}

TEST_F(MessageCheck, FaultsAreToldWithTheRemedyWhateverTheModeIs) {
  const std::string broken = "From: news@elsewhere.example\r\nSubject: x\r\nSubject: y\r\n\r\nhello\r\n";
  Findings found = check(broken);
  EXPECT_EQ(words(found),
            (std::vector<std::string>{
                "fail repeated-field: more than one Subject", "warn feedback-id: there is no Feedback-ID field",
                "fail dkim: no DKIM key signs for elsewhere.example or its organisation",
                "warn envelope-domain: the envelope sender's domain, shop.example, is not of elsewhere.example's "
                "organisation"}));
  for (const Finding& each : found) EXPECT_FALSE(each.mend.empty()) << each.what;
  config_.streams.front().bulk_rules = config::BulkRules::Refuse;
  found = check(broken);
  EXPECT_EQ(found.at(1).level, Level::Fail);
  EXPECT_THAT(found.at(1).what, HasSubstr("; it would be refused"));
  config_.streams.front().bulk_rules = config::BulkRules::Fix;
  config_.streams.front().feedback_id = "shop";
  EXPECT_THAT(words(check(broken)),
              ::testing::Contains("pass feedback-id: mended when it is taken (bulk_rules = \"fix\")"));
}

TEST_F(MessageCheck, TheSenderIsNamedOrTakenFromReturnPathOrNotKnown) {
  EXPECT_THAT(words(check(good_, "x@elsewhere.example")), ::testing::Contains(HasSubstr("envelope-domain: the")));
  EXPECT_THAT(words(check("Return-Path: <x@elsewhere.example>\r\n" + good_, "")),
              ::testing::Contains(HasSubstr("envelope-domain: the")));
  EXPECT_THAT(words(check(good_, "")), ::testing::Contains(HasSubstr("skip envelope-domain")));
}

TEST(BulkCheck, MarketingThatIsSetUpPassesAndEachGapIsTold) {
  config::Stream stream;
  stream.name = "news";
  stream.marketing = true;
  const auto found = check_bulk(stream);
  ASSERT_EQ(found.size(), 4U);
  EXPECT_THAT(found[0].what, HasSubstr("none of it is checked"));
  EXPECT_THAT(found[1].what, HasSubstr("List-Unsubscribe-Post"));
  EXPECT_EQ(found[2].level, Level::Fail);
  EXPECT_THAT(found[3].what, HasSubstr("Feedback-ID"));
  for (const Finding& each : found) EXPECT_FALSE(each.mend.empty());
  stream.bulk_rules = config::BulkRules::Refuse;
  stream.unsubscribe.add = config::UnsubscribeAdd::Missing;
  stream.dkim = {"from"};
  stream.feedback_id = "shop";
  const auto good = check_bulk(stream);
  ASSERT_EQ(good.size(), 1U);
  EXPECT_EQ(good[0].level, Level::Pass);
}

class DnssecCheck : public WorldTest {
 protected:
  DnssecCheck() { std::ofstream(folder_.file("root.key")) << ". IN DS 20326 8 2 E06D\n"; }
  Finding check(const char* anchor = "root.key") {
    const World world{*config_, dns_, shards_[0], clock_, folder_.file(anchor)};
    return one(check_dnssec(world));
  }
  const TempFolder folder_;
};

TEST_F(DnssecCheck, AProvenZonePasses) {
  soa(kSignedZone, "ns.example");
  dns_.set_secure(true);
  EXPECT_EQ(check().level, Level::Pass);
}

TEST_F(DnssecCheck, WithoutAnAnchorItIsSaidWhatToInstall) {
  soa(kSignedZone, "ns.example");
  dns_.set_secure(true);
  const Finding found = check("none.key");
  EXPECT_EQ(found.level, Level::Warn);
  EXPECT_THAT(found.what, HasSubstr("no TLSA record is obeyed"));
  EXPECT_THAT(found.mend, HasSubstr("dns-root-data"));
}

TEST_F(DnssecCheck, ResolversThatTakeSignaturesOutAreAWarning) {
  soa(kSignedZone, "ns.example");
  const Finding found = check();
  EXPECT_EQ(found.level, Level::Warn);
  EXPECT_THAT(found.what, HasSubstr("should be proven and is not"));
}

TEST_F(DnssecCheck, ForgedAnswersFailAndTroubleIsAWarning) {
  dns_.fail(kSignedZone, dns::Status::Bogus);
  EXPECT_EQ(check().level, Level::Fail);
  dns_.fail(kSignedZone, dns::Status::TimedOut);
  EXPECT_EQ(check().level, Level::Warn);
}

using EhloCheck = WorldTest;

TEST_F(EhloCheck, TheNameLeadsToTheAddress) {
  dns_.a("mta1.example.com", {"192.0.2.10"});
  EXPECT_EQ(one(check_ehlo(world_, identity("192.0.2.10"))).level, Level::Pass);
  EXPECT_EQ(one(check_ehlo(world_, identity("192.0.2.11"))).level, Level::Warn);
  EXPECT_EQ(one(check_ehlo(world_, identity("192.0.2.10", "none.example.com"))).level, Level::Fail);
  EXPECT_EQ(one(check_ehlo(world_, identity("192.0.2.10", "localhost"))).level, Level::Fail);
}

using SourceCheck = WorldTest;

TEST_F(SourceCheck, OnlyAnAddressOfTheMachinePasses) {
  EXPECT_EQ(one(check_source(world_, identity("127.0.0.1"))).level, Level::Pass);
  EXPECT_EQ(one(check_source(world_, identity("192.0.2.10"))).level, Level::Fail);
  EXPECT_EQ(one(check_source(world_, {"v1", "mta1.example.com", std::nullopt, true})).level, Level::Fail);
}

TEST(PrivateAddress, IsThatOfNoInternet) {
  for (const char* text : {"10.0.0.1", "172.31.0.1", "192.168.1.1", "100.64.0.1", "fd00::1"}) {
    EXPECT_TRUE(is_private(*IpAddress::parse(text))) << text;
  }
  for (const char* text : {"172.32.0.1", "192.0.2.1", "2001:db8::1"}) {
    EXPECT_FALSE(is_private(*IpAddress::parse(text))) << text;
  }
}

using BlocklistCheck = WorldTest;

TEST_F(BlocklistCheck, ListedIsAFailureWithTheReason) {
  dns_.a("10.2.0.192.bl.example", {"127.0.0.2"});
  dns_.txt("10.2.0.192.bl.example", {"see https://bl.example/192.0.2.10"});
  const Finding found = one(check_blocklist(world_, "192.0.2.10", "bl.example"));
  EXPECT_EQ(found.level, Level::Fail);
  EXPECT_EQ(found.what, "192.0.2.10 is in bl.example (127.0.0.2): see https://bl.example/192.0.2.10");
  EXPECT_EQ(one(check_blocklist(world_, "192.0.2.11", "bl.example")).level, Level::Pass);
}

TEST_F(BlocklistCheck, DomainsAreAskedAsTheyAre) {
  dns_.a("shop.example.dbl.example", {"127.0.1.2"});
  EXPECT_EQ(one(check_blocklist(world_, "shop.example", "dbl.example")).level, Level::Fail);
}

TEST_F(BlocklistCheck, ARefusalOrNonsenseIsNoListing) {
  dns_.a("10.2.0.192.bl.example", {"127.255.255.254"});
  EXPECT_EQ(one(check_blocklist(world_, "192.0.2.10", "bl.example")).level, Level::Warn);
  dns_.a("10.2.0.192.bl.example", {"198.51.100.1"});
  EXPECT_EQ(one(check_blocklist(world_, "192.0.2.10", "bl.example")).level, Level::Warn);
  dns_.fail("10.2.0.192.bl.example", dns::Status::ServFail);
  EXPECT_EQ(one(check_blocklist(world_, "192.0.2.10", "bl.example")).level, Level::Warn);
}

using SpfCheck = WorldTest;

TEST_F(SpfCheck, AddressesWithOneOutcomeAreToldTogether) {
  dns_.txt("b.example.com", {"v=spf1 include:_spf.example.net -all"});
  dns_.txt("_spf.example.net", {"v=spf1 ip4:192.0.2.0/28 -all"});
  const Findings found =
      run(check_spf(world_, {"b.example.com", {identity("192.0.2.1"), identity("192.0.2.2"), identity("192.0.2.99")}}));
  ASSERT_EQ(found.size(), 3U);
  EXPECT_EQ(found[0].what, "b.example.com does not let 192.0.2.99 send: fail: -all of b.example.com");
  EXPECT_THAT(found[0].mend, HasSubstr("\nip4:192.0.2.99"));
  EXPECT_EQ(found[1].what, "b.example.com lets 192.0.2.1 and 192.0.2.2 send, by ip4:192.0.2.0/28 of _spf.example.net");
  EXPECT_EQ(found[2].what, "the record of b.example.com needs 1 of 10 look-ups");
}

TEST_F(SpfCheck, RecordThatLetsEverybodyPassIsWarnedOf) {
  dns_.txt("open.example", {"v=spf1 ip4:192.0.2.1 include:all.example -all"});
  dns_.txt("all.example", {"v=spf1 +all"});
  dns_.txt("net.example", {"v=spf1 ip6:::/0 ip4:192.0.2.1 -all"});
  for (const auto& [domain, term] :
       {std::pair{"open.example", "+all of all.example"}, std::pair{"net.example", "ip6:::/0 of net.example"}}) {
    const Findings found = run(check_spf(world_, {domain, {identity("192.0.2.1")}}));
    ASSERT_EQ(found.size(), 3U) << domain;
    EXPECT_EQ(found[0].level, Level::Pass);
    EXPECT_EQ(found[1].level, Level::Warn);
    EXPECT_THAT(found[1].what, HasSubstr(std::string("lets everybody send, by ") + term)) << domain;
  }
}

TEST_F(SpfCheck, NoRecordIsShownOne) {
  const Finding found = one(check_spf(world_, {"b.example.com", {identity("192.0.2.1"), identity("2001:db8::1")}}));
  EXPECT_EQ(found.level, Level::Fail);
  EXPECT_THAT(found.mend, HasSubstr("b.example.com. IN TXT \"v=spf1 ip4:192.0.2.1 ip6:2001:db8::1 -all\""));
}

TEST_F(SpfCheck, TooManyLookUpsFailThoughTheAddressIsReachedBefore) {
  std::string record = "v=spf1 ip4:192.0.2.1";
  for (char c = 'a'; c <= 'k'; ++c) {
    record += std::string(" include:") + c + ".example";
    dns_.txt(std::string(1, c) + ".example", {"v=spf1 ip4:203.0.113.1 -all"});
  }
  dns_.txt("b.example.com", {record + " -all"});
  const Findings found = run(check_spf(world_, {"b.example.com", {identity("192.0.2.1")}}));
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].level, Level::Pass);
  EXPECT_EQ(found[1].level, Level::Fail);
  EXPECT_EQ(found[1].what, "the record of b.example.com needs 11 look-ups; 10 are allowed");
}

class DmarcCheck : public WorldTest {
 protected:
  Findings check(const std::string& record, std::vector<std::string> signers, std::string envelope) {
    if (!record.empty()) dns_.txt("_dmarc.example.com", {record});
    SenderDomain domain{"news.example.com", {}, {{"marketing", std::move(signers), {std::move(envelope)}}}};
    return run(check_dmarc(world_, std::move(domain)));
  }
};

TEST_F(DmarcCheck, ARecordAndBothAlignedPass) {
  const Findings found = check("v=DMARC1; p=none; rua=mailto:d@example.com", {"example.com"}, "bounces.example.com");
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].level, Level::Pass) << found[0].what;
  EXPECT_EQ(found[1].level, Level::Pass) << found[1].what;
}

TEST_F(DmarcCheck, NoRecordFails) {
  const Findings found = check("", {"example.com"}, "bounces.example.com");
  EXPECT_EQ(found[0].level, Level::Fail);
  EXPECT_THAT(found[0].mend, HasSubstr("_dmarc.example.com. IN TXT \"v=DMARC1; p=none;"));
}

TEST_F(DmarcCheck, StrictAlignmentIsKept) {
  const Findings found = check("v=DMARC1; p=reject; adkim=s; rua=mailto:d@example.com", {"example.com"}, "example.com");
  EXPECT_EQ(found[1].level, Level::Warn);
  EXPECT_THAT(found[1].what, HasSubstr("no signature fits news.example.com"));
}

TEST_F(DmarcCheck, NeitherAlignedFails) {
  const Findings found = check("v=DMARC1; p=none", {"operator.example"}, "operator.example");
  EXPECT_EQ(found[0].level, Level::Warn);  // nobody gets the reports
  EXPECT_EQ(found[1].level, Level::Fail);
  EXPECT_THAT(found[1].what, HasSubstr("neither fits news.example.com"));
}

class DkimCheck : public WorldTest {
 protected:
  explicit DkimCheck(const std::string& config = kLeast) : WorldTest(config) {
    key_.domain = "example.com";
    key_.selector = "s1";
    key_.key_file = folder_.path() + "/key.pem";
    std::ofstream(key_.key_file) << pair_.to_pem();
    ::chmod(key_.key_file.c_str(), 0600);
  }
  std::string record() const { return dkim::format_key_record(pair_.type(), pair_.public_key()); }

  TempFolder folder_;
  dkim::KeyPair pair_ = *dkim::KeyPair::generate(dkim::KeyType::Ed25519);
  config::Dkim key_;
};

TEST_F(DkimCheck, TheKeyHereMustBeTheOneInDns) {
  EXPECT_EQ(one(check_dkim(world_, key_)).level, Level::Fail);
  EXPECT_THAT(one(check_dkim(world_, key_)).mend,
              HasSubstr("\ns1._domainkey.example.com. IN TXT \"v=DKIM1; k=ed25519;"));
  dns_.txt("s1._domainkey.example.com", {record()});
  EXPECT_EQ(one(check_dkim(world_, key_)).level, Level::Pass);
  dns_.txt("s1._domainkey.example.com", {record() + "; t=y"});
  EXPECT_EQ(one(check_dkim(world_, key_)).level, Level::Warn);
  dns_.fail("s1._domainkey.example.com", dns::Status::TimedOut);
  EXPECT_EQ(one(check_dkim(world_, key_)).level, Level::Warn);
}

class ReportKeyCheck : public DkimCheck {
 protected:
  ReportKeyCheck()
      : DkimCheck(std::string(kLeast) + R"([[stream]]
name = "reports"
pool = "main"
[tls_report]
organization = "Example Corp"
contact = "tls@example.com"
stream = "reports"
)") {}
};

TEST_F(ReportKeyCheck, AKeyForReportsOfTlsSaysSo) {
  dns_.txt("s1._domainkey.example.com", {record() + "; s=tlsrpt"});
  EXPECT_EQ(one(check_dkim(world_, key_)).level, Level::Fail);  // it signs other mail too
  key_.streams = {"reports"};
  EXPECT_EQ(one(check_dkim(world_, key_)).level, Level::Pass);
  dns_.txt("s1._domainkey.example.com", {record()});
  const Finding found = one(check_dkim(world_, key_));
  EXPECT_EQ(found.level, Level::Warn);
  EXPECT_THAT(found.mend, HasSubstr("s=tlsrpt"));
}

TEST_F(DkimCheck, AKeyOfTheFutureMayBeMissing) {
  key_.sign = clock_.wall() + std::chrono::days{3};
  EXPECT_EQ(one(check_dkim(world_, key_)).level, Level::Warn);
  key_.publish = clock_.wall() + std::chrono::days{1};
  EXPECT_EQ(one(check_dkim(world_, key_)).level, Level::Skip);
}

TEST_F(DkimCheck, AFileThatCannotBeUsedFails) {
  ::chmod(key_.key_file.c_str(), 0644);
  EXPECT_EQ(one(check_dkim(world_, key_)).level, Level::Fail);
  key_.key_file += ".none";
  EXPECT_EQ(one(check_dkim(world_, key_)).level, Level::Fail);
}

TEST_F(DkimCheck, AShortKeyIsAWarning) {
  const auto pair = *dkim::KeyPair::generate(dkim::KeyType::Rsa, 1024);
  std::ofstream(key_.key_file) << pair.to_pem();
  dns_.txt("s1._domainkey.example.com", {dkim::format_key_record(pair.type(), pair.public_key())});
  const Finding found = one(check_dkim(world_, key_));
  EXPECT_EQ(found.level, Level::Warn);
  EXPECT_THAT(found.what, HasSubstr("1024 bits"));
}

using SoaCheck = WorldTest;

TEST_F(SoaCheck, AZoneAboveIsEnoughUpToTheOrganisation) {
  soa("example.com", "ns1.example.com");
  EXPECT_EQ(one(check_soa(world_, "a.bounces.example.com")).level, Level::Pass);
  soa("net", "a.nic.net");
  EXPECT_EQ(one(check_soa(world_, "bounces.example.net")).level, Level::Fail);
}

using MxCheck = WorldTest;

TEST_F(MxCheck, ADomainWithoutHostsFails) {
  const Finding none = one(check_mx(world_, "bounces.example.com"));
  EXPECT_EQ(none.level, Level::Fail);
  EXPECT_THAT(none.mend, HasSubstr("bounces.example.com. IN MX 10 mta1.example.com."));
  dns_.fail("bounces.example.com", dns::Status::ServFail);
  EXPECT_EQ(one(check_mx(world_, "bounces.example.com")).level, Level::Warn);
}

class ClosedPort : public WorldTest {
 protected:
  // Port 1 of loopback is nobody's.
  ClosedPort() : WorldTest(std::string(kLeast) + "[client]\nmx_port = 1\n") {}
};

TEST_F(ClosedPort, IsNeitherAnMxNorAWayOut) {
  dns_.mx("bounces.example.com", {{10, "mx.example.com"}});
  dns_.a("mx.example.com", {"127.0.0.1"});
  const Finding mx = one(check_mx(world_, "bounces.example.com"));
  EXPECT_EQ(mx.level, Level::Fail);
  EXPECT_THAT(mx.what, HasSubstr("mx.example.com of bounces.example.com takes no connection on port 1"));
  const Finding reach = one(check_reach(world_, identity("127.0.0.1"), "bounces.example.com"));
  EXPECT_EQ(reach.level, Level::Fail);
  EXPECT_THAT(reach.mend, HasSubstr("\nnc -vz -s 127.0.0.1 127.0.0.1 1"));
}

TEST_F(ClosedPort, ADomainThatIsNotFoundSaysNothingOfTheWayOut) {
  EXPECT_EQ(one(check_reach(world_, identity("127.0.0.1"), "none.example")).level, Level::Warn);
  dns_.mx("four.example", {{10, "mx.example.com"}});
  dns_.a("mx.example.com", {"127.0.0.1"});
  EXPECT_EQ(one(check_reach(world_, identity("::1"), "four.example")).level, Level::Skip);
}

class TlsCheck : public WorldTest {
 protected:
  Finding check(const std::string& host, const std::string& certificate) {
    listener_.hostname = host;
    listener_.tls_cert_file = certificates_.certificate(certificate);
    listener_.tls_key_file = certificates_.key(certificate);
    return one(check_tls(world_, listener_));
  }
  net::Certificates certificates_;
  config::Listener listener_;
};

TEST_F(TlsCheck, NameAndDatesCount) {
  const long day = 24 * 3600;
  certificates_.add("mx.example.com", -60, 90 * day);
  certificates_.add("soon.example.com", -60, 3 * day);
  certificates_.add("past.example.com", -2 * day, -day);
  certificates_.add("later.example.com", day, 90 * day);
  // Certificates are made by the machine's clock.
  const Time now = SystemClock().wall();
  clock_.advance(now - clock_.wall());
  EXPECT_EQ(check("mx.example.com", "mx.example.com").level, Level::Pass);
  EXPECT_EQ(check("other.example.com", "mx.example.com").what,
            "the certificate is for mx.example.com, not for other.example.com");
  EXPECT_EQ(check("soon.example.com", "soon.example.com").level, Level::Warn);
  EXPECT_EQ(check("past.example.com", "past.example.com").level, Level::Fail);
  EXPECT_EQ(check("later.example.com", "later.example.com").level, Level::Fail);
  EXPECT_EQ(check("none.example.com", "none.example.com").level, Level::Fail);
}

using ClockCheck = WorldTest;

TEST_F(ClockCheck, AClockYearsBehindFails) {
  EXPECT_NE(one(check_clock(world_)).level, Level::Fail);
  FakeClock old{Time{std::chrono::seconds{1'000'000'000}}};
  const World past{*config_, dns_, shards_[0], old};
  EXPECT_EQ(one(check_clock(past)).level, Level::Fail);
}

}  // namespace
}  // namespace penstock::preflight
