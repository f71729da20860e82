// SPDX-License-Identifier: Apache-2.0
#include "dns/name.h"

#include <gtest/gtest.h>

#include <vector>

#include "dns/errc.h"

namespace penstock::dns {
namespace {

TEST(NormalizeName, ManySpellingsGiveOneForm) {
  const std::vector<std::pair<std::string, std::string>> table{
      {"example.com", "example.com"},
      {"Example.COM.", "example.com"},
      {"_25._tcp.Mx1.example", "_25._tcp.mx1.example"},
      {"", ""},
      {".", ""},
      {"b\xC3\xBC"
       "cher.Example",
       "xn--bcher-kva.example"},
      {"B\xC3\x9C"
       "CHER.example.",
       "xn--bcher-kva.example"},
      {"stra\xC3\x9F"
       "e.example",
       "xn--strae-oqa.example"},
      {"XN--BCHER-KVA.example", "xn--bcher-kva.example"},
      {"\xE4\xBE\x8B\xE3\x80\x82\xE4\xBE\x8B", "xn--fsq.xn--fsq"},  // U+3002 separates labels
  };
  for (const auto& [given, wanted] : table) {
    const auto got = normalize_name(given);
    ASSERT_TRUE(got) << given << ": " << got.error().to_string();
    EXPECT_EQ(*got, wanted);
  }
}

TEST(NormalizeName, WhatIsNoNameIsRefused) {
  const std::string label64(64, 'a');
  std::string name254;
  while (name254.size() < 252) name254 += "a.";
  name254 += "aa";
  ASSERT_EQ(name254.size(), 254U);
  for (const std::string& given : std::vector<std::string>{
           "a..b", ".a", "..", "a b.example", "a@b.example", "[192.0.2.1]", "a\\046b.example", label64 + ".example",
           name254, std::string("a\0b.example", 11), "a\r\n.example", "\xFF\xFE.example", "\xC3\xBC b.example"}) {
    const auto got = normalize_name(given);
    ASSERT_FALSE(got) << given << " gave " << *got;
    EXPECT_EQ(got.error().code, Errc::BadName);
  }
  EXPECT_TRUE(normalize_name(std::string(63, 'a') + ".example"));
  EXPECT_TRUE(normalize_name(name254.substr(0, 253)));
}

Result<std::string> from_wire(const std::string& bytes) {
  std::span<const unsigned char> wire(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size());
  return take_wire_name(wire);
}

TEST(WireName, LabelsAreJoinedInSmallLetters) {
  EXPECT_EQ(from_wire(std::string("\3MX1\7example\0", 13)).value(), "mx1.example");
  EXPECT_EQ(from_wire(std::string("\0", 1)).value(), "");
}

TEST(WireName, ByteThatWouldMisleadIsEscaped) {
  EXPECT_EQ(from_wire(std::string("\3a.b\1c\0", 7)).value(), "a\\046b.c");
  EXPECT_EQ(from_wire(std::string("\2\x00 \0", 4)).value(), "\\000\\032");
}

TEST(WireName, NameCutShortIsRefused) {
  const std::string whole("\3mx1\7example\0", 13);
  for (std::size_t n = 0; n < whole.size(); ++n) EXPECT_FALSE(from_wire(whole.substr(0, n))) << n;
  EXPECT_FALSE(from_wire(std::string("\xC0\x0C", 2)));  // compression has no place here
}

TEST(ReverseName, AddressesOfBothFamilies) {
  EXPECT_EQ(reverse_name("192.0.2.7").value(), "7.2.0.192.in-addr.arpa");
  EXPECT_EQ(reverse_name("2001:db8::1").value(),
            "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa");
  EXPECT_FALSE(reverse_name("mx1.example"));
}

}  // namespace
}  // namespace penstock::dns
