// SPDX-License-Identifier: Apache-2.0
#include "net/certificate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "net/test/certificates.h"

namespace penstock::net {
namespace {

TEST(CertificateFile, SaysForWhomAndUntilWhen) {
  Certificates all;
  all.add("mx.example.com", -60, 3600);
  const auto read = read_certificate(all.certificate("mx.example.com"), "MX.example.com");
  ASSERT_TRUE(read) << read.error().to_string();
  EXPECT_THAT(read->names, ::testing::ElementsAre("mx.example.com"));
  EXPECT_TRUE(read->fits);
  EXPECT_EQ(read->expires - read->begins, std::chrono::seconds{3660});
  EXPECT_FALSE(read_certificate(all.certificate("mx.example.com"), "other.example.com")->fits);
}

TEST(CertificateFile, WhatIsNoneIsAnError) {
  Certificates all;
  all.add("mx.example.com");
  EXPECT_FALSE(read_certificate(all.key("mx.example.com"), "mx.example.com"));
  EXPECT_FALSE(read_certificate("/nonexistent.pem", "mx.example.com"));
}

}  // namespace
}  // namespace penstock::net
