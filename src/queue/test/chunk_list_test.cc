// SPDX-License-Identifier: Apache-2.0
#include "queue/chunk_list.h"

#include <deque>
#include <map>
#include <set>

#include "base/rng.h"
#include "queue/test/queued.h"

using namespace penstock;
using namespace penstock::queue;

namespace {

class ChunkLists : public ::testing::Test {
 protected:
  void TearDown() override {
    list_.clear(pool_);
    EXPECT_EQ(pool_.chunks_in_use(), 0U);
  }
  void push(std::uint64_t first, std::uint64_t count) {
    for (std::uint64_t n = first; n < first + count; ++n) list_.push(pool_, numbered(n));
  }
  ListCursor cursor() { return {.scan = pool_.next_scan()}; }
  // One slice; notes what it shows in seen_.
  void slice(ListCursor& cursor, std::uint32_t max = 1) {
    list_.scan(pool_, cursor, max, [this](const QueuedRecipient& recipient) {
      ++seen_[recipient.message.value];
      return Visit::Keep;
    });
  }
  void finish(ListCursor& cursor) {
    while (!cursor.done) slice(cursor);
  }
  template <class Unwanted>
  void thin_out(ListCursor& cursor, const Unwanted& unwanted) {
    while (!cursor.done) {
      list_.scan(pool_, cursor, 1, [&](const QueuedRecipient& recipient) {
        return unwanted(recipient.message.value) ? Visit::Take : Visit::Keep;
      });
    }
  }
  [[nodiscard]] int seen(std::uint64_t n) const {
    const auto found = seen_.find(n);
    return found == seen_.end() ? 0 : found->second;
  }

  ChunkPool pool_;
  ChunkList list_;
  std::map<std::uint64_t, int> seen_;
};

}  // namespace

TEST_F(ChunkLists, FirstInIsFirstOut) {
  EXPECT_TRUE(list_.empty());
  push(1, 100);
  EXPECT_EQ(list_.size(), 100U);
  for (std::uint64_t n = 1; n <= 100; ++n) {
    EXPECT_EQ(list_.front(pool_), numbered(n));
    EXPECT_EQ(list_.pop(pool_), numbered(n));
  }
  EXPECT_TRUE(list_.empty());
  EXPECT_EQ(list_.size(), 0U);
}

TEST_F(ChunkLists, ListIsTwelveBytesAndAFullChunkNearlyAllDescriptors) {
  EXPECT_EQ(sizeof(ChunkList), 12U);
  EXPECT_LE(sizeof(ChunkPool::Chunk), ChunkPool::kChunkItems * sizeof(QueuedRecipient) * 104 / 100);
}

