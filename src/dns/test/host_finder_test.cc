// SPDX-License-Identifier: Apache-2.0
#include "dns/host_finder.h"

#include <gtest/gtest.h>

#include "dns/fake_resolver.h"
#include "dns/test/run_task.h"

namespace penstock::dns {
namespace {

using namespace std::chrono_literals;

class HostFinderTest : public ::testing::Test {
 protected:
  RouteAnswer find(const std::string& domain, std::vector<std::string> own_names = {}) {
    const HostFinder finder(dns_, own_names);
    return run(shards_[0], finder.find(shards_[0], domain));
  }
  Hosts hosts(const std::string& domain, std::vector<std::string> own_names = {}) {
    RouteAnswer got = find(domain, std::move(own_names));
    EXPECT_TRUE(std::holds_alternative<Hosts>(got)) << describe(got);
    return std::holds_alternative<Hosts>(got) ? std::get<Hosts>(got) : Hosts{};
  }
  void expect_invalid(const std::string& domain, InvalidClass cause, std::vector<std::string> own_names = {}) {
    const RouteAnswer got = find(domain, std::move(own_names));
    ASSERT_TRUE(std::holds_alternative<Invalid>(got)) << domain << ": " << describe(got);
    EXPECT_EQ(to_string(std::get<Invalid>(got).cause), to_string(cause)) << describe(got);
  }
  void expect_deferred(const std::string& domain, const std::string& part_of_reason) {
    const RouteAnswer got = find(domain);
    ASSERT_TRUE(std::holds_alternative<Deferred>(got)) << domain << ": " << describe(got);
    EXPECT_NE(describe(got).find(part_of_reason), std::string::npos) << describe(got);
  }
  static std::string describe(const RouteAnswer& answer) {
    if (const auto* hosts = std::get_if<Hosts>(&answer)) return "hosts " + hosts->site;
    if (const auto* deferred = std::get_if<Deferred>(&answer)) return deferred->reason;
    return std::get<Invalid>(answer).reason;
  }
  static std::vector<std::string> names(const Hosts& hosts) {
    std::vector<std::string> names;
    names.reserve(hosts.hosts.size());
    for (const Host& host : hosts.hosts) names.push_back(host.name);
    return names;
  }

