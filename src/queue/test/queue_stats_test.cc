// SPDX-License-Identifier: Apache-2.0
#include "queue/queue_stats.h"

#include "queue/test/queued.h"

using namespace penstock;
using namespace penstock::queue;
using namespace std::chrono_literals;

namespace {

QueuedRecipient to_domain(std::uint32_t domain, LabelSetId labels = {}) {
  return {.domain = model::NameId{domain}, .labels = labels, .received = kStart};
}

}  // namespace

TEST(QueueTotals, FollowMoves) {
  QueueTotals totals;
  totals.entered(Whereabouts::Scheduled);
  totals.entered(Whereabouts::Active);
  totals.moved(Whereabouts::Active, Whereabouts::Deferred);
  EXPECT_EQ(totals.count(Whereabouts::Active), 0U);
  EXPECT_EQ(totals.count(Whereabouts::Deferred), 1U);
  EXPECT_EQ(totals.total(), 2U);
  totals.left(Whereabouts::Deferred);
  QueueTotals other;
  other.entered(Whereabouts::Held);
  totals += other;
  EXPECT_EQ(totals.count(Whereabouts::Held), 1U);
  EXPECT_EQ(totals.total(), 2U);
}

TEST(QueueTotals, LeavingWhereNobodyIsIsABug) {
  QueueTotals totals;
  EXPECT_DEATH(totals.left(Whereabouts::Held), "");
}

TEST(QueueTotals, PlacesHaveNames) {
  EXPECT_STREQ(to_string(Whereabouts::Active), "active");
  EXPECT_STREQ(to_string(Whereabouts::Deferred), "deferred");
  EXPECT_STREQ(to_string(Whereabouts::Held), "held");
  EXPECT_STREQ(to_string(Whereabouts::Scheduled), "scheduled");
}

TEST(AgeBuckets, BoundsBelongToTheNext) {
  EXPECT_EQ(age_bucket(-1h), 0U);
  EXPECT_EQ(age_bucket(0s), 0U);
  EXPECT_EQ(age_bucket(5min - 1us), 0U);
  EXPECT_EQ(age_bucket(5min), 1U);
  EXPECT_EQ(age_bucket(639min), 7U);
  EXPECT_EQ(age_bucket(1279min), 8U);
  EXPECT_EQ(age_bucket(1280min), 9U);
  EXPECT_EQ(age_bucket(24h * 365), kAgeBuckets - 1);
}

TEST(AgeTable, CountsByDomainLabelsAgeAndPlace) {
  AgeTable table;
  const Time now = time_of(kStart) + 15min;
  table.add(to_domain(1, LabelSetId{7}), Whereabouts::Active, now);
  table.add(to_domain(1, LabelSetId{8}), Whereabouts::Deferred, now);
  table.add(to_domain(2, LabelSetId{8}), Whereabouts::Deferred, now + 100h);
  EXPECT_EQ(table.total().total(), 3U);
  EXPECT_EQ(table.total().by_age[2], 2U);
  EXPECT_EQ(table.total().by_age[9], 1U);
  EXPECT_EQ(table.total().by_whereabouts[static_cast<std::size_t>(Whereabouts::Deferred)], 2U);
  const auto domains = table.domains(10);
  ASSERT_EQ(domains.size(), 2U);
  EXPECT_EQ(domains[0].id, model::NameId{1});
  EXPECT_EQ(domains[0].row.total(), 2U);
  const auto labels = table.label_sets(10);
  ASSERT_EQ(labels.size(), 2U);
  EXPECT_EQ(labels[0].id, LabelSetId{8});
}

TEST(AgeTable, RanksByTotalThenById) {
  AgeTable table;
  for (std::uint32_t domain = 1; domain <= 50; ++domain) {
    for (std::uint32_t i = 0; i < domain / 2; ++i) table.add(to_domain(domain), Whereabouts::Active, time_of(kStart));
  }
  const auto top = table.domains(3);
  ASSERT_EQ(top.size(), 3U);
  EXPECT_EQ(top[0].id, model::NameId{50});
  EXPECT_EQ(top[1].id, model::NameId{48});
  EXPECT_EQ(top[2].id, model::NameId{49});
  EXPECT_TRUE(table.domains(0).empty());
}

TEST(AgeTable, RowsAreBoundedAndNothingIsLost) {
  AgeTable table;
  for (std::uint32_t domain = 1; domain <= AgeTable::kRows + 500; ++domain)
    table.add(to_domain(domain, LabelSetId{domain}), Whereabouts::Held, time_of(kStart));
  EXPECT_EQ(table.domains(AgeTable::kRows * 2).size(), AgeTable::kRows);
  EXPECT_EQ(table.other_domains().total(), 500U);
  EXPECT_EQ(table.other_labels().total(), 500U);
  EXPECT_EQ(table.total().total(), AgeTable::kRows + 500);
}

TEST(AgeTable, ShardsAreAddedTogether) {
  AgeTable one, other;
  one.add(to_domain(1), Whereabouts::Active, time_of(kStart));
  other.add(to_domain(1), Whereabouts::Held, time_of(kStart));
  other.add(to_domain(2), Whereabouts::Held, time_of(kStart) + 6min);
  one += other;
  EXPECT_EQ(one.total().total(), 3U);
  EXPECT_EQ(one.total().by_age[1], 1U);
  EXPECT_EQ(one.domains(9).size(), 2U);
  EXPECT_EQ(one.domains(9)[0].row.total(), 2U);
}
