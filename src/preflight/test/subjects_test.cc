// SPDX-License-Identifier: Apache-2.0
#include "preflight/subjects.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "preflight/test/world_of.h"

namespace penstock::preflight {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr Time kNow{std::chrono::seconds{1'800'000'000}};  // 2027-01-15

constexpr const char* kShop = R"(
[node]
name = "mta1.example.com"
[[vmta]]
name = "v1"
source = ["192.0.2.1", "2001:db8::1"]
ehlo = "v1.example.com"
[[vmta]]
name = "v2"
ehlo = "v2.example.com"
[[vmta]]
name = "off"
enabled = false
[[pool]]
name = "both"
members = [{ vmta = "v1" }, { vmta = "v2" }, { vmta = "off" }]
[[pool]]
name = "one"
members = [{ vmta = "v2" }]
[[dkim]]
domain = "shop.example"
selector = "s1"
key_file = "/k/1.pem"
[[dkim]]
domain = "old.example"
selector = "s1"
key_file = "/k/2.pem"
retire = "2026-01-01"
[[dkim]]
domain = "operator.example"
selector = "s1"
key_file = "/k/3.pem"
[[stream]]
name = "marketing"
pool = "both"
dkim = ["from", "operator.example"]
return_path = "b+{ref}@bounces.shop.example"
[[stream]]
name = "news"
pool = "one"
match = { sender = ["@news.shop.example", "*@x.example", "@*.y.example"] }
dkim = "from"
[[stream]]
name = "inside"
pool = "both"
route = { relay = ["10.0.0.1:25"] }
dkim = "old.example"
[[listener]]
address = "127.0.0.1:2525"
)";

std::vector<std::string> names(const auto& all) {
  std::vector<std::string> out;
  for (const auto& each : all) out.push_back(each.name);
  return out;
}
std::vector<std::string> addresses(const std::vector<Identity>& all) {
  std::vector<std::string> out;
  for (const Identity& each : all) out.push_back(each.vmta + " " + each.address());
  return out;
}

TEST(PreflightSubjects, EveryAddressOfAPoolCounts) {
  const auto config = config_of(kShop);
  const Subjects found = find_subjects(*config, "", kNow, IpAddress::parse("192.0.2.9"));
  EXPECT_THAT(addresses(found.identities), ElementsAre("v1 192.0.2.1", "v1 2001:db8::1", "v2 192.0.2.9"));
  EXPECT_TRUE(found.identities[2].chosen);
  EXPECT_THAT(addresses(find_subjects(*config, "news", kNow).identities), ElementsAre("v2 "));
}

TEST(PreflightSubjects, DomainsAreReadOffKeysSendersAndReturnPaths) {
  const auto config = config_of(kShop);
  const Subjects found = find_subjects(*config, "", kNow);
  EXPECT_THAT(names(found.senders), ElementsAre("shop.example", "operator.example", "news.shop.example", "x.example"));
  EXPECT_THAT(names(found.envelopes), ElementsAre("bounces.shop.example", "news.shop.example", "x.example"));
  ASSERT_EQ(found.senders[0].pairings.size(), 1U);
  EXPECT_EQ(found.senders[0].pairings[0],
            (Pairing{"marketing", {"shop.example", "operator.example"}, {"bounces.shop.example"}}));
  EXPECT_THAT(found.senders[1].pairings, IsEmpty());
  EXPECT_EQ(found.senders[1].keys.size(), 1U);
  EXPECT_EQ(found.senders[2].pairings[0], (Pairing{"news", {"shop.example"}, {"news.shop.example"}}));
}

TEST(PreflightSubjects, KeysOfOtherStreamsDoNotCount) {
  auto config = *config_of(kShop);
  config.dkim[0].streams = {"news"};
  config.streams[0].marketing = true;
  const Subjects marketing = find_subjects(config, "marketing", kNow);
  EXPECT_THAT(names(marketing.senders), ElementsAre("operator.example"));
  ASSERT_EQ(marketing.marketing.size(), 1U);
  EXPECT_EQ(marketing.marketing[0]->name, "marketing");
  const Subjects news = find_subjects(config, "news", kNow);
  ASSERT_THAT(names(news.senders), ElementsAre("news.shop.example", "shop.example", "x.example"));
  EXPECT_EQ(news.senders[1].keys.size(), 1U);
  EXPECT_THAT(news.marketing, IsEmpty());
}

TEST(PreflightSubjects, AStreamThatIsNotForTheInternetIsLeftOutUnlessNamed) {
  const auto config = config_of(kShop);
  EXPECT_THAT(names(find_subjects(*config, "inside", kNow).senders), ElementsAre("old.example"));
  EXPECT_THAT(find_subjects(*config, "inside", kNow).senders[0].keys, IsEmpty());
  EXPECT_THAT(find_subjects(*config, "", kNow).listeners, IsEmpty());
}

}  // namespace
}  // namespace penstock::preflight
