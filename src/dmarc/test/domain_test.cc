// SPDX-License-Identifier: Apache-2.0
#include "dmarc/domain.h"

#include <gtest/gtest.h>

namespace penstock::dmarc {
namespace {

TEST(DmarcDomain, TheOrganisationIsOneLabelBelowThePublicSuffix) {
  EXPECT_EQ(organizational_domain("example.com"), "example.com");
  EXPECT_EQ(organizational_domain("a.b.Example.com"), "example.com");
  EXPECT_EQ(organizational_domain("news.example.co.uk"), "example.co.uk");
  EXPECT_EQ(organizational_domain("co.uk"), "co.uk");
  EXPECT_EQ(organizational_domain("com"), "com");
  EXPECT_EQ(organizational_domain("mail.sender.test"), "sender.test");
  EXPECT_EQ(organizational_domain(""), "");
}

TEST(DmarcDomain, RelaxedAlignmentIsThatOfTheOrganisation) {
  EXPECT_TRUE(is_aligned("example.com", "example.com", Alignment::Relaxed));
  EXPECT_TRUE(is_aligned("bounces.example.com", "news.example.com", Alignment::Relaxed));
  EXPECT_FALSE(is_aligned("example.net", "example.com", Alignment::Relaxed));
  EXPECT_FALSE(is_aligned("one.co.uk", "two.co.uk", Alignment::Relaxed));
  EXPECT_FALSE(is_aligned("badexample.com", "example.com", Alignment::Relaxed));
  EXPECT_FALSE(is_aligned("", "", Alignment::Relaxed));
}

TEST(DmarcDomain, StrictAlignmentIsEquality) {
  EXPECT_TRUE(is_aligned("News.example.com", "news.example.com", Alignment::Strict));
  EXPECT_FALSE(is_aligned("example.com", "news.example.com", Alignment::Strict));
}

}  // namespace
}  // namespace penstock::dmarc
