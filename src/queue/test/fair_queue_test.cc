// SPDX-License-Identifier: Apache-2.0
#include "queue/fair_queue.h"

#include <map>
#include <set>

#include "queue/test/queued.h"

using namespace penstock;
using namespace penstock::queue;
using ::testing::ElementsAre;

namespace {

class Fair : public ::testing::Test {
 protected:
  LabelSetId tenant(const std::string& name, const std::string& campaign = "") {
    return labels_.intern(model::Labels{.stream = "s", .tenant = name, .campaign = campaign, .vmta = ""}, names_);
  }
  void push(LabelSetId flow, std::uint64_t count, std::uint32_t kib = 10, Priority priority = Priority::Normal) {
    for (; count > 0; --count) queue_.push(labelled(++last_, flow, kib), priority);
  }
  // How many of the next `takes` each flow gets.
  std::map<LabelSetId, int> served(int takes) {
    std::map<LabelSetId, int> counts;
    for (; takes > 0; --takes) {
      if (const auto next = queue_.pop(pauses_)) ++counts[next->labels];
    }
    return counts;
  }
  void pause(std::uint64_t id, const SelectionText& text) {
    ASSERT_TRUE(pauses_.add({.id = PauseId{id}, .selection = *Selection::make(text, names_)}));
  }

  model::NameTable names_;
  LabelSetTable labels_;
  PauseSet pauses_;
  ChunkPool pool_;
  FairQueue queue_{pool_, labels_};
  std::uint64_t last_ = 0;
};

}  // namespace

TEST_F(Fair, EmptyGivesNothing) {
  EXPECT_FALSE(queue_.pop(pauses_));
  EXPECT_FALSE(queue_.ready(pauses_));
  EXPECT_TRUE(queue_.empty());
  EXPECT_EQ(queue_.flows(), 0U);
}

TEST_F(Fair, OneFlowIsFirstInFirstOut) {
  push(tenant("a"), 100);
  EXPECT_EQ(queue_.size(tenant("a")), 100U);
  EXPECT_TRUE(queue_.ready(pauses_));
  for (std::uint64_t n = 1; n <= 100; ++n) EXPECT_EQ(queue_.pop(pauses_)->message.value, n);
  EXPECT_TRUE(queue_.empty());
  EXPECT_EQ(queue_.flows(), 0U) << "a flow disappears when it is empty";
  EXPECT_EQ(queue_.size(tenant("a")), 0U);
  EXPECT_EQ(pool_.chunks_in_use(), 0U);
}

TEST_F(Fair, TenOfANewTenantDoNotWaitBehindAMillion) {
  push(tenant("big"), 1'000'000);
  served(1000);
  push(tenant("new"), 10);
  const auto counts = served(40);
  EXPECT_EQ(counts.at(tenant("new")), 10);
}

TEST_F(Fair, EqualMessagesShareEqually) {
  for (const char* name : {"a", "b", "c", "d"}) push(tenant(name), 5000);
  const auto counts = served(4000);
  for (const char* name : {"a", "b", "c", "d"}) EXPECT_NEAR(counts.at(tenant(name)), 1000, 6) << name;
}