  FakeResolver dns_;
  net::ShardSet shards_{1};
};

using Names = std::vector<std::string>;

TEST_F(HostFinderTest, MxHostsComeByPreferenceWithAllAddresses) {
  dns_.mx("big.example", {{20, "backup.big.example"}, {10, "mx2.big.example"}, {10, "mx1.big.example"}}, 600s);
  dns_.a("mx1.big.example", {"192.0.2.12", "192.0.2.11"}, 400s);
  dns_.aaaa("mx1.big.example", {"2001:db8::11"}, 500s);
  dns_.a("mx2.big.example", {"192.0.2.2"}, 500s);
  dns_.a("backup.big.example", {"192.0.2.3"}, 500s);
  const Hosts got = hosts("Big.Example.");
  EXPECT_EQ(names(got), (Names{"mx1.big.example", "mx2.big.example", "backup.big.example"}));
  EXPECT_EQ(got.site, "backup.big.example,mx1.big.example,mx2.big.example");
  const std::vector<Address> wanted{
      {Family::V4, "192.0.2.11"}, {Family::V4, "192.0.2.12"}, {Family::V6, "2001:db8::11"}};
  EXPECT_EQ(got.hosts[0].addresses, wanted);
  EXPECT_EQ(got.hosts[0].preference, 10);
  EXPECT_EQ(got.ttl, 400s);
  EXPECT_FALSE(got.implicit);
}

TEST_F(HostFinderTest, SameHostsGiveTheSameSiteWhateverTheirOrderAndPreference) {
  dns_.a("mx1.isp.example", {"192.0.2.1"});
  dns_.a("mx2.isp.example", {"192.0.2.2"});
  dns_.mx("one.example", {{10, "mx1.isp.example"}, {20, "mx2.isp.example"}});
  dns_.mx("two.example", {{5, "MX2.ISP.EXAMPLE"}, {5, "mx1.isp.example"}, {50, "mx2.isp.example"}});
  EXPECT_EQ(hosts("one.example").site, hosts("two.example").site);
  EXPECT_EQ(names(hosts("two.example")), (Names{"mx1.isp.example", "mx2.isp.example"}));  // each once, at its best
}

TEST_F(HostFinderTest, SiteStaysWhenSomeHostHasNoAddressJustNow) {
  dns_.mx("big.example", {{10, "mx1.big.example"}, {20, "mx2.big.example"}});
  dns_.a("mx1.big.example", {"192.0.2.1"});
  dns_.a("mx2.big.example", {"192.0.2.2"});
  const std::string site = hosts("big.example").site;
  dns_.fail("mx1.big.example", Status::TimedOut);
  const Hosts got = hosts("big.example");
  EXPECT_EQ(got.site, site);
  EXPECT_TRUE(got.hosts[0].addresses.empty());
  EXPECT_LE(got.ttl, 60s);  // so that the better host is soon used again
}

TEST_F(HostFinderTest, NoMxUsesTheDomainsOwnAddress) {
  dns_.a("small.example", {"192.0.2.9"});
  const Hosts got = hosts("small.example");
  EXPECT_TRUE(got.implicit);
  EXPECT_EQ(names(got), Names{"small.example"});
  EXPECT_EQ(got.site, "small.example");
  EXPECT_EQ(got.hosts[0].addresses, (std::vector<Address>{{Family::V4, "192.0.2.9"}}));
}

TEST_F(HostFinderTest, NoMxAndOnlyIpv6AddressIsEnough) {
  dns_.aaaa("six.example", {"2001:db8::6"});
  EXPECT_EQ(hosts("six.example").hosts[0].addresses, (std::vector<Address>{{Family::V6, "2001:db8::6"}}));
}

TEST_F(HostFinderTest, MissingDomainIsFinal) {
  expect_invalid("gone.example", InvalidClass::NoSuchDomain);
}

TEST_F(HostFinderTest, NoMxIsNotTakenForAMissingDomain) {
  dns_.txt("texts.example", {"v=spf1 -all"});
  expect_invalid("texts.example", InvalidClass::NoHost);
}

TEST_F(HostFinderTest, NullMxIsFinal) {
  dns_.mx("nomail.example", {{0, "."}});
  dns_.a("nomail.example", {"192.0.2.9"});
  expect_invalid("nomail.example", InvalidClass::NullMx);
  EXPECT_EQ(enhanced_code(InvalidClass::NullMx), "5.1.10");
}

TEST_F(HostFinderTest, NullMxBesideOthersIsPassedOver) {
  dns_.mx("odd.example", {{0, "."}, {10, "mx.odd.example"}});
  dns_.a("mx.odd.example", {"192.0.2.9"});
  EXPECT_EQ(names(hosts("odd.example")), Names{"mx.odd.example"});
}

TEST_F(HostFinderTest, MxThatIsAnAliasIsFollowedAndKeepsItsName) {
  dns_.mx("alias.example", {{10, "mx.alias.example"}});
  dns_.cname("mx.alias.example", "real.isp.example");
  dns_.a("real.isp.example", {"192.0.2.5"});
  const Hosts got = hosts("alias.example");
  EXPECT_EQ(names(got), Names{"mx.alias.example"});
  EXPECT_EQ(got.hosts[0].addresses, (std::vector<Address>{{Family::V4, "192.0.2.5"}}));
}

TEST_F(HostFinderTest, DomainThatIsAnAliasTakesTheMxOfItsTarget) {
  dns_.cname("www.brand.example", "brand.example");
  dns_.mx("brand.example", {{10, "mx.brand.example"}});
  dns_.a("mx.brand.example", {"192.0.2.5"});
  EXPECT_EQ(names(hosts("www.brand.example")), Names{"mx.brand.example"});
}

TEST_F(HostFinderTest, AliasesOfOneHostWithoutMxShareASite) {
  dns_.cname("a.example", "host.example");
  dns_.cname("b.example", "host.example");
  dns_.a("host.example", {"192.0.2.5"});
  EXPECT_EQ(hosts("a.example").site, "host.example");
  EXPECT_EQ(hosts("a.example").site, hosts("b.example").site);
}

TEST_F(HostFinderTest, TroubleWithTheMxLookUpIsTemporary) {
  dns_.a("big.example", {"192.0.2.1"});  // must not be taken for an implicit MX
  for (const Status status : {Status::ServFail, Status::TimedOut, Status::Bogus}) {
    dns_.fail("big.example", status);
    expect_deferred("big.example", std::string(to_string(status)));
  }
}

TEST_F(HostFinderTest, ForgedAnswerSaysWhy) {
  Answer bogus;
  bogus.status = Status::Bogus;
  bogus.why = "signature expired";
  dns_.set("big.example", RecordType::Mx, bogus);
  expect_deferred("big.example", "signature expired");
}

TEST_F(HostFinderTest, OneHostMissingIsNoMatterWhileAnotherHasAnAddress) {
  dns_.mx("big.example", {{10, "gone.big.example"}, {20, "mx2.big.example"}});
  dns_.a("mx2.big.example", {"192.0.2.2"});
  const Hosts got = hosts("big.example");
  EXPECT_TRUE(got.hosts[0].addresses.empty());
  EXPECT_EQ(got.hosts[1].addresses.size(), 1U);
  EXPECT_EQ(got.ttl, FakeResolver::kTtl);
}

TEST_F(HostFinderTest, NoHostWithAnAddressIsTemporaryIfOneOfThemIsInTrouble) {
  dns_.mx("big.example", {{10, "gone.big.example"}, {20, "mx2.big.example"}});
  dns_.fail("mx2.big.example", Status::ServFail);
  expect_deferred("big.example", "mx2.big.example");
}

TEST_F(HostFinderTest, NoHostWithAnAddressAtAllIsFinal) {
  dns_.mx("big.example", {{10, "gone.big.example"}, {20, "gone2.big.example"}});
  expect_invalid("big.example", InvalidClass::NoHost);
}

TEST_F(HostFinderTest, OwnNameDropsItselfAndAllOfSameOrWorsePreference) {
  dns_.mx("home.example", {{5, "front.example"}, {10, "us.example"}, {10, "peer.example"}, {20, "backup.example"}});
  for (const char* host : {"front.example", "us.example", "peer.example", "backup.example"})
    dns_.a(host, {"192.0.2.1"});
  EXPECT_EQ(names(hosts("home.example", {"US.example."})), Names{"front.example"});
  EXPECT_EQ(hosts("home.example").hosts.size(), 4U);
}

TEST_F(HostFinderTest, OwnNameAsTheBestHostIsALoop) {
  dns_.mx("home.example", {{10, "us.example"}, {20, "backup.example"}});
  dns_.a("us.example", {"192.0.2.1"});
  dns_.a("backup.example", {"192.0.2.2"});
  expect_invalid("home.example", InvalidClass::Loop, {"us.example"});
}

TEST_F(HostFinderTest, AddressLiteralsNeedNoLookUp) {
  const Hosts four = hosts("[192.0.2.1]");
  EXPECT_EQ(four.hosts[0].addresses, (std::vector<Address>{{Family::V4, "192.0.2.1"}}));
  EXPECT_EQ(four.site, "[192.0.2.1]");
  const Hosts six = hosts("[ipv6:2001:DB8:0::1]");
  EXPECT_EQ(six.hosts[0].addresses, (std::vector<Address>{{Family::V6, "2001:db8::1"}}));
  EXPECT_EQ(six.site, "[IPv6:2001:db8::1]");
  EXPECT_EQ(dns_.count_all(), 0);
}

TEST_F(HostFinderTest, WhatIsNoDomainIsFinal) {
  for (const char* domain : {"", ".", "a..b", "[192.0.2.300]", "[192.0.2.1", "[2001:db8::1]", "[]", "[0.0.0.0]",
                             "[224.0.0.1]", "[IPv6:::]", "two words.example"}) {
    expect_invalid(domain, InvalidClass::BadDomain);
  }
}

TEST_F(HostFinderTest, InternationalDomainIsAskedForByItsALabels) {
  dns_.mx("xn--bcher-kva.example", {{10, "mx.example"}});
  dns_.a("mx.example", {"192.0.2.1"});
  EXPECT_EQ(names(hosts("B\xC3\xBC"
                        "cher.example")),
            Names{"mx.example"});
}

TEST_F(HostFinderTest, AddressesThatNoHostCanHaveAreLeftOut) {
  dns_.mx("odd.example", {{10, "mx.odd.example"}});
  dns_.a("mx.odd.example", {"0.0.0.0", "239.1.2.3"});
  dns_.aaaa("mx.odd.example", {"::", "::ffff:192.0.2.1", "ff02::1"});
  expect_invalid("odd.example", InvalidClass::NoHost);
}

TEST_F(HostFinderTest, ManyHostsAreCutToTheBest) {
  Answer answer;
  answer.status = Status::Found;
  answer.ttl = 60s;
  for (int i = 0; i < 100; ++i) {
    const std::string name = "mx" + std::to_string(i) + ".many.example";
    answer.records.push_back({static_cast<std::uint16_t>(100 - i), name});
    dns_.a(name, {"192.0.2.1"});
  }
  dns_.set("many.example", RecordType::Mx, answer);
  const Hosts got = hosts("many.example");
  ASSERT_EQ(got.hosts.size(), 32U);
  EXPECT_EQ(got.hosts.front().name, "mx99.many.example");
}

TEST_F(HostFinderTest, HostIsSecureOnlyWhenItsNameAndAddressesAre) {
  dns_.mx("safe.example", {{10, "mx.safe.example"}});
  dns_.a("mx.safe.example", {"192.0.2.1"});
  EXPECT_FALSE(hosts("safe.example").hosts[0].secure);
  dns_.set_secure(true);
  EXPECT_TRUE(hosts("safe.example").hosts[0].secure);
  dns_.set_secure(false);
  Answer signed_address;
  signed_address.status = Status::Found;
  signed_address.secure = true;
  signed_address.records.push_back({0, "192.0.2.1"});
  dns_.set("mx.safe.example", RecordType::A, signed_address);
  EXPECT_FALSE(hosts("safe.example").hosts[0].secure);
}

// A zone that is signed, with TLSA records under some names.
class TlsaTest : public HostFinderTest {
 protected:
  TlsaTest() {
    dns_.mx("safe.example", {{10, "mx.safe.example"}});
    dns_.a("mx.safe.example", {"192.0.2.1"});
    dns_.set_secure(true);
  }
  void tlsa(const std::string& name, std::initializer_list<std::string> records) {
    Answer answer;
    answer.status = Status::Found;
    answer.ttl = 200s;
    for (const std::string& record : records) answer.records.push_back({0, record});
    dns_.set(name, RecordType::Tlsa, std::move(answer));
  }
  Tlsa found() { return hosts("safe.example").hosts.at(0).tlsa; }
};

TEST_F(TlsaTest, RecordsOfASecureHostAreFound) {
  tlsa("_25._tcp.mx.safe.example", {"two", "one"});
  const Hosts got = hosts("safe.example");
  EXPECT_EQ(got.hosts[0].tlsa.state, Tlsa::State::Found);
  EXPECT_EQ(got.hosts[0].tlsa.base, "mx.safe.example");
  EXPECT_EQ(got.hosts[0].tlsa.records, (Names{"one", "two"}));
  EXPECT_EQ(got.ttl, 200s);
}

TEST_F(TlsaTest, NothingIsAskedOfAnInsecureHost) {
  dns_.set_secure(false);
  tlsa("_25._tcp.mx.safe.example", {"one"});
  EXPECT_EQ(found().state, Tlsa::State::Absent);
  EXPECT_EQ(dns_.count("_25._tcp.mx.safe.example", RecordType::Tlsa), 0);
}

TEST_F(TlsaTest, ProofThatThereIsNoneIsAbsence) {
  EXPECT_EQ(found().state, Tlsa::State::Absent);
  EXPECT_EQ(dns_.count("_25._tcp.mx.safe.example", RecordType::Tlsa), 1);
}

TEST_F(TlsaTest, UnansweredOrForgedLookUpIsNoAbsence) {
  for (const Status status : {Status::ServFail, Status::TimedOut, Status::Bogus}) {
    dns_.fail("_25._tcp.mx.safe.example", status);
    const Tlsa got = found();
    EXPECT_EQ(got.state, Tlsa::State::Failed);
    EXPECT_EQ(got.bogus, status == Status::Bogus);
    EXPECT_NE(got.why.find("TLSA look-up of _25._tcp.mx.safe.example"), std::string::npos) << got.why;
  }
  EXPECT_LE(hosts("safe.example").ttl, 60s);
}

TEST_F(TlsaTest, AliasIsAskedAtItsTargetFirst) {
  dns_.cname("mx.safe.example", "host.other.example");
  dns_.a("host.other.example", {"192.0.2.2"});
  tlsa("_25._tcp.host.other.example", {"target"});
  tlsa("_25._tcp.mx.safe.example", {"alias"});
  EXPECT_EQ(found().base, "host.other.example");
  EXPECT_EQ(dns_.count("_25._tcp.mx.safe.example", RecordType::Tlsa), 0);
}

TEST_F(TlsaTest, AliasWhoseTargetHasNoneIsAskedItself) {
  dns_.cname("mx.safe.example", "host.other.example");
  dns_.a("host.other.example", {"192.0.2.2"});
  tlsa("_25._tcp.mx.safe.example", {"alias"});
  const Tlsa got = found();
  EXPECT_EQ(got.base, "mx.safe.example");
  EXPECT_EQ(got.records, (Names{"alias"}));
}

// The domain's zone is signed, what its host is an alias of is not.
class AliasTest : public TlsaTest {
 protected:
  AliasTest() {
    dns_.set_secure(false);
    Answer mx;
    mx.status = Status::Found;
    mx.ttl = 300s;
    mx.secure = true;
    mx.records.push_back({10, "mx.safe.example"});
    dns_.set("safe.example", RecordType::Mx, mx);
    dns_.a("host.other.example", {"192.0.2.2"});
    Answer record;
    record.status = Status::Found;
    record.ttl = 200s;
    record.secure = true;
    record.records.push_back({0, "alias"});
    dns_.set("_25._tcp.mx.safe.example", RecordType::Tlsa, record);
  }
};

TEST_F(AliasTest, RecordsOfASecureAliasCountWhateverItLeadsTo) {
  dns_.cname("mx.safe.example", "host.other.example", true);
  const Host host = hosts("safe.example").hosts.at(0);
  EXPECT_FALSE(host.secure);
  EXPECT_TRUE(host.alias_secure);
  EXPECT_EQ(host.tlsa.base, "mx.safe.example");
  EXPECT_EQ(host.tlsa.records, (Names{"alias"}));
  EXPECT_EQ(dns_.count("_25._tcp.host.other.example", RecordType::Tlsa), 0);
}

TEST_F(AliasTest, AnInsecureAliasIsNoDane) {
  dns_.cname("mx.safe.example", "host.other.example", false);
  const Host host = hosts("safe.example").hosts.at(0);
  EXPECT_FALSE(host.alias_secure);
  EXPECT_EQ(host.tlsa.state, Tlsa::State::Absent);
  EXPECT_EQ(dns_.count("_25._tcp.mx.safe.example", RecordType::Tlsa), 0);
}

TEST_F(AliasTest, AForgedAliasIsNoAbsence) {
  dns_.cname("mx.safe.example", "host.other.example", false);
  Answer forged;
  forged.status = Status::Bogus;
  dns_.set("mx.safe.example", RecordType::Cname, forged);
  const Tlsa got = hosts("safe.example").hosts.at(0).tlsa;
  EXPECT_EQ(got.state, Tlsa::State::Failed);
  EXPECT_TRUE(got.bogus);
  EXPECT_NE(got.why.find("CNAME look-up of mx.safe.example"), std::string::npos) << got.why;
}

TEST_F(AliasTest, AHostThatIsNoAliasCostsNoMoreLookUps) {
  dns_.a("mx.safe.example", {"192.0.2.1"});
  EXPECT_FALSE(hosts("safe.example").hosts.at(0).secure);
  EXPECT_EQ(dns_.count("mx.safe.example", RecordType::Cname), 0);
}

TEST_F(TlsaTest, PortOfTheNameIsTheOneConnectedTo) {
  tlsa("_2525._tcp.mx.safe.example", {"one"});
  const HostFinder finder(dns_, {}, 2525);
  const RouteAnswer got = run(shards_[0], finder.find(shards_[0], "safe.example"));
  EXPECT_EQ(std::get<Hosts>(got).hosts[0].tlsa.state, Tlsa::State::Found);
}

TEST_F(HostFinderTest, OwnNamesCanChange) {
  dns_.mx("big.example", {{10, "mta1.shop.example"}});
  dns_.a("mta1.shop.example", {"192.0.2.1"});
  HostFinder finder(dns_, {"mta9.shop.example"});
  EXPECT_TRUE(std::holds_alternative<Hosts>(run(shards_[0], finder.find(shards_[0], "big.example"))));
  finder.set_own_names({"MTA1.shop.example."});
  EXPECT_FALSE(std::holds_alternative<Hosts>(run(shards_[0], finder.find(shards_[0], "big.example"))));
}

}  // namespace
}  // namespace penstock::dns
