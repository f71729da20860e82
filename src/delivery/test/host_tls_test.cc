// SPDX-License-Identifier: Apache-2.0
#include "delivery/host_tls.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace penstock::delivery {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// Usage, selector and matching type, and a digest of the right size.
std::string record(char usage, char matching = 1) {
  return std::string{usage, 1, matching} + std::string(32, 'd');
}

dns::Hosts two_hosts() {
  dns::Hosts hosts;
  hosts.hosts.resize(2);
  hosts.hosts[0].name = "mx1.example.com";
  hosts.hosts[1].name = "mx2.example.com";
  return hosts;
}

dns::Hosts with_tlsa(std::vector<std::string> records) {
  dns::Hosts hosts = two_hosts();
  hosts.hosts[0].secure = true;
  hosts.hosts[0].tlsa = {dns::Tlsa::State::Found, "mx1.example.com", std::move(records), "", false};
  return hosts;
}

dns::Hosts with_failed_tlsa(bool bogus) {
  dns::Hosts hosts = two_hosts();
  hosts.hosts[0].secure = true;
  hosts.hosts[0].tlsa = {dns::Tlsa::State::Failed, "", {}, "TLSA look-up: no", bogus};
  return hosts;
}

tlspolicy::StsPolicy policy(tlspolicy::StsMode mode, std::vector<std::string> hosts) {
  return {mode, std::chrono::hours{24}, std::move(hosts)};
}

std::vector<HostTls> decide(const dns::Hosts& hosts, TlsAsked asked = {}, const tlspolicy::StsPolicy* sts = nullptr) {
  return decide_tls(asked, hosts, "example.com", sts);
}

TEST(HostTls, NothingPublishedLeavesTheLevel) {
  EXPECT_THAT(decide(two_hosts()), IsEmpty());
  EXPECT_THAT(decide(two_hosts(), {TlsLevel::Verify, {}, true}), IsEmpty());
  EXPECT_EQ(plain_tls(TlsLevel::Require).policy, "require");
}

TEST(HostTls, RecordsOfASecureAliasCountAsAnyOthers) {
  dns::Hosts hosts = with_tlsa({record(3)});
  hosts.hosts[0].secure = false;
  EXPECT_THAT(decide(hosts), IsEmpty());
  hosts.hosts[0].alias_secure = true;
  EXPECT_EQ(decide(hosts).at(0).policy, "dane");
}

TEST(HostTls, UsableRecordMustBeMatchedByItsHostOnly) {
  const auto all = decide(with_tlsa({record(3)}));
  ASSERT_THAT(all, SizeIs(2));
  EXPECT_EQ(all[0].policy, "dane");
  EXPECT_EQ(all[0].level, TlsLevel::Verify);
  EXPECT_EQ(all[0].name, "mx1.example.com");
  EXPECT_THAT(all[0].more_names, IsEmpty());
  ASSERT_THAT(all[0].tlsa, SizeIs(1));
  EXPECT_EQ(all[0].tlsa[0].usage, 3);
  EXPECT_EQ(all[1].policy, "opportunistic");
}

TEST(HostTls, TrustAnchorMayNameTheDomain) {
  EXPECT_THAT(decide(with_tlsa({record(2)}))[0].more_names, ElementsAre("example.com"));
}

TEST(HostTls, RecordsOfNoUseAskForEncryption) {
  const auto all = decide(with_tlsa({record(0), record(1), record(3, 9)}));
  EXPECT_EQ(all[0].policy, "dane-unusable");
  EXPECT_EQ(all[0].level, TlsLevel::Require);
  EXPECT_THAT(all[0].tlsa, IsEmpty());
  EXPECT_THAT(decide(with_tlsa({record(0)}), {TlsLevel::Verify, {}, true}), IsEmpty());  // more was asked
}

TEST(HostTls, UnknownRecordsRefuseTheHost) {
  const auto bogus = decide(with_failed_tlsa(true));
  EXPECT_THAT(bogus[0].refusal, HasSubstr("TLSA look-up"));
  EXPECT_EQ(bogus[0].refusal_kind, "dnssec-invalid");
  EXPECT_THAT(bogus[1].refusal, IsEmpty());
  EXPECT_EQ(decide(with_failed_tlsa(false))[0].refusal_kind, "tlsa-invalid");
}