TEST_F(Fair, CapacityIsSharedByBytesAndTransactions) {
  push(tenant("small"), 20'000, 4);    // costs 20 each
  push(tenant("large"), 20'000, 184);  // costs 200 each
  const auto counts = served(11'000);
  EXPECT_NEAR(counts.at(tenant("small")), 10'000, 20);
  EXPECT_NEAR(counts.at(tenant("large")), 1000, 2);
}

TEST_F(Fair, HugeMessageIsChargedUpToTheBound) {
  push(tenant("huge"), 100, 50 * 1024);
  push(tenant("small"), 100'000, 0);  // costs 16
  const auto counts = served(6600);
  // 1040 units against 65 of 16.
  EXPECT_NEAR(counts.at(tenant("huge")), 100, 2);
}

TEST_F(Fair, CampaignsOfATenantAreFlowsOfTheirOwn) {
  push(tenant("a", "spring"), 100);
  push(tenant("a", "summer"), 100);
  EXPECT_EQ(queue_.flows(), 2U);
  EXPECT_NEAR(served(100).at(tenant("a", "spring")), 50, 4);
}

TEST_F(Fair, FlowThatComesBackDoesNotGainByIt) {
  push(tenant("steady"), 10'000);
  std::map<LabelSetId, int> counts;
  for (int i = 0; i < 1000; ++i) {
    if (queue_.size(tenant("coming")) == 0) push(tenant("coming"), 1);
    ++counts[queue_.pop(pauses_)->labels];
  }
  EXPECT_LE(counts.at(tenant("coming")), 510);
}

TEST_F(Fair, HigherPriorityGoesFirst) {
  push(tenant("c"), 3, 10, Priority::Bulk);
  push(tenant("b"), 3, 10, Priority::Normal);
  push(tenant("a"), 3, 10, Priority::Urgent);
  std::vector<std::uint64_t> order;
  while (const auto next = queue_.pop(pauses_)) order.push_back(next->message.value);
  EXPECT_THAT(order, ElementsAre(7, 8, 9, 4, 5, 6, 1, 2, 3));
}

TEST_F(Fair, FloodOfUrgentLeavesTheOthersTheirShare) {
  push(tenant("urgent"), 100'000, 10, Priority::Urgent);
  push(tenant("normal"), 10'000, 10, Priority::Normal);
  push(tenant("bulk"), 10'000, 10, Priority::Bulk);
  int since_normal = 0, since_bulk = 0, lower_in_a_row = 0, urgent = 0;
  for (int i = 0; i < 20'000; ++i) {
    const LabelSetId flow = queue_.pop(pauses_)->labels;
    since_normal = flow == tenant("normal") ? 0 : since_normal + 1;
    since_bulk = flow == tenant("bulk") ? 0 : since_bulk + 1;
    lower_in_a_row = flow == tenant("urgent") ? 0 : lower_in_a_row + 1;
    urgent += flow == tenant("urgent") ? 1 : 0;
    ASSERT_LT(since_normal, 8) << i;
    ASSERT_LT(since_bulk, 16) << i;
    ASSERT_LE(lower_in_a_row, 2) << i;
  }
  EXPECT_NEAR(urgent, 20'000 * 13 / 16, 200) << "and not much more than that";
}

TEST_F(Fair, BulkGetsItsSixteenthBesideNormalAlone) {
  push(tenant("normal"), 10'000, 10, Priority::Normal);
  push(tenant("bulk"), 10'000, 10, Priority::Bulk);
  EXPECT_NEAR(served(1600).at(tenant("bulk")), 100, 8);
}

TEST_F(Fair, PriorityThatWasEmptyHasNoClaimSaved) {
  push(tenant("urgent"), 1000, 10, Priority::Urgent);
  served(500);
  push(tenant("bulk"), 1, 10, Priority::Bulk);
  EXPECT_EQ(served(8).count(tenant("bulk")), 0U);
  EXPECT_EQ(served(8).count(tenant("bulk")), 1U);
}

TEST_F(Fair, ReloadMovesAFlowToItsNewPriority) {
  push(tenant("a"), 100, 10, Priority::Normal);
  push(tenant("b"), 100, 10, Priority::Bulk);
  push(tenant("b"), 1, 10, Priority::Urgent);
  EXPECT_EQ(served(50).at(tenant("b")), 50 - 6);
  EXPECT_EQ(queue_.flows(), 2U);
}

TEST_F(Fair, PausedFlowIsSetAsideAndTheOthersGoOn) {
  push(tenant("a"), 50);
  push(tenant("b"), 50);
  pause(1, {.tenant = "a"});
  EXPECT_EQ(served(100).count(tenant("a")), 0U);
  EXPECT_FALSE(queue_.ready(pauses_));
  EXPECT_EQ(queue_.size(), 50U);
  push(tenant("a"), 1);
  EXPECT_FALSE(queue_.pop(pauses_)) << "pushing does not end a pause";
  EXPECT_TRUE(pauses_.remove(PauseId{1}));
  EXPECT_TRUE(queue_.ready(pauses_));
  EXPECT_EQ(served(100).at(tenant("a")), 51);
}

TEST_F(Fair, PauseMadeWhileFlowsWaitHoldsAtTheNextTake) {
  for (int i = 0; i < 100; ++i) push(tenant("t" + std::to_string(i)), 2);
  served(10);
  pause(1, {.stream = "s"});
  EXPECT_FALSE(queue_.pop(pauses_));
  pause(2, {.tenant = "t50"});
  EXPECT_TRUE(pauses_.remove(PauseId{1}));
  const std::size_t left = queue_.size();
  const auto counts = served(1000);
  EXPECT_EQ(counts.count(tenant("t50")), 0U);
  EXPECT_EQ(queue_.size(), 2U);
  EXPECT_EQ(counts.size(), 94U) << "five flows were done before";
  EXPECT_EQ(left, 190U);
}

TEST_F(Fair, PausesOfDomainsAreNotForFlows) {
  push(tenant("a"), 1);
  pause(1, {.tenant = "a", .domain = "slow.example"});
  EXPECT_TRUE(queue_.pop(pauses_)) << "whoever takes it asks PauseSet::find for the recipient";
}

TEST_F(Fair, PausedFlowKeepsItsNewPriority) {
  push(tenant("a"), 2, 10, Priority::Bulk);
  pause(1, {.tenant = "a"});
  EXPECT_FALSE(queue_.pop(pauses_));
  push(tenant("a"), 1, 10, Priority::Urgent);
  push(tenant("b"), 3, 10, Priority::Normal);
  pauses_.remove(PauseId{1});
  EXPECT_EQ(served(3).at(tenant("a")), 3);
}

TEST_F(Fair, SameMessageIsTakenForOneTransaction) {
  const LabelSetId flow = tenant("a");
  for (std::uint32_t i = 0; i < 5; ++i)
    queue_.push({.message = model::MessageId{7}, .index = i, .domain = names_.intern("a.example"), .labels = flow},
                Priority::Normal);
  queue_.push({.message = model::MessageId{7}, .index = 5, .domain = names_.intern("b.example"), .labels = flow},
              Priority::Normal);
  queue_.push({.message = model::MessageId{7}, .index = 6, .domain = names_.intern("a.example"), .labels = flow},
              Priority::Normal);
  std::vector<QueuedRecipient> more;
  const QueuedRecipient first = *queue_.pop(pauses_);
  EXPECT_EQ(queue_.pop_same_message(first, 2, more), 2U);
  EXPECT_EQ(queue_.pop_same_message(first, 100, more), 2U) << "up to another domain";
  ASSERT_EQ(more.size(), 4U);
  for (std::uint32_t i = 0; i < 4; ++i) EXPECT_EQ(more[i].index, i + 1);
  EXPECT_EQ(queue_.pop_same_message(first, 100, more), 0U);
  EXPECT_EQ(queue_.size(), 2U);
}

TEST_F(Fair, LastOfAFlowTakenWithItsMessageEndsTheFlow) {
  const LabelSetId flow = tenant("a");
  for (std::uint32_t i = 0; i < 3; ++i)
    queue_.push({.message = model::MessageId{7}, .index = i, .labels = flow}, Priority::Normal);
  std::vector<QueuedRecipient> more;
  const QueuedRecipient first = *queue_.pop(pauses_);
  EXPECT_EQ(queue_.pop_same_message(first, 100, more), 2U);
  EXPECT_EQ(queue_.flows(), 0U);
  EXPECT_EQ(queue_.pop_same_message(first, 100, more), 0U);
}

TEST_F(Fair, BatchesAreCharged) {
  const LabelSetId batches = tenant("batches");
  for (std::uint64_t n = 0; n < 100; ++n) {
    for (std::uint32_t i = 0; i < 20; ++i)
      queue_.push({.message = model::MessageId{n}, .index = i, .labels = batches, .body_kib = 4}, Priority::Normal);
  }
  push(tenant("single"), 2000, 4);
  int by_batch = 0, by_one = 0;
  std::vector<QueuedRecipient> more;
  while (by_batch + by_one < 2000) {
    const QueuedRecipient first = *queue_.pop(pauses_);
    if (first.labels == batches)
      by_batch += 1 + static_cast<int>(queue_.pop_same_message(first, 100, more));
    else
      ++by_one;
  }
  EXPECT_NEAR(by_batch, by_one, 40);
}

TEST_F(Fair, ScanShowsEachFlowOnceInSlices) {
  for (int i = 0; i < 20; ++i) push(tenant("t" + std::to_string(i)), 50);
  pause(1, {.tenant = "t3"});
  served(20);
  const auto seen = scan_all(queue_, 30);
  EXPECT_EQ(seen.size(), queue_.size()) << "paused flows too";
  EXPECT_EQ(std::set<std::uint64_t>(seen.begin(), seen.end()).size(), seen.size());
}

TEST_F(Fair, ScanTakesWithFlowsComingAndGoing) {
  for (int i = 0; i < 50; ++i) push(tenant("t" + std::to_string(i)), 40);
  pause(1, {.tenant = "t3"});
  FairQueue::Cursor cursor;
  std::size_t gone = 0;
  while (!cursor.done()) {
    const std::size_t shown = queue_.scan(cursor, 25, [&](const QueuedRecipient& recipient) {
      if (recipient.message.value % 2 == 0) return Visit::Keep;
      ++gone;
      return Visit::Take;
    });
    EXPECT_LE(shown, 40U);
    gone += queue_.pop(pauses_) ? 1U : 0U;
    push(tenant("new"), 1);
    EXPECT_EQ(queue_.size() + gone, last_);
  }
  for (const std::uint64_t n : scan_all(queue_)) EXPECT_TRUE(n % 2 == 0 || n > 2000) << n;
}

TEST_F(Fair, ScanThatTakesAllLeavesNothing) {
  for (int i = 0; i < 10; ++i) push(tenant("t" + std::to_string(i)), 40, 10, static_cast<Priority>(i % 3));
  pause(1, {.tenant = "t3"});
  served(30);
  FairQueue::Cursor cursor;
  while (!cursor.done()) queue_.scan(cursor, 25, [](const QueuedRecipient&) { return Visit::Take; });
  EXPECT_TRUE(queue_.empty());
  EXPECT_EQ(queue_.flows(), 0U);
  EXPECT_EQ(pool_.chunks_in_use(), 0U);
  EXPECT_FALSE(queue_.pop(pauses_));
  pauses_.remove(PauseId{1});
  EXPECT_FALSE(queue_.ready(pauses_));
}

TEST(Priorities, AreNamedAsInTheConfiguration) {
  EXPECT_STREQ(to_string(Priority::Urgent), "urgent");
  EXPECT_STREQ(to_string(Priority::Normal), "normal");
  EXPECT_STREQ(to_string(Priority::Bulk), "bulk");
}
