// SPDX-License-Identifier: Apache-2.0
#include "sim/zone.h"

#include <gtest/gtest.h>

using namespace penstock::sim;
using dns::Rcode;
using dns::Type;

namespace {

constexpr std::string_view kScenario = R"(
[dns]
ttl = "120s"
negative_ttl = "7s"
[[receiver]]
name = "big"
host = "mx.big.test"
addresses = ["127.1.0.1", "127.1.0.2", "::1"]
[[receiver]]
name = "r{1..3}"
addresses = ["127.2.0.{1..3}"]
[[domain]]
name = "big.test"
receivers = ["10 big", "20 r1"]
ttl = "5s"
[[domain]]
name = "d{1..6}.test"
receivers = ["r{1..3}"]
spread = true
[[domain]]
name = "null.test"
null_mx = true
[[domain]]
name = "broken.test"
dns = "servfail"
[[domain]]
name = "silent.test"
dns = "timeout"
[[domain]]
name = "plain.test"
addresses = ["127.9.0.1"]
[[record]]
name = "alias.test"
type = "CNAME"
value = "big.test."
[[record]]
name = "loop.test"
type = "CNAME"
value = "loop.test"
[[record]]
name = "a.b.c.test"
type = "TXT"
value = "deep"
)";

std::optional<dns::Response> ask(Zone& zone, std::string name, Type type) {
  dns::Query query;
  query.name = std::move(name);
  query.type = type;
  return zone.answer(query);
}

class ZoneTest : public testing::Test {
 protected:
  Zone zone{*parse_scenario(kScenario, "zone.toml")};
};

std::string target_of(const std::optional<dns::Response>& response) {
  return response->answers.at(0).target;
}

}  // namespace

TEST_F(ZoneTest, DomainWithReceiversHasMxAndTheirAddresses) {
  const auto mx = ask(zone, "big.test", Type::MX);
  ASSERT_EQ(mx->answers.size(), 2U);
  EXPECT_EQ(mx->answers[0], (dns::Record{"big.test", Type::MX, 5, 10, "mx.big.test", {}}));
  EXPECT_EQ(mx->answers[1].preference, 20);
  EXPECT_EQ(mx->answers[1].target, "r1.mx.test");
  EXPECT_EQ(mx->additional.size(), 4U);
  EXPECT_EQ(ask(zone, "mx.big.test", Type::A)->answers.size(), 2U);
  EXPECT_EQ(ask(zone, "mx.big.test", Type::AAAA)->answers.at(0).data.size(), 16U);
  EXPECT_EQ(target_of(ask(zone, "2.0.1.127.in-addr.arpa", Type::PTR)), "mx.big.test");
}

TEST_F(ZoneTest, FamilySpreadsOverReceivers) {
  EXPECT_EQ(target_of(ask(zone, "d1.test", Type::MX)), "r1.mx.test");
  EXPECT_EQ(target_of(ask(zone, "d3.test", Type::MX)), "r3.mx.test");
  EXPECT_EQ(target_of(ask(zone, "d4.test", Type::MX)), "r1.mx.test");
}

TEST_F(ZoneTest, NullMxHasTheRootAsItsHost) {
  const auto mx = ask(zone, "null.test", Type::MX);
  EXPECT_EQ(mx->answers.at(0).preference, 0);
  EXPECT_EQ(target_of(mx), "");
}

TEST_F(ZoneTest, MissingNameIsNxdomainWithSoa) {
  const auto none = ask(zone, "nobody.test", Type::MX);
  EXPECT_EQ(none->rcode, Rcode::NxDomain);
  EXPECT_TRUE(none->authoritative);
  EXPECT_EQ(none->authority.at(0).type, Type::SOA);
  EXPECT_EQ(none->authority.at(0).ttl, 7U);
}

TEST_F(ZoneTest, NameOnTheWayToOthersIsNodata) {
  for (const char* name : {"b.c.test", "c.test", "plain.test"}) {
    const auto none = ask(zone, name, Type::MX);
    EXPECT_EQ(none->rcode, Rcode::NoError) << name;
    EXPECT_TRUE(none->answers.empty()) << name;
    EXPECT_EQ(none->authority.at(0).type, Type::SOA) << name;
  }
}

TEST_F(ZoneTest, AliasIsFollowed) {
  const auto mx = ask(zone, "alias.test", Type::MX);
  ASSERT_EQ(mx->answers.size(), 3U);
  EXPECT_EQ(mx->answers[0].type, Type::CNAME);
  EXPECT_EQ(mx->answers[1].type, Type::MX);
  EXPECT_EQ(ask(zone, "alias.test", Type::CNAME)->answers.size(), 1U);
}

TEST_F(ZoneTest, AliasLoopEnds) {
  EXPECT_EQ(ask(zone, "loop.test", Type::A)->answers.size(), static_cast<std::size_t>(Zone::kAliasesMax) + 1);
}

TEST_F(ZoneTest, TroubleIsAnsweredAsDeclaredAndAlsoBelow) {
  EXPECT_EQ(ask(zone, "broken.test", Type::MX)->rcode, Rcode::ServFail);
  EXPECT_EQ(ask(zone, "www.broken.test", Type::A)->rcode, Rcode::ServFail);
  EXPECT_FALSE(ask(zone, "silent.test", Type::MX));
  EXPECT_EQ(ask(zone, "example.org", Type::MX)->rcode, Rcode::Refused);
}

TEST_F(ZoneTest, ModeChangesWhileRunning) {
  zone.set_mode("big.*", DnsMode::NxDomain);
  EXPECT_EQ(ask(zone, "big.test", Type::MX)->rcode, Rcode::NxDomain);
  EXPECT_EQ(ask(zone, "mx.big.test", Type::A)->rcode, Rcode::NxDomain);
  zone.set_mode("big.*", DnsMode::Ok);
  EXPECT_EQ(ask(zone, "big.test", Type::MX)->answers.size(), 2U);
  zone.set_all(DnsMode::Timeout);
  EXPECT_FALSE(ask(zone, "d1.test", Type::MX));
  zone.set_all(DnsMode::Ok);
  EXPECT_TRUE(ask(zone, "d1.test", Type::MX));
}

TEST(PointerName, BothFamiliesAreReversed) {
  EXPECT_EQ(pointer_name("127.2.3.4"), "4.3.2.127.in-addr.arpa");
  EXPECT_TRUE(pointer_name("::1").starts_with("1.0.0.0."));
  EXPECT_EQ(pointer_name("::1").size(), 64U + 8U);
}