TEST(HostTls, WhoSaysNoneOrNoDaneAsksNobody) {
  EXPECT_THAT(decide(with_tlsa({record(3)}), {TlsLevel::None, {}, true}), IsEmpty());
  EXPECT_THAT(decide(with_tlsa({record(3)}), {TlsLevel::Opportunistic, {}, false}), IsEmpty());
  EXPECT_THAT(decide(with_tlsa({record(3)}), {TlsLevel::Opportunistic, model::TlsWish::Optional, true}), IsEmpty());
}

TEST(HostTls, EnforcedPolicyWantsListedHostsAndCertificates) {
  const auto sts = policy(tlspolicy::StsMode::Enforce, {"mx1.example.com"});
  const auto all = decide(two_hosts(), {}, &sts);
  ASSERT_THAT(all, SizeIs(2));
  EXPECT_EQ(all[0].policy, "mta-sts");
  EXPECT_EQ(all[0].level, TlsLevel::Verify);
  EXPECT_THAT(all[0].refusal, IsEmpty());
  EXPECT_THAT(all[1].refusal, HasSubstr("does not list the host mx2.example.com"));
}

TEST(HostTls, TestedPolicyIsOnlyTold) {
  const auto sts = policy(tlspolicy::StsMode::Testing, {"mx1.example.com"});
  const auto all = decide(two_hosts(), {}, &sts);
  ASSERT_THAT(all, SizeIs(2));
  for (const HostTls& one : all) {
    EXPECT_EQ(one.policy, "mta-sts-testing");
    EXPECT_EQ(one.level, TlsLevel::Opportunistic);
    EXPECT_THAT(one.refusal, IsEmpty());
  }
  const auto none = policy(tlspolicy::StsMode::None, {});
  EXPECT_THAT(decide(two_hosts(), {}, &none), IsEmpty());
}

TEST(HostTls, DaneGoesBeforeMtaSts) {
  const auto sts = policy(tlspolicy::StsMode::Enforce, {"elsewhere.example.com"});
  const auto all = decide(with_tlsa({record(3)}), {}, &sts);
  EXPECT_EQ(all[0].policy, "dane");
  EXPECT_THAT(all[0].refusal, IsEmpty());
  EXPECT_EQ(all[1].policy, "mta-sts");
  EXPECT_EQ(decide(with_failed_tlsa(true), {}, &sts)[0].policy, "dane");
}

TEST(HostTls, MessageThatRequiresTlsWantsProofOfTheHost) {
  const TlsAsked asked{TlsLevel::Opportunistic, model::TlsWish::Required, true};
  const auto plain = decide(two_hosts(), asked);
  ASSERT_THAT(plain, SizeIs(2));
  EXPECT_THAT(plain[0].refusal, HasSubstr("neither DNSSEC nor MTA-STS"));
  const auto sts = policy(tlspolicy::StsMode::Enforce, {"mx1.example.com"});
  const auto listed = decide(two_hosts(), asked, &sts);
  EXPECT_THAT(listed[0].refusal, IsEmpty());
  EXPECT_TRUE(listed[0].announces_require_tls);
  EXPECT_EQ(listed[0].level, TlsLevel::Verify);
  EXPECT_EQ(decide(with_tlsa({record(3)}), asked)[0].policy, "dane");
}

TEST(HostTls, LaneIsSharedOnlyByThoseWhoAskTheSame) {
  const auto sts = policy(tlspolicy::StsMode::Enforce, {"*.example.com"});
  const auto broken = policy(tlspolicy::StsMode::Enforce, {"mx1.example.com"});
  EXPECT_EQ(lane_of(decide(two_hosts(), {}, &sts)), lane_of(decide_tls({}, two_hosts(), "other.example", &sts)));
  EXPECT_NE(lane_of(decide(two_hosts(), {}, &sts)), lane_of(decide(two_hosts(), {}, &broken)));
  EXPECT_NE(lane_of(decide(with_tlsa({record(3)}))), lane_of(decide(with_tlsa({record(3), record(2)}))));
  // An anchor's certificate may name the domain, so domains do not share it.
  EXPECT_NE(lane_of(decide(with_tlsa({record(2)}))),
            lane_of(decide_tls({}, with_tlsa({record(2)}), "other.example", nullptr)));
  EXPECT_THAT(lane_of(decide(with_tlsa({record(3)}))), SizeIs(32));
}

}  // namespace
}  // namespace penstock::delivery
