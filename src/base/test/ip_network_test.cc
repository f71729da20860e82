// SPDX-License-Identifier: Apache-2.0
#include "base/ip_network.h"

#include <gtest/gtest.h>

namespace penstock {
namespace {

TEST(IpAddress, WhatIsAnAddressIsReadAndWrittenShort) {
  const std::pair<const char*, const char*> cases[] = {
      {"192.0.2.1", "192.0.2.1"},         {"0.0.0.0", "0.0.0.0"},
      {"2001:DB8:0:0::1", "2001:db8::1"}, {"::", "::"},
      {"::ffff:192.0.2.1", "192.0.2.1"},  {"0:0:0:0:0:ffff:c000:0201", "192.0.2.1"},
  };
  for (const auto& [text, expected] : cases) {
    const auto address = IpAddress::parse(text);
    ASSERT_TRUE(address) << text;
    EXPECT_EQ(address->to_string(), expected);
  }
}

TEST(IpAddress, AnythingElseIsRefused) {
  using namespace std::string_view_literals;
  for (const auto text :
       {""sv, "1.2.3"sv, "1.2.3.4.5"sv, "256.1.1.1"sv, "1.2.3.4:25"sv, "[::1]"sv, "fe80::1%lo"sv, "localhost"sv,
        " 1.2.3.4"sv, "1.2.3.4\0"sv, "01.2.3.4"sv, "0000:0000:0000:0000:0000:0000:0000:0000:0000:0000"sv}) {
    EXPECT_FALSE(IpAddress::parse(text)) << text;
  }
}

TEST(IpAddress, LoopbackAndAnyAreKnown) {
  EXPECT_TRUE(IpAddress::parse("127.3.2.1")->is_loopback());
  EXPECT_TRUE(IpAddress::parse("::1")->is_loopback());
  EXPECT_FALSE(IpAddress::parse("128.0.0.1")->is_loopback());
  EXPECT_FALSE(IpAddress::parse("1::1")->is_loopback());
  EXPECT_EQ(IpAddress::parse("2001:db8:1:2:3:4:5:6")->holder().to_string(), "2001:db8:1:2::");
  EXPECT_EQ(IpAddress::parse("192.0.2.1")->holder().to_string(), "192.0.2.1");
  for (const char* text : {"192.0.2.1", "9.255.255.255", "11.0.0.0", "100.63.0.1", "100.128.0.1", "172.15.0.1",
                           "172.32.0.1", "192.0.1.1", "192.167.0.1", "198.17.0.1", "223.255.255.255", "2001:db8::1",
                           "2a00::1", "64:ff9b::192.0.2.1", "2002:c000:201::1", "::ffff:192.0.2.1"}) {
    EXPECT_TRUE(IpAddress::parse(text)->is_public()) << text;
  }
  for (const char* text : {"0.0.0.0",
                           "10.1.2.3",
                           "100.64.0.1",
                           "100.127.255.255",
                           "127.0.0.1",
                           "169.254.169.254",
                           "172.16.0.1",
                           "172.31.255.255",
                           "192.0.0.1",
                           "192.168.1.1",
                           "198.18.0.1",
                           "224.0.0.1",
                           "255.255.255.255",
                           "::",
                           "::1",
                           "fe80::1",
                           "fc00::1",
                           "fd12::1",
                           "ff02::1",
                           "64:ff9b::10.0.0.1",
                           "2002:7f00:1::1",
                           "::ffff:127.0.0.1",
                           "::127.0.0.1"}) {
    EXPECT_FALSE(IpAddress::parse(text)->is_public()) << text;
  }
  EXPECT_TRUE(IpAddress::parse("::")->is_any());
  EXPECT_TRUE(IpAddress::parse("0.0.0.0")->is_any());
  EXPECT_FALSE(IpAddress::parse("0.0.0.1")->is_any());
}

TEST(IpNetwork, ContainsWhatSharesThePrefix) {
  struct Case {
    const char* network;
    const char* address;
    bool inside;
  };
  const Case cases[] = {
      {"10.0.0.0/8", "10.255.0.1", true},
      {"10.0.0.0/8", "11.0.0.0", false},
      {"192.0.2.128/25", "192.0.2.127", false},
      {"192.0.2.128/25", "192.0.2.128", true},
      {"192.0.2.1", "192.0.2.1", true},
      {"192.0.2.1", "192.0.2.2", false},
      {"0.0.0.0/0", "203.0.113.9", true},
      {"0.0.0.0/0", "::1", false},
      {"2001:db8::/33", "2001:db8:7fff::", true},
      {"2001:db8::/33", "2001:db8:8000::", false},
      {"::/0", "2001:db8::1", true},
      {"::/0", "192.0.2.1", false},
      {"127.0.0.0/8", "::ffff:127.0.0.1", true},
      {"127.0.0.0/8", "nonsense", false},
  };
  for (const Case& c : cases) {
    const auto network = IpNetwork::parse(c.network);
    ASSERT_TRUE(network) << network.error();
    EXPECT_EQ(network->contains(std::string_view(c.address)), c.inside) << c.network << " " << c.address;
    EXPECT_EQ(network->to_string(), c.network);
  }
}

TEST(IpNetwork, BadOnesSayWhatIsExpected) {
  for (const char* text : {"10.0.0.0/33", "10.0.0.0/", "10.0.0.0/-1", "10.0.0.0/8 ", "::/129", "/8", "any"}) {
    const auto network = IpNetwork::parse(text);
    ASSERT_FALSE(network) << text;
    EXPECT_NE(network.error().find("is not a network"), std::string::npos);
  }
  EXPECT_EQ(IpNetwork::parse("10.1.2.3/8").error(),
            "\"10.1.2.3/8\" has bits set after its prefix; did you mean \"10.0.0.0/8\" or \"10.1.2.3\"?");
}

TEST(IpNetwork, ListContainsWhatOneOfThemDoes) {
  const std::vector<IpNetwork> networks{*IpNetwork::parse("127.0.0.0/8"), *IpNetwork::parse("::1")};
  EXPECT_TRUE(contains(networks, *IpAddress::parse("::1")));
  EXPECT_FALSE(contains(networks, *IpAddress::parse("192.0.2.1")));
  EXPECT_FALSE(contains({}, *IpAddress::parse("127.0.0.1")));
}

}  // namespace
}  // namespace penstock
