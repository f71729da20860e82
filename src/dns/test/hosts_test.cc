// SPDX-License-Identifier: Apache-2.0
#include "dns/hosts.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

namespace penstock::dns {
namespace {

Host host(std::string name, std::uint16_t preference, std::vector<Address> addresses) {
  Host one;
  one.name = std::move(name);
  one.preference = preference;
  one.addresses = std::move(addresses);
  return one;
}

Hosts three_hosts() {
  Hosts hosts;
  hosts.hosts = {host("a", 10, {{Family::V4, "192.0.2.1"}, {Family::V6, "2001:db8::1"}}),
                 host("b", 10, {{Family::V4, "192.0.2.2"}, {Family::V4, "192.0.2.22"}, {Family::V6, "2001:db8::2"}}),
                 host("c", 20, {{Family::V4, "192.0.2.3"}})};
  return hosts;
}

TEST(Site, OrderAndRepetitionDoNotMatter) {
  EXPECT_EQ(make_site({"b.example", "a.example", "b.example"}), "a.example,b.example");
  EXPECT_EQ(make_site({"a.example", "b.example"}), make_site({"b.example", "a.example"}));
  EXPECT_EQ(make_site({}), "");
}

TEST(OrderTargets, EqualPreferenceIsSpreadEvenlyAndBackupStaysLast) {
  const Hosts hosts = three_hosts();
  Rng rng(1);
  std::map<std::string, int> first;
  for (int i = 0; i < 10'000; ++i) {
    const auto targets = order_targets(hosts, Families::V4, rng);
    ASSERT_EQ(targets.size(), 4U);
    EXPECT_EQ(targets.back().host, "c");
    ++first[std::string(targets.front().host)];
  }
  EXPECT_NEAR(first["a"], 5000, 300);
  EXPECT_NEAR(first["b"], 5000, 300);
}

TEST(OrderTargets, AddressesOfAHostAreSpreadAndStayTogether) {
  const Hosts hosts = three_hosts();
  Rng rng(2);
  std::set<std::string_view> first_of_b;
  for (int i = 0; i < 200; ++i) {
    const auto targets = order_targets(hosts, Families::V4, rng);
    const std::size_t b = targets[0].host == "b" ? 0 : 1;
    EXPECT_EQ(targets[b].host, "b");
    EXPECT_EQ(targets[b + 1].host, "b");
    first_of_b.insert(targets[b].address);
  }
  EXPECT_EQ(first_of_b.size(), 2U);
}

TEST(OrderTargets, FamiliesDecideWhatIsTriedAndInWhatOrder) {
  const Hosts hosts = three_hosts();
  Rng rng(3);
  for (const auto& target : order_targets(hosts, Families::V4, rng)) EXPECT_EQ(target.family, Family::V4);
  const auto six = order_targets(hosts, Families::V6, rng);
  EXPECT_EQ(six.size(), 2U);  // c has none
  EXPECT_EQ(order_targets(hosts, Families::V6ThenV4, rng)[0].family, Family::V6);
  EXPECT_EQ(order_targets(hosts, Families::V4ThenV6, rng)[0].family, Family::V4);
  EXPECT_EQ(order_targets(hosts, Families::V4ThenV6, rng).size(), 6U);
}

TEST(OrderTargets, SameSeedGivesTheSameOrder) {
  const Hosts hosts = three_hosts();
  Rng one(9);
  Rng two(9);
  for (int i = 0; i < 50; ++i) {
    const auto a = order_targets(hosts, Families::V4ThenV6, one);
    const auto b = order_targets(hosts, Families::V4ThenV6, two);
    ASSERT_EQ(a.size(), b.size());
    for (std::size_t k = 0; k < a.size(); ++k) EXPECT_EQ(a[k].address, b[k].address);
  }
}

TEST(OrderTargets, LimitHolds) {
  Rng rng(4);
  EXPECT_EQ(order_targets(three_hosts(), Families::V4, rng, 2).size(), 2U);
}

}  // namespace
}  // namespace penstock::dns