TEST_F(ChunkLists, MemoryComesBack) {
  const std::size_t none = pool_.bytes();
  push(0, 100'000);
  const std::size_t full = pool_.bytes();
  EXPECT_LE(full, 100'000U * 44);
  while (!list_.empty()) list_.pop(pool_);
  EXPECT_EQ(pool_.chunks_in_use(), 0U);
  EXPECT_LT(pool_.bytes() - none, 100'000U) << "one spare slab and the table of slabs stay";
  push(0, 100'000);
  EXPECT_LE(pool_.bytes(), full + 1000);
}

TEST_F(ChunkLists, ChunksOfADrainedListServeTheNext) {
  ChunkList other;
  push(0, 1600);
  for (std::uint64_t n = 0; n < 20 * 1600; ++n) {
    other.push(pool_, numbered(n));
    list_.pop(pool_);
    std::swap(n % 1600 == 1599 ? other : list_, list_);
  }
  EXPECT_LE(pool_.chunks_in_use(), 202U);
  other.clear(pool_);
}

TEST_F(ChunkLists, PopWithoutAnythingIsABug) {
  EXPECT_DEATH(list_.pop(pool_), "");
}

TEST_F(ChunkLists, ScanShowsEachOnceInOrderAndBounded) {
  push(1, 1000);
  ListCursor all = cursor();
  std::vector<std::uint64_t> order;
  while (!all.done) {
    const std::size_t before = order.size();
    const std::uint32_t shown = list_.scan(pool_, all, 50, [&](const QueuedRecipient& recipient) {
      order.push_back(recipient.message.value);
      return Visit::Keep;
    });
    EXPECT_EQ(shown, order.size() - before);
    EXPECT_LE(shown, 65U);
  }
  ASSERT_EQ(order.size(), 1000U);
  EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
  EXPECT_EQ(list_.scan(pool_, all, 50, [](const QueuedRecipient&) { return Visit::Take; }), 0U) << "it is done";
}

TEST_F(ChunkLists, EmptyListIsScannedAtOnce) {
  ListCursor all = cursor();
  slice(all);
  EXPECT_TRUE(all.done);
}

TEST_F(ChunkLists, TakenLeaveTheList) {
  push(1, 500);
  ListCursor all = cursor();
  thin_out(all, [](std::uint64_t n) { return n % 5 != 0; });
  EXPECT_EQ(list_.size(), 100U);
  EXPECT_LE(pool_.chunks_in_use(), 12U) << "thinned chunks are joined";
  for (std::uint64_t n = 5; n <= 500; n += 5) EXPECT_EQ(list_.pop(pool_).message.value, n);
}

TEST_F(ChunkLists, AllTakenFreesEveryChunk) {
  push(1, 500);
  ListCursor all = cursor();
  thin_out(all, [](std::uint64_t) { return true; });
  EXPECT_TRUE(list_.empty());
  EXPECT_EQ(pool_.chunks_in_use(), 0U);
}

TEST_F(ChunkLists, PopsBetweenSlicesHideNothingThatStays) {
  push(0, 400);
  ListCursor all = cursor();
  for (int i = 0; i < 5; ++i) slice(all);
  for (int i = 0; i < 200; ++i) list_.pop(pool_);  // past the place of the scan
  finish(all);
  for (std::uint64_t n = 200; n < 400; ++n) EXPECT_EQ(seen(n), 1) << n;
}

TEST_F(ChunkLists, PopsBehindThePlaceShowNothingTwice) {
  push(0, 400);
  ListCursor all = cursor();
  for (int i = 0; i < 10; ++i) slice(all);
  for (int i = 0; i < 37; ++i) list_.pop(pool_);
  finish(all);
  for (std::uint64_t n = 0; n < 400; ++n) EXPECT_EQ(seen(n), 1) << n;
}

TEST_F(ChunkLists, ReusedChunkIsNotTakenForThePlace) {
  push(0, 64);
  ListCursor all = cursor();
  slice(all);
  slice(all);
  ChunkList other;
  for (int i = 0; i < 32; ++i) other.push(pool_, list_.pop(pool_));  // the scan's last chunk serves the other list
  finish(all);
  for (std::uint64_t n = 32; n < 64; ++n) EXPECT_EQ(seen(n), 1) << n;
  other.clear(pool_);
}

TEST_F(ChunkLists, ScanWhoseVisitorPushesBackEnds) {
  push(0, 100);
  ListCursor all = cursor();
  int shown = 0;
  while (!all.done && shown < 10'000) {
    list_.scan(pool_, all, 7, [&](const QueuedRecipient& recipient) {
      ++shown;
      list_.push(pool_, recipient);
      return Visit::Take;
    });
  }
  EXPECT_TRUE(all.done);
  EXPECT_LE(shown, 116);
  EXPECT_EQ(list_.size(), 100U);
}

TEST_F(ChunkLists, WaitingOnesAreShownEvenInAChunkSeenBefore) {
  push(0, 40);
  ListCursor all = cursor();
  slice(all);
  list_.push(pool_, numbered(1000), ChunkList::Origin::Waiting);
  for (std::uint64_t n = 1001; n < 1020; ++n) list_.push(pool_, numbered(n), ChunkList::Origin::Waiting);
  finish(all);
  for (std::uint64_t n = 1000; n < 1020; ++n) EXPECT_GE(seen(n), 1) << n;
}

TEST_F(ChunkLists, ScanIsNotMisledByAnotherThatJoinsChunks) {
  push(0, 160);
  ListCursor slow = cursor();
  slice(slow, 16);
  ListCursor quick = cursor();
  thin_out(quick, [](std::uint64_t n) { return n % 16 > 2; });  // the rest moves towards the front
  finish(slow);
  for (std::uint64_t n = 0; n < 160; ++n) {
    EXPECT_TRUE(n % 16 > 2 || seen(n) >= 1) << n;
  }
}

// Two scans, one of which takes, with pushes and pops between their slices, against a plain deque.
TEST_F(ChunkLists, ScansSeeWhatStaysWhateverHappensBetweenSlices) {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    Rng rng(seed);
    std::deque<std::uint64_t> model;
    std::uint64_t next = 0;
    const auto push_some = [&](std::uint64_t count) {
      for (; count > 0; --count, ++next) {
        list_.push(pool_, numbered(next));
        model.push_back(next);
      }
    };
    push_some(rng.below(600));
    seen_.clear();
    const std::deque<std::uint64_t> at_start = model;
    ListCursor watching = cursor();
    ListCursor taking = cursor();
    for (int step = 0; !watching.done; ++step) {
      ASSERT_LT(step, 10'000) << "seed " << seed;
      switch (rng.below(4)) {
        case 0: push_some(rng.below(20)); break;
        case 1:
          for (std::uint64_t count = rng.below(20); count > 0 && !model.empty(); --count, model.pop_front())
            ASSERT_EQ(list_.pop(pool_).message.value, model.front()) << "seed " << seed;
          break;
        case 2: slice(watching, static_cast<std::uint32_t>(1 + rng.below(40))); break;
        default:
          list_.scan(pool_, taking, 20, [&](const QueuedRecipient& recipient) {
            if (recipient.message.value % 3 != 0) return Visit::Keep;
            std::erase(model, recipient.message.value);
            return Visit::Take;
          });
      }
    }
    ASSERT_EQ(list_.size(), model.size());
    const std::set<std::uint64_t> still(model.begin(), model.end());
    for (const std::uint64_t n : at_start) {
      ASSERT_TRUE(!still.contains(n) || seen(n) >= 1) << "seed " << seed << ", " << n;
    }
    for (; !model.empty(); model.pop_front()) ASSERT_EQ(list_.pop(pool_).message.value, model.front());
  }
}
