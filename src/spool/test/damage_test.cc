// SPDX-License-Identifier: Apache-2.0
// One test for each kind of damage that docs/formats/spool.md lists.
#include <gtest/gtest.h>

#include "spool/record_format.h"
#include "spool/test/box.h"

namespace penstock::spool {
namespace {

constexpr const char* kSegment = "000001.segment";
constexpr const char* kHint = "000001.hint";

// Three messages in three batches of one segment, then a kill: the segment is still active.
struct Three {
  Three() {
    box.open();
    for (int i = 0; i < 3; ++i) ids.push_back(*box.accept(make_envelope(2), text(i)));
  }
  static std::string text(int i) { return "body number " + std::to_string(i) + std::string(200, 'b'); }
  void flip_body(int i) { box.flip(kSegment, box.position(kSegment, text(i)) + 20); }
  Box box;
  std::vector<model::MessageId> ids;
  Quiet quiet;
};

TEST(Damage, BadBytesAtTheEndOfAnActiveSegmentAreCut) {
  Three three;
  three.box.kill();
  three.flip_body(2);
  three.box.open();
  EXPECT_EQ(three.box.sink.found.size(), 4U);
  EXPECT_FALSE(three.box.recovered(three.ids[2]));
  EXPECT_EQ(three.box.spool->stats().torn_tails, 1U);
  EXPECT_EQ(three.box.spool->stats().damaged_records, 0U);
  EXPECT_TRUE(three.box.files(".bytes", three.box.path("damaged")).empty());
}

TEST(Damage, TornEnvelopeBehindAWholeBodyIsCut) {
  Three three;
  three.box.kill();
  const auto at = three.box.disk.contents(three.box.path(kSegment)).rfind("news@shop.example");
  three.box.flip(kSegment, at);
  three.box.open();
  EXPECT_EQ(three.box.sink.found.size(), 4U);
  EXPECT_EQ(three.box.spool->stats().torn_tails, 1U);
  // What was cut does not come back, though it stands there.
  three.box.flip(kSegment, at);
  three.box.reopen();
  EXPECT_EQ(three.box.sink.found.size(), 4U);
}

TEST(Damage, BadBytesBeforeALaterBatchAreSetAside) {
  Three three;
  three.box.kill();
  three.flip_body(1);
  three.box.open();
  // The recipients of the message stay queued; its body cannot be read.
  EXPECT_EQ(three.box.sink.found.size(), 6U);
  EXPECT_EQ(three.box.spool->stats().damaged_records, 1U);
  EXPECT_EQ(three.box.spool->stats().torn_tails, 0U);
  EXPECT_EQ(three.box.files(".bytes", three.box.path("damaged")).size(), 1U);
  EXPECT_EQ(three.box.spool->read(three.ids[1]).error().code, Errc::Damaged);
  EXPECT_EQ(three.box.spool->read_body(three.ids[1]).error().code, Errc::Damaged);
  EXPECT_TRUE(three.box.spool->read_envelope(three.ids[1]));
  EXPECT_EQ(*three.box.spool->read(three.ids[2])->body, Three::text(2));
  EXPECT_EQ(*three.box.spool->read(three.ids[0])->body, Three::text(0));
}

TEST(Damage, DamagedEnvelopeLosesThatMessageOnly) {
  Three three;
  three.box.kill();
  const std::string contents = three.box.disk.contents(three.box.path(kSegment));
  three.box.flip(kSegment, contents.find("news@shop.example", contents.find(Three::text(1))));
  three.box.open();
  EXPECT_EQ(three.box.sink.found.size(), 4U);
  EXPECT_FALSE(three.box.recovered(three.ids[1]));
  EXPECT_EQ(three.box.spool->stats().damaged_records, 1U);
}

TEST(Damage, DestroyedHeadersInTheMiddleAreSkipped) {
  Three three;
  three.box.kill();
  const std::uint64_t at = three.box.position(kSegment, Three::text(1));
  three.box.flip(kSegment, at - kRecordHeaderBytes, 400);  // both records' headers, and more
  three.box.open();
  EXPECT_EQ(three.box.sink.found.size(), 4U);
  EXPECT_TRUE(three.box.recovered(three.ids[2]));
  ASSERT_EQ(three.box.files(".bytes", three.box.path("damaged")).size(), 1U);
}

TEST(Damage, InASealedSegmentIsReportedEvenAtItsEnd) {
  Three three;
  three.box.close();
  (void)three.box.disk.remove(three.box.path(kHint));
  three.flip_body(2);
  three.box.open();
  EXPECT_EQ(three.box.spool->stats().damaged_records, 1U);
  EXPECT_EQ(three.box.spool->stats().torn_tails, 0U);
  EXPECT_EQ(three.box.sink.found.size(), 6U);
  three.box.reopen();  // said once
  EXPECT_EQ(three.box.spool->stats().damaged_records, 0U);
}

TEST(Damage, OneBadHeaderCopyDoesNotMatter) {
  for (const std::uint64_t offset : kSegmentHeaderOffsets) {
    Three three;
    three.box.close();
    three.box.flip(kSegment, offset, 64);
    three.box.open();
    EXPECT_EQ(three.box.sink.found.size(), 6U) << offset;
  }
}

TEST(Damage, BothHeadersBadLeavesTheFileAlone) {
  Three three;
  three.box.close();
  for (const std::uint64_t offset : kSegmentHeaderOffsets) three.box.flip(kSegment, offset, 64);
  const std::string before = three.box.disk.contents(three.box.path(kSegment));
  three.box.open();
  EXPECT_TRUE(three.box.sink.found.empty());
  EXPECT_EQ(three.box.spool->stats().damaged_records, 1U);
  const auto id = three.box.store();
  EXPECT_EQ(three.box.disk.contents(three.box.path(kSegment)), before);
  three.box.reopen();
  EXPECT_TRUE(three.box.recovered(id));
}

TEST(Damage, BadHintIsMadeAgain) {
  for (const std::uint64_t offset : {0U, 9U, 17U, 60U}) {
    Three three;
    three.box.finish(three.ids[0], 1);
    three.box.attempt(three.ids[2], 0, 9);
    three.box.close();
    const std::string good = three.box.disk.contents(three.box.path(kHint));
    three.box.flip(kHint, offset);
    three.box.open();
    EXPECT_EQ(three.box.sink.found.size(), 5U);
    EXPECT_EQ(three.box.sink.found.at({three.ids[2], 0}).attempts, 9U);
    EXPECT_EQ(three.box.disk.contents(three.box.path(kHint)), good) << offset;
  }
}

TEST(Damage, HintOfAnEarlierUseIsNotTaken) {
  Three three;
  three.box.close();
  const std::string old_hint = three.box.disk.contents(three.box.path(kHint));
  three.box.open();
  for (const auto id : three.ids) {
    for (const std::uint32_t index : {0U, 1U}) three.box.finish(id, index);
  }
  three.box.spool->flush();
  three.box.spool->maintain();  // the first segment is spare now
  std::map<std::string, model::MessageId> stored;
  while (three.box.disk.contents(three.box.path(kSegment)).find(Three::text(0)) != std::string::npos) {
    three.box.store(1, 9000);
  }
  const auto live = three.box.spool->stats().recipients;
  three.box.close();
  three.box.disk.set_contents(three.box.path(kHint), old_hint);
  three.box.open();
  EXPECT_EQ(three.box.sink.found.size(), live);
  for (const auto id : three.ids) EXPECT_FALSE(three.box.recovered(id));
}

TEST(Damage, MissingHintIsMadeAgain) {
  Three three;
  three.box.close();
  ASSERT_TRUE(three.box.disk.remove(three.box.path(kHint)));
  three.box.open();
  EXPECT_EQ(three.box.sink.found.size(), 6U);
  EXPECT_TRUE(three.box.disk.has(three.box.path(kHint)));
}

TEST(Damage, BodyThatFailsItsChecksumKeepsItsSegment) {
  Three three;
  three.box.reopen();
  three.flip_body(1);
  EXPECT_EQ(three.box.spool->read(three.ids[1]).error().code, Errc::Damaged);
  EXPECT_GT(three.box.spool->stats().damaged_records, 0U);
  const std::string before = three.box.disk.contents(three.box.path(kSegment));
  three.box.spool->maintain();  // nearly empty, so it would be compacted
  EXPECT_EQ(three.box.disk.contents(three.box.path(kSegment)), before);
  EXPECT_EQ(*three.box.spool->read(three.ids[2])->body, Three::text(2));
}

TEST(Damage, RecordsOfAnEarlierUseAreNeverTaken) {
  Box box;
  box.open();
  std::vector<model::MessageId> old;
  for (int i = 0; i < 4; ++i) old.push_back(box.store(1, 9000));
  for (const auto id : old) box.finish(id);
  box.reopen();
  box.spool->maintain();
  const auto fresh = box.store(1, 300);  // over the first of the old ones; the others stand behind it
  ASSERT_NE(box.disk.contents(box.path(kSegment)).find("Subject"), std::string::npos);
  box.kill();
  box.open();
  EXPECT_EQ(box.sink.found.size(), 1U);
  EXPECT_TRUE(box.recovered(fresh));
  EXPECT_EQ(box.spool->stats().damaged_records, 0U);
}

TEST(Damage, RecordForgedInsideABodyIsNotTaken) {
  const Quiet quiet;
  Box box;
  box.open();
  const auto first = box.store(1, 2000);
  const std::string stolen = box.disk.contents(box.path(kSegment)).substr(kFirstRecordOffset, 4096);
  box.spool->flush();
  std::string body = stolen;  // a whole record, with good checksums, at another place
  body.resize(8192);
  const auto second = box.accept(make_envelope(), body);
  ASSERT_TRUE(second);
  const auto third = box.store();
  // The search for whole records behind the damage goes through the body.
  box.flip(kSegment, box.position(kSegment, stolen) + stolen.size() - kRecordHeaderBytes, 8);
  box.kill();
  box.open();
  EXPECT_EQ(box.sink.found.size(), 3U);
  EXPECT_TRUE(box.recovered(first) && box.recovered(*second) && box.recovered(third));
}

TEST(Damage, ForeignFilesAreLeftAlone) {
  Box box;
  box.open();
  const auto id = box.store();
  box.close();
  for (const char* name : {"7.segment", "0000001.segment", "notes.txt", "000009.segment.new", "000000.segment"}) {
    ASSERT_TRUE(box.disk.open(box.path(name), OpenMode::Create));
  }
  box.open();
  EXPECT_TRUE(box.recovered(id));
  EXPECT_EQ(box.spool->stats().damaged_records, 0U);
  EXPECT_TRUE(box.disk.has(box.path("7.segment")));
}

}  // namespace
}  // namespace penstock::spool
