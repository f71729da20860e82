// SPDX-License-Identifier: Apache-2.0
#include "dkim/key_match.h"

#include <gtest/gtest.h>

#include "dkim/key_record.h"

namespace penstock::dkim {
namespace {

class KeyMatch : public ::testing::Test {
 protected:
  std::string match(const KeyAnswer& answer) const { return mismatch(answer, key_, "s1._domainkey.example.com"); }
  std::string record(bool testing = false) const { return format_key_record(key_.type(), key_.public_key(), testing); }

  KeyPair key_ = *KeyPair::generate(KeyType::Ed25519);
  KeyPair other_ = *KeyPair::generate(KeyType::Ed25519);
};

TEST_F(KeyMatch, TheSameKeyFits) {
  EXPECT_EQ(match({{record()}}), "");
  EXPECT_EQ(match({{record(true)}}), "");
}

TEST_F(KeyMatch, AnythingElseIsTold) {
  EXPECT_EQ(match({}), "there is no TXT record at s1._domainkey.example.com");
  EXPECT_EQ(match({{}, true, "no answer"}), "DNS could not tell: no answer");
  EXPECT_EQ(match({{record(), record()}}), "there are 2 TXT records at s1._domainkey.example.com");
  EXPECT_EQ(match({{format_key_record(other_.type(), other_.public_key())}}), "DNS has another key than the file");
  EXPECT_EQ(match({{"v=DKIM1; k=ed25519; p="}}), "the key has been revoked in DNS (p= is empty)");
  EXPECT_EQ(match({{record() + "; s=tlsrpt"}}), "the key in DNS is not for mail (s=)");
  EXPECT_NE(match({{"v=DKIM1; k=rsa; p=AAAA"}}), "");
}

TEST_F(KeyMatch, AKeyForReportsOfTlsIsForThese) {
  const auto match_reports = [this](const std::string& text) {
    return mismatch({{text}}, key_, "s1._domainkey.example.com", kTlsReportService);
  };
  EXPECT_EQ(match_reports(record() + "; s=tlsrpt"), "");
  EXPECT_EQ(match_reports(record()), "");
  EXPECT_EQ(match_reports(record() + "; s=email"), "the key in DNS is not for reports of TLS (s=)");
}

}  // namespace
}  // namespace penstock::dkim
