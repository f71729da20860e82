// SPDX-License-Identifier: Apache-2.0
// What matters of a nearly empty segment is copied on, and the segment is used again.
#include <gtest/gtest.h>

#include "spool/record_format.h"
#include "spool/test/box.h"

namespace penstock::spool {
namespace {

// Fills segments with messages of about 9 KB and finishes all but every `kept`-th; 0: all.
std::vector<model::MessageId> fill(Box& box, int messages, int kept) {
  std::vector<model::MessageId> left;
  for (int i = 0; i < messages; ++i) {
    const auto id = box.store(2, 9000);
    box.finish(id, 0);
    if (kept > 0 && i % kept == 0) {
      left.push_back(id);
    } else {
      box.finish(id, 1);
    }
  }
  box.spool->flush();
  return left;
}

TEST(Compaction, EmptySegmentIsUsedAgain) {
  Box box;
  box.open();
  fill(box, 60, 0);
  box.spool->maintain();
  const SpoolStats stats = box.spool->stats();
  EXPECT_GE(stats.recycled_segments, 5U);
  EXPECT_LE(stats.segments, 3U);
  const auto files = box.files(".segment").size();
  for (int i = 0; i < 20; ++i) {
    fill(box, 20, 0);
    box.spool->maintain();
  }
  EXPECT_LE(box.files(".segment").size(), files + 2);
  box.reopen();
  EXPECT_EQ(box.sink.found.size(), box.spool->stats().recipients);
}

TEST(Compaction, LiveMessagesAreMovedWithWhatIsKnownOfThem) {
  Box box;
  box.open();
  const auto left = fill(box, 24, 12);
  for (const auto id : left) box.attempt(id, 1, 5);
  box.spool->flush();
  fill(box, 8, 0);
  std::vector<std::string> bodies;
  for (const auto id : left) bodies.push_back(*box.spool->read(id)->body);
  box.spool->maintain();
  EXPECT_GE(box.spool->stats().compacted_segments, 2U);
  for (const bool again : {false, true}) {
    if (again) box.reopen();
    for (std::size_t i = 0; i < left.size(); ++i) {
      const auto read = box.spool->read(left[i]);
      ASSERT_TRUE(read);
      EXPECT_EQ(*read->body, bodies[i]);
      EXPECT_EQ(read->envelope->recipients.size(), 2U);
    }
  }
  for (const auto id : left) {
    EXPECT_FALSE(box.recovered(id, 0)) << "finished before it was moved";
    ASSERT_TRUE(box.recovered(id, 1));
    EXPECT_EQ(box.sink.found.at({id, 1}).attempts, 5U);
  }
}

TEST(Compaction, FinishedAfterMovingStaysFinished) {
  Box box;
  box.open();
  const auto left = fill(box, 24, 12);
  fill(box, 8, 0);
  box.spool->maintain();
  for (const auto id : left) box.finish(id, 1);
  box.spool->flush();
  box.power_cut();
  box.open();
  for (const auto id : left) EXPECT_FALSE(box.recovered(id, 1));
}

TEST(Compaction, FinalsOfOtherSegmentsOutliveTheirSegment) {
  Box box;
  box.options.compact_below = 0.05;
  box.open();
  // Six messages fill the first segment and stay; their finals stand in later segments, which become empty.
  std::vector<model::MessageId> old;
  for (int i = 0; i < 6; ++i) old.push_back(box.store(2, 9000));
  fill(box, 6, 0);
  for (const auto id : old) box.finish(id, 0);
  box.spool->flush();
  fill(box, 30, 0);
  box.spool->maintain();
  EXPECT_GE(box.spool->stats().recycled_segments, 3U);
  box.reopen();
  for (const auto id : old) {
    EXPECT_FALSE(box.recovered(id, 0)) << "came back from the dead";
    EXPECT_TRUE(box.recovered(id, 1));
  }
}

TEST(Compaction, NewestAttemptHoldsThoughAnOlderOneIsCopiedBehindIt) {
  Box box;
  box.options.compact_below = 0.4;
  box.open();
  const auto id = box.store(1, 3000);
  box.attempt(id, 0, 1);
  fill(box, 8, 0);
  box.attempt(id, 0, 2);
  box.spool->flush();
  for (int i = 0; i < 6; ++i) {
    fill(box, 8, 0);
    box.spool->maintain();
  }
  box.reopen();
  EXPECT_EQ(box.sink.found.at({id, 0}).attempts, 2U);
}

TEST(Compaction, SegmentWithEnoughLifeIsLeftAlone) {
  Box box;
  box.options.compact_below = 0.1;
  box.open();
  const auto left = fill(box, 24, 2);
  box.spool->maintain();
  EXPECT_EQ(box.spool->stats().compacted_segments, 0U);
  for (const auto id : left) EXPECT_TRUE(box.spool->read(id));
}

TEST(Compaction, MessagesThatFitBadlyAreNotMovedForEver) {
  Box box;
  box.options.compact_below = 0.5;
  box.open();
  // Each is a little less than half a segment, and two do not fit into one.
  for (int i = 0; i < 4; ++i) {
    box.store(1, 28'600);
    fill(box, 3, 0);
  }
  box.spool->maintain();
  const auto compacted = box.spool->stats().compacted_segments;
  box.spool->maintain();
  EXPECT_EQ(box.spool->stats().compacted_segments, compacted);
}

TEST(Compaction, SparesBeyondTheBoundAreRemoved) {
  Box box;
  box.open();
  std::vector<model::MessageId> ids;
  for (int i = 0; i < 150; ++i) ids.push_back(box.store(1, 9000));
  const auto files = box.files(".segment").size();
  ASSERT_GT(files, 20U);
  for (const auto id : ids) box.finish(id);
  box.spool->flush();
  box.spool->maintain();
  EXPECT_LE(box.spool->stats().spare_segments, 8U);
  EXPECT_LE(box.files(".segment").size(), 10U);
  EXPECT_LE(box.files(".hint").size(), 10U);
}

TEST(Compaction, OtherSegmentSizeIsGrownInto) {
  Box box;
  box.options.segment_bytes = 256U << 10;
  box.open();
  const auto large = box.store(1, 150'000);
  const auto left = fill(box, 30, 15);
  box.close();
  box.options.segment_bytes = Box::kSegmentBytes;
  box.open();
  EXPECT_TRUE(box.recovered(large));
  fill(box, 30, 0);
  box.spool->maintain();
  box.reopen();
  EXPECT_EQ(box.spool->read(large)->body->size(), 150'000U) << "does not fit in a new segment, so it stays";
  for (const auto id : left) EXPECT_TRUE(box.recovered(id, 1));
  box.finish(large);
  box.spool->flush();
  box.spool->maintain();
  box.reopen();
  EXPECT_FALSE(box.recovered(large));
}

TEST(Compaction, ManyRecipientsAreMovedInOneMessage) {
  Box box;
  box.open();
  const auto id = box.store(400, 1000);
  for (std::uint32_t i = 0; i < 400; i += 2) box.finish(id, i);
  fill(box, 12, 0);
  box.spool->maintain();
  box.reopen();
  EXPECT_EQ(box.sink.found.size(), 200U);
  EXPECT_TRUE(box.recovered(id, 399));
}

}  // namespace
}  // namespace penstock::spool
