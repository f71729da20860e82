// SPDX-License-Identifier: Apache-2.0
#include "dmarc/record.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace penstock::dmarc {
namespace {

using ::testing::ElementsAre;

TEST(DmarcRecord, AFirstTagOfTheVersionMakesIt) {
  EXPECT_TRUE(is_dmarc_record("v=DMARC1; p=none"));
  EXPECT_TRUE(is_dmarc_record("  v = DMARC1 ;p=none"));
  EXPECT_FALSE(is_dmarc_record("v=dmarc1; p=none"));
  EXPECT_FALSE(is_dmarc_record("p=none; v=DMARC1"));
  EXPECT_FALSE(is_dmarc_record("v=DMARC10; p=none"));
  EXPECT_FALSE(is_dmarc_record("v=spf1 -all"));
  EXPECT_FALSE(is_dmarc_record(""));
}

TEST(DmarcRecord, TagsAreRead) {
  const auto record = parse_record(
      "v=DMARC1; p=Reject; sp=quarantine; adkim=s; aspf=r; pct=50; rua=mailto:a@example.com!10m,mailto:b@example.net ;"
      "ruf=mailto:f@example.com; fo=1;");
  ASSERT_TRUE(record) << record.error();
  EXPECT_EQ(record->policy, Policy::Reject);
  EXPECT_EQ(record->subdomains, Policy::Quarantine);
  EXPECT_EQ(record->dkim, Alignment::Strict);
  EXPECT_EQ(record->spf, Alignment::Relaxed);
  EXPECT_EQ(record->percent, 50U);
  EXPECT_THAT(record->aggregate_to, ElementsAre("mailto:a@example.com", "mailto:b@example.net"));
  EXPECT_THAT(record->failures_to, ElementsAre("mailto:f@example.com"));
  EXPECT_TRUE(record->problems.empty());
}

TEST(DmarcRecord, WhatCannotBeReadIsTold) {
  const auto record = parse_record("v=DMARC1; p=none; pct=101; adkim=x; sp=all; rua=a@example.com; nonsense");
  ASSERT_TRUE(record) << record.error();
  EXPECT_THAT(record->problems, ElementsAre("pct=101 cannot be read", "adkim=x cannot be read", "sp=all cannot be read",
                                            "rua=a@example.com cannot be read", "nonsense cannot be read"));
  EXPECT_EQ(record->percent, 100U);
}

TEST(DmarcRecord, WithoutAPolicyThereIsNone) {
  EXPECT_EQ(parse_record("v=DMARC1; rua=mailto:a@example.com").error(), "it has no p=");
  EXPECT_EQ(parse_record("v=DMARC1; p=block").error(), "p=block is no policy");
  EXPECT_FALSE(parse_record("v=DMARC1"));
}

}  // namespace
}  // namespace penstock::dmarc
