// SPDX-License-Identifier: Apache-2.0
#include "dns/provider_match.h"

#include <gtest/gtest.h>

namespace penstock::dns {
namespace {

ProviderTable table() {
  return ProviderTable({{"gmail", {"google.com", "googlemail.com."}, {"gmail.com"}},
                        {"microsoft", {"protection.outlook.com", ".olc.protection.outlook.com"}, {"hotmail.com"}},
                        {"yahoo", {"yahoodns.net"}, {}},
                        {"yahoo-jp", {"jp.yahoodns.net"}, {"yahoo.co.jp"}},
                        {"own", {"mx.single.example"}, {"Special.Example"}}});
}

std::string by_host(const ProviderTable& providers, std::string_view host) {
  const auto found = providers.find_by_host(host);
  return found ? providers.name(*found) : "none";
}

Hosts hosts(std::vector<std::pair<std::uint16_t, std::string>> list) {
  Hosts hosts;
  for (auto& [preference, name] : list) {
    Host host;
    host.name = name;
    host.preference = preference;
    hosts.hosts.push_back(host);
  }
  return hosts;
}

TEST(ProviderTable, LongestSuffixAtALabelBoundaryWins) {
  const ProviderTable providers = table();
  const std::vector<std::pair<std::string, std::string>> cases{
      {"aspmx.l.google.com", "gmail"},
      {"ASPMX.L.Google.COM.", "gmail"},
      {"google.com", "gmail"},
      {"notgoogle.com", "none"},
      {"google.com.evil.example", "none"},
      {"alt1.aspmx.l.googlemail.com", "gmail"},
      {"customer.mail.protection.outlook.com", "microsoft"},
      {"outlook.com", "none"},
      {"mta5.am0.yahoodns.net", "yahoo"},
      {"mx1.jp.yahoodns.net", "yahoo-jp"},
      {"mx.single.example", "own"},
      {"single.example", "none"},
      {"", "none"},
      {".", "none"},
      {"com", "none"},
  };
  for (const auto& [host, wanted] : cases) EXPECT_EQ(by_host(providers, host), wanted) << host;
}

TEST(ProviderTable, DomainListedByNameWinsOverItsMx) {
  const ProviderTable providers = table();
  const auto found = providers.find("special.EXAMPLE.", hosts({{10, "aspmx.l.google.com"}}));
  ASSERT_TRUE(found);
  EXPECT_EQ(providers.name(*found), "own");
  EXPECT_FALSE(providers.find_by_domain("sub.special.example"));
}

TEST(ProviderTable, OnlyTheMostPreferredHostsDecide) {
  const ProviderTable providers = table();
  EXPECT_FALSE(providers.find("a.example", hosts({{10, "mx.filter.example"}, {20, "aspmx.l.google.com"}})));
  const auto found = providers.find("a.example", hosts({{10, "mx.other.example"}, {10, "aspmx.l.google.com"}}));
  ASSERT_TRUE(found);
  EXPECT_EQ(providers.name(*found), "gmail");
  EXPECT_FALSE(providers.find("a.example", Hosts{}));
}

TEST(ProviderTable, AmongEqualHostsTheLongestSuffixDecides) {
  const ProviderTable providers = table();
  for (const auto& list : {hosts({{10, "a.yahoodns.net"}, {10, "b.jp.yahoodns.net"}}),
                           hosts({{10, "b.jp.yahoodns.net"}, {10, "a.yahoodns.net"}})}) {
    EXPECT_EQ(providers.name(providers.find("a.example", list).value()), "yahoo-jp");
  }
}

TEST(ProviderTable, TwoClaimsOnOneSuffixAreReportedAndTheFirstHasIt) {
  const ProviderTable providers({{"one", {"mx.example"}, {}}, {"two", {"MX.example."}, {}}});
  ASSERT_EQ(providers.conflicts().size(), 1U);
  EXPECT_EQ(providers.conflicts()[0], "mx suffix mx.example is claimed by one and by two");
  EXPECT_EQ(by_host(providers, "a.mx.example"), "one");
  EXPECT_TRUE(table().conflicts().empty());
}

TEST(ProviderTable, EmptyTableMatchesNothing) {
  EXPECT_FALSE(ProviderTable().find("gmail.com", hosts({{10, "aspmx.l.google.com"}})));
}

}  // namespace
}  // namespace penstock::dns
