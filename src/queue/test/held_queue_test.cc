// SPDX-License-Identifier: Apache-2.0
#include "queue/held_queue.h"

#include "queue/test/queued.h"

using namespace penstock::queue;
using ::testing::ElementsAre;

TEST(HeldQueue, CountsByReasonAndWritesItDown) {
  ChunkPool pool;
  HeldQueue held(pool);
  held.push(numbered(1), HoldReason::Operator);
  held.push(numbered(2), HoldReason::Paused);
  held.push(numbered(3), HoldReason::Paused);
  EXPECT_EQ(held.size(), 3U);
  EXPECT_EQ(held.size(HoldReason::Operator), 1U);
  EXPECT_EQ(held.size(HoldReason::Paused), 2U);
  EXPECT_EQ(held.size(HoldReason::Wave), 0U);
  HeldQueue::Cursor cursor;
  std::vector<HoldReason> reasons;
  held.scan(cursor, 10, [&](const QueuedRecipient& recipient) {
    reasons.push_back(recipient.hold);
    return Visit::Keep;
  });
  EXPECT_THAT(reasons, ElementsAre(HoldReason::Operator, HoldReason::Paused, HoldReason::Paused));
}

TEST(HeldQueue, ReleaseTakesInSlicesWhatWaitedLongestFirst) {
  ChunkPool pool;
  HeldQueue held(pool);
  for (std::uint64_t n = 0; n < 1000; ++n) held.push(numbered(n), n % 2 == 0 ? HoldReason::Paused : HoldReason::Wave);
  HeldQueue::Cursor cursor;
  std::vector<std::uint64_t> released;
  int slices = 0;
  while (!cursor.done()) {
    ++slices;
    const std::size_t shown = held.scan(cursor, 100, [&](const QueuedRecipient& recipient) {
      if (recipient.hold != HoldReason::Paused) return Visit::Keep;
      released.push_back(recipient.message.value);
      return Visit::Take;
    });
    EXPECT_LE(shown, 115U);
    held.push(numbered(5000 + static_cast<std::uint64_t>(slices)), HoldReason::Operator);  // mail goes on
  }
  EXPECT_GE(slices, 9);
  ASSERT_EQ(released.size(), 500U);
  EXPECT_TRUE(std::is_sorted(released.begin(), released.end()));
  EXPECT_EQ(held.size(HoldReason::Paused), 0U);
  EXPECT_EQ(held.size(HoldReason::Wave), 500U);
  EXPECT_EQ(held.size(), 500U + static_cast<std::size_t>(slices));
}

TEST(HeldQueue, GivesItsMemoryBack) {
  ChunkPool pool;
  {
    HeldQueue held(pool);
    for (std::uint64_t n = 0; n < 100; ++n) held.push(numbered(n), HoldReason::NoPath);
    EXPECT_GT(pool.chunks_in_use(), 0U);
  }
  EXPECT_EQ(pool.chunks_in_use(), 0U);
}

TEST(HeldQueue, HoldingWithoutAReasonIsABug) {
  ChunkPool pool;
  HeldQueue held(pool);
  EXPECT_DEATH(held.push(numbered(1), HoldReason::None), "");
}
