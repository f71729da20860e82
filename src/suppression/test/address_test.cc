// SPDX-License-Identifier: Apache-2.0
#include "suppression/address.h"

#include <gtest/gtest.h>

namespace penstock::suppression {
namespace {

struct Case {
  const char* given;
  const char* canonical;  // "": refused
};

TEST(CanonicalAddress, TableOfForms) {
  const Case cases[] = {
      {"User@Example.COM", "user@example.com"},
      {"  <user@example.com>\r", "user@example.com"},
      {"user@example.com.", "user@example.com"},
      {"@Example.com", "@example.com"},
      {"\"user\"@example.com", "user@example.com"},
      {"\"us\\er\"@example.com", "user@example.com"},
      {"\"a b\"@example.com", "\"a b\"@example.com"},
      {"\"A@b\"@example.com", "\"a@b\"@example.com"},
      {"user+tag@example.com", "user+tag@example.com"},
      {"j.d@gmail.com", "j.d@gmail.com"},
      {"user@m\xc3\xbcller.example", "user@xn--mller-kva.example"},
      {"user@M\xc3\x9cLLER.example", "user@xn--mller-kva.example"},
      {"user@XN--MLLER-KVA.example", "user@xn--mller-kva.example"},
      {"J\xc3\x96RG.x@example.com", "j\xc3\xb6rg.x@example.com"},
      {"jo\xcc\x88rg@example.com", "j\xc3\xb6rg@example.com"},
      {"user@[192.0.2.1]", "user@[192.0.2.1]"},
      {"user@[IPv6:2001:DB8::1]", "user@[ipv6:2001:db8::1]"},
      {"user", ""},
      {"", ""},
      {"user@", ""},
      {"user@exa mple.com", ""},
      {"us er@example.com", ""},
      {"user@.example.com", ""},
      {"user@a..b", ""},
      {"user@a..", ""},
      {"a,b@example.com", ""},
  };
  for (const Case& each : cases) {
    const auto made = canonical_address(each.given, {});
    if (*each.canonical == '\0') {
      ASSERT_FALSE(made) << each.given << " became " << *made;
      EXPECT_EQ(made.error(), make_error_code(Errc::BadAddress));
      EXPECT_FALSE(made.error().detail.empty());
      continue;
    }
    ASSERT_TRUE(made) << each.given << ": " << made.error().detail;
    EXPECT_EQ(*made, each.canonical) << each.given;
  }
}

TEST(CanonicalAddress, OverlongOnesAreRefused) {
  EXPECT_FALSE(canonical_address(std::string(300, 'a') + "@example.com", {}));
  EXPECT_FALSE(canonical_address("a@" + std::string(300, 'b'), {}));
}

// Found by fuzzing: a library that takes C strings sees only what is before the zero byte.
TEST(CanonicalAddress, ZeroByteInTheDomainIsRefused) {
  EXPECT_FALSE(canonical_address(std::string_view("a@\0\xdb\x8f.example", 14), {}));
  EXPECT_FALSE(canonical_address(std::string_view("a@b\0.example", 12), {}));
}

TEST(CanonicalAddress, IsItsOwnCanonicalForm) {
  for (const char* given :
       {"\"a \\\" b\"@example.com", "J\xc3\x96RG@m\xc3\xbcller.example", "\"a\\\\b c\"@x.example"}) {
    const auto once = canonical_address(given, {});
    ASSERT_TRUE(once);
    EXPECT_EQ(*canonical_address(*once, {}), *once);
  }
}

TEST(CanonicalAddress, GmailRulesCountOnlyWhenSwitchedOn) {
  const ProviderRules gmail{.gmail = true};
  EXPECT_EQ(*canonical_address("J.D+news@GoogleMail.com", gmail), "jd@gmail.com");
  EXPECT_EQ(*canonical_address("jd@gmail.com", gmail), "jd@gmail.com");
  EXPECT_EQ(*canonical_address("j.d+x@example.com", gmail), "j.d+x@example.com");
  EXPECT_EQ(*canonical_address("@gmail.com", gmail), "@gmail.com");
  EXPECT_EQ(*canonical_address("+x@gmail.com", gmail), "+x@gmail.com");
}

std::vector<std::string> keys_of(std::string_view address, ProviderRules rules = {}) {
  const LookupKeys keys(address, rules);
  std::vector<std::string> all;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    all.emplace_back(keys[i].address);
    EXPECT_EQ(keys[i].hash, hash_address(keys[i].address));
  }
  return all;
}

TEST(LookupKeys, AreTheAddressAndItsDomain) {
  using Keys = std::vector<std::string>;
  EXPECT_EQ(keys_of("User@Example.com"), (Keys{"user@example.com", "@example.com"}));
  EXPECT_EQ(keys_of("user@example.com."), (Keys{"user@example.com", "@example.com"}));
  EXPECT_EQ(keys_of("user@m\xc3\xbcller.example"), (Keys{"user@xn--mller-kva.example", "@xn--mller-kva.example"}));
  EXPECT_EQ(keys_of("\"user\"@example.com"), (Keys{"user@example.com", "@example.com"}));
  EXPECT_EQ(keys_of("@example.com"), (Keys{"@example.com"}));
  EXPECT_EQ(keys_of("postmaster"), Keys{});
  EXPECT_EQ(keys_of("user@"), Keys{});
  EXPECT_EQ(keys_of("a@" + std::string(400, 'b')), Keys{});
}

TEST(LookupKeys, WithGmailRulesBothFormsAreLookedUp) {
  using Keys = std::vector<std::string>;
  EXPECT_EQ(keys_of("j.d+x@gmail.com", {.gmail = true}), (Keys{"j.d+x@gmail.com", "jd@gmail.com", "@gmail.com"}));
  EXPECT_EQ(keys_of("jd@gmail.com", {.gmail = true}), (Keys{"jd@gmail.com", "@gmail.com"}));
}

// On disk: this table says what must never change.
TEST(HashAddress, IsWhatItAlwaysWas) {
  EXPECT_EQ(hash_address("user@example.com"), hash_address("user@example.com"));
  EXPECT_NE(hash_address("user@example.com"), hash_address("user@example.org"));
  EXPECT_NE(hash_address(std::string_view("a\0", 2)), hash_address("a"));
  EXPECT_EQ(hash_address("user@example.com"), 15290235945089882421ULL);
  EXPECT_EQ(hash_address("@b"), 3552726347908027193ULL);
}

}  // namespace
}  // namespace penstock::suppression
