// SPDX-License-Identifier: Apache-2.0
#include "sasl/credentials.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/base64.h"

namespace penstock::sasl {
namespace {

std::string hex(std::string_view bytes) {
  std::string out;
  for (const char c : bytes) {
    constexpr std::string_view kHex = "0123456789abcdef";
    out += kHex[static_cast<unsigned char>(c) >> 4U];
    out += kHex[static_cast<unsigned char>(c) & 15U];
  }
  return out;
}

// RFC 7914 §12 gives 64 bytes; a shorter key is their beginning.
TEST(Crypto, ScryptGivesTheVectorsOfRfc7914) {
  EXPECT_EQ(hex(scrypt("", "", {16, 1, 1})), "77d6576238657b203b19ca42c18a0497f16b4844e3074ae8dfdffa3fede21442");
  EXPECT_EQ(hex(scrypt("password", "NaCl", {1024, 8, 16})),
            "fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b373162");
  EXPECT_EQ(hex(scrypt("pleaseletmein", "SodiumChloride", {16384, 8, 1})),
            "7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2");
}

// RFC 7914 §11 has vectors of PBKDF2-HMAC-SHA-256.
TEST(Crypto, Pbkdf2GivesTheVectorsOfRfc7914) {
  EXPECT_EQ(hex(pbkdf2_sha256("passwd", "salt", 1)),
            "55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc");
  EXPECT_EQ(hex(pbkdf2_sha256("Password", "NaCl", 80000)),
            "4ddcd8f60b98be21830cee5ef22701f9641a4418d04c0414aeff08876b34ab56");
}

TEST(Crypto, HmacGivesAVectorOfRfc4231) {
  EXPECT_EQ(hex(hmac_sha256("Jefe", "what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

TEST(Crypto, CostsThatWouldTakeTooMuchAreNotUsable) {
  EXPECT_TRUE(is_usable(ScryptCost{}));
  for (const ScryptCost& bad :
       {ScryptCost{0, 8, 1}, ScryptCost{1, 8, 1}, ScryptCost{1000, 8, 1}, ScryptCost{1ULL << 40U, 8, 1},
        ScryptCost{1ULL << 20U, 8, 1}, ScryptCost{16, 0, 1}, ScryptCost{16, 8, 0}, ScryptCost{16, 8, 100}}) {
    EXPECT_FALSE(is_usable(bad)) << bad.n << " " << bad.r << " " << bad.p;
  }
}

TEST(Crypto, EqualOnlyWhenAllBytesAre) {
  EXPECT_TRUE(equal_in_constant_time("abc", "abc"));
  EXPECT_FALSE(equal_in_constant_time("abc", "abd"));
  EXPECT_FALSE(equal_in_constant_time("abc", "abcd"));
  EXPECT_TRUE(equal_in_constant_time("", ""));
}

TEST(Crypto, WipedIsEmpty) {
  std::string secret = "hunter2hunter2hunter2hunter2hunter2";
  const char* where = secret.data();
  wipe(secret);
  EXPECT_TRUE(secret.empty());
  EXPECT_EQ(where[0], '\0');
}

TEST(Credentials, OnlyThePasswordMatches) {
  const Credentials kept = make_credentials("pencil", {"salt-of-sixteen!", "another-salt-16!"}, {16, 8, 1}, 4096);
  EXPECT_TRUE(matches(kept, "pencil"));
  for (const char* wrong : {"", "Pencil", "pencil ", "pencils", "penci"}) EXPECT_FALSE(matches(kept, wrong)) << wrong;
  EXPECT_EQ(kept.stored_key.size(), kDigestBytes);
  EXPECT_NE(kept.stored_key, kept.server_key);
}

TEST(Credentials, TwoSaltsGiveTwoHashes) {
  const Credentials one = make_credentials("pencil", {"salt-of-sixteen!", "another-salt-16!"}, {16, 8, 1}, 4096);
  const Credentials two = make_credentials("pencil", {"salt-of-sixteen?", "another-salt-16?"}, {16, 8, 1}, 4096);
  EXPECT_NE(one.scrypt_hash, two.scrypt_hash);
  EXPECT_NE(one.stored_key, two.stored_key);
}

TEST(Credentials, SaysWhatCanBeNoPassword) {
  EXPECT_EQ(password_problem("hunter2"), "");
  EXPECT_EQ(password_problem("pass word ~!"), "");
  EXPECT_THAT(std::string(password_problem("p\xc3\xa4sswort")), ::testing::HasSubstr("ASCII"));
  EXPECT_NE(password_problem(""), "");
  EXPECT_NE(password_problem("a\nb"), "");
  EXPECT_NE(password_problem(std::string_view("a\0b", 3)), "");
  EXPECT_NE(password_problem("a\x7f"), "");
  EXPECT_EQ(password_problem(std::string(512, 'x')), "");
  EXPECT_NE(password_problem(std::string(513, 'x')), "");
}

}  // namespace
}  // namespace penstock::sasl
