// SPDX-License-Identifier: Apache-2.0
#include "tlsrpt/session.h"

#include <gtest/gtest.h>

namespace penstock::tlsrpt {
namespace {

TEST(ResultType, WordsOfAHandshakeGetTheirName) {
  const auto of = [](std::string_view words) { return result_type_of(words, PolicyType::Sts); };
  EXPECT_EQ(of("the receiver does not offer STARTTLS"), "starttls-not-supported");
  EXPECT_EQ(of("TLS handshake: certificate refused: hostname mismatch"), "certificate-host-mismatch");
  EXPECT_EQ(of("certificate has expired"), "certificate-expired");
  EXPECT_EQ(of("self-signed certificate in certificate chain"), "certificate-not-trusted");
  EXPECT_EQ(of("unable to get local issuer certificate"), "certificate-not-trusted");
  EXPECT_EQ(of("the handshake timed out"), "validation-failure");
}

TEST(ResultType, DaneKnowsFewerWords) {
  EXPECT_EQ(result_type_of("no matching DANE TLSA records", PolicyType::Tlsa), "validation-failure");
  EXPECT_EQ(result_type_of("hostname mismatch", PolicyType::Tlsa), "validation-failure");
  EXPECT_EQ(result_type_of("the receiver does not offer STARTTLS", PolicyType::Tlsa), "starttls-not-supported");
}

TEST(PolicyTypeName, IsThatOfTheStandard) {
  EXPECT_EQ(to_string(PolicyType::None), "no-policy-found");
  EXPECT_EQ(to_string(PolicyType::Tlsa), "tlsa");
  EXPECT_EQ(to_string(PolicyType::Sts), "sts");
}

}  // namespace
}  // namespace penstock::tlsrpt
