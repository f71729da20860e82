// SPDX-License-Identifier: Apache-2.0
#include "dmarc/discovery.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace penstock::dmarc {
namespace {

using ::testing::ElementsAre;

TEST(DmarcDiscovery, TheOrganisationIsAskedToo) {
  EXPECT_THAT(record_names("example.com"), ElementsAre("_dmarc.example.com"));
  EXPECT_THAT(record_names("news.example.com"), ElementsAre("_dmarc.news.example.com", "_dmarc.example.com"));
}

TEST(DmarcDiscovery, TheDomainsOwnRecordGoesFirst) {
  const auto found = find_policy("news.example.com", {{"v=DMARC1; p=none; sp=reject"}, {"v=DMARC1; p=reject"}});
  ASSERT_TRUE(found) << found.error();
  EXPECT_EQ(found->name, "_dmarc.news.example.com");
  EXPECT_EQ(found->applies, Policy::None);
}

TEST(DmarcDiscovery, TheOrganisationsRecordHasAPolicyForSubdomains) {
  const auto with = find_policy("news.example.com", {{"other text"}, {"v=DMARC1; p=reject; sp=none"}});
  ASSERT_TRUE(with) << with.error();
  EXPECT_EQ(with->applies, Policy::None);
  const auto without = find_policy("news.example.com", {{}, {"v=DMARC1; p=reject"}});
  ASSERT_TRUE(without) << without.error();
  EXPECT_EQ(without->applies, Policy::Reject);
}

TEST(DmarcDiscovery, NoneOrTwoRecordsAreNoPolicy) {
  EXPECT_EQ(find_policy("news.example.com", {{}, {}}).error(),
            "there is no DMARC record at _dmarc.news.example.com or _dmarc.example.com");
  EXPECT_EQ(find_policy("example.com", {{"v=DMARC1; p=none", "v=DMARC1; p=reject"}}).error(),
            "_dmarc.example.com has more than one DMARC record, so none counts");
  EXPECT_EQ(find_policy("example.com", {{"v=DMARC1; p=all"}}).error(),
            "the DMARC record at _dmarc.example.com cannot be read: p=all is no policy");
}

}  // namespace
}  // namespace penstock::dmarc
