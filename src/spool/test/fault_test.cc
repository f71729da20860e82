// SPDX-License-Identifier: Apache-2.0
// The disk is full, fails a write or a sync; what is answered, what comes back, and how it ends.
#include <gtest/gtest.h>

#include <cerrno>
#include <thread>

#include "spool/test/box.h"

namespace penstock::spool {
namespace {

void fill_the_disk(Box& box) {
  while (box.accept(make_envelope(), make_body(9000, box.rng()))) continue;
}

TEST(Fault, FullDiskRefusesAndRecovers) {
  const Quiet quiet;
  Box box;
  box.disk.set_capacity(5 * Box::kSegmentBytes);
  box.open();
  const auto first = box.store(2, 9000);
  fill_the_disk(box);
  EXPECT_EQ(box.spool->health().state, HealthState::Full);
  EXPECT_FALSE(box.spool->health().reason.empty());
  EXPECT_FALSE(box.spool->healthy());
  EXPECT_EQ(box.accept(make_envelope(), "x").error().code, Errc::Full);
  EXPECT_TRUE(box.spool->read(first));
  box.finish(first, 0);  // there is room kept for this
  box.spool->flush();
  EXPECT_EQ(box.spool->stats().waiting_records, 0U);
  box.disk.set_capacity(1U << 30);
  box.spool->maintain();
  EXPECT_TRUE(box.spool->healthy());
  EXPECT_EQ(box.spool->health().reason, "");
  box.store();
  box.reopen();
  EXPECT_FALSE(box.recovered(first, 0));
  EXPECT_TRUE(box.recovered(first, 1));
}

TEST(Fault, FullDiskEndsByItselfWhenMailIsFinished) {
  const Quiet quiet;
  Box box;
  box.disk.set_capacity(5 * Box::kSegmentBytes);
  box.open();
  std::vector<model::MessageId> ids;
  for (;;) {
    const auto id = box.accept(make_envelope(), make_body(9000, box.rng()));
    if (!id) break;
    ids.push_back(*id);
  }
  for (const auto id : ids) box.finish(id);
  box.spool->flush();
  box.spool->maintain();
  EXPECT_TRUE(box.spool->healthy());
  box.store(1, 9000);
}

TEST(Fault, FullIsLookedAtAgainWithoutBeingAsked) {
  const Quiet quiet;
  Box box;
  box.options.probe_interval = std::chrono::milliseconds{1};
  box.disk.set_capacity(3 * Box::kSegmentBytes);
  box.open();
  fill_the_disk(box);
  box.disk.set_capacity(1U << 30);
  while (!box.spool->healthy()) std::this_thread::yield();
  box.store();
}

TEST(Fault, FreeFloorIsKept) {
  const Quiet quiet;
  Box box;
  box.options.free_floor_bytes = 10 * Box::kSegmentBytes;
  box.disk.set_capacity(20 * Box::kSegmentBytes);
  box.open();
  fill_the_disk(box);
  EXPECT_GE(*box.disk.free_bytes(Box::kDir), box.options.free_floor_bytes);
  EXPECT_EQ(box.spool->health().state, HealthState::Full);
}

TEST(Fault, FullDiskEndsByItselfAlsoAfterARestart) {
  const Quiet quiet;
  Box box;
  box.options.free_floor_bytes = 2 * Box::kSegmentBytes;
  box.options.spare_segments = 0;
  box.disk.set_capacity(6 * Box::kSegmentBytes);
  box.open();
  fill_the_disk(box);
  box.reopen();  // no segment is open to take what is finished
  EXPECT_EQ(box.accept(make_envelope(), make_body(9000)).error().code, Errc::Full);
  const auto waiting = box.sink.found;
  ASSERT_GT(waiting.size(), 10U);
  for (const auto& [recipient, found] : waiting) box.finish(recipient.message, recipient.index);
  box.spool->flush();
  EXPECT_EQ(box.spool->stats().waiting_records, 0U);
  EXPECT_EQ(box.accept(make_envelope(), make_body(9000)).error().code, Errc::Full) << "not into the floor";
  box.spool->maintain();
  box.store(1, 9000);
  box.reopen();
  EXPECT_EQ(box.sink.found.size(), 1U);
}

TEST(Fault, FailedWriteIsRefusedAndDoesNotComeBack) {
  for (const double share : {0.0, 0.3, 0.7, 0.99}) {
    const Quiet quiet;
    Box box;
    box.open();
    const auto good = box.store();
    box.disk.write_short(share);
    box.disk.fail_writes_after(0, EIO);
    EXPECT_EQ(box.accept(make_envelope(), make_body(3000)).error().code, Errc::Unhealthy);
    box.disk.heal();
    EXPECT_EQ(box.spool->health().state, HealthState::Unhealthy);
    EXPECT_EQ(box.accept(make_envelope(), "x").error().code, Errc::Unhealthy);
    box.reopen();
    EXPECT_TRUE(box.spool->healthy());
    EXPECT_EQ(box.sink.found.size(), 1U);
    EXPECT_TRUE(box.recovered(good));
  }
}

TEST(Fault, FailedSyncIsRefusedAndDoesNotComeBack) {
  const Quiet quiet;
  Box box;
  box.open();
  const auto good = box.store();
  box.disk.fail_syncs_after(0, EIO);
  EXPECT_EQ(box.accept(make_envelope(), make_body(3000)).error().code, Errc::Unhealthy);
  box.disk.heal();
  box.close();
  box.power_cut();
  box.open();
  EXPECT_EQ(box.sink.found.size(), 1U);
  EXPECT_TRUE(box.recovered(good));
}

TEST(Fault, FailedSyncIsNeverRepeatedForTheSameBytes) {
  const Quiet quiet;
  Box box;
  box.open();
  const auto id = box.store(2);
  box.finish(id, 0);
  box.disk.fail_syncs_after(0, EIO);
  EXPECT_FALSE(box.spool->flush());
  EXPECT_EQ(box.spool->stats().waiting_records, 1U) << "kept, for another segment";
  box.disk.heal();
  EXPECT_TRUE(box.spool->flush());
  EXPECT_EQ(box.spool->stats().waiting_records, 0U);
  EXPECT_EQ(box.spool->stats().segments, 2U);
  box.power_cut();
  box.open();
  EXPECT_FALSE(box.recovered(id, 0));
  EXPECT_TRUE(box.recovered(id, 1));
}

TEST(Fault, UnhealthySpoolStillReadsAndFinishes) {
  const Quiet quiet;
  Box box;
  box.open();
  const auto id = box.store(2);
  box.disk.fail_writes_after(0, EIO);
  (void)box.accept(make_envelope(), "x");
  box.disk.heal();
  EXPECT_TRUE(box.spool->read(id));
  box.finish(id, 0);
  box.attempt(id, 1, 4);
  box.spool->flush();
  box.power_cut();
  box.open();
  EXPECT_FALSE(box.recovered(id, 0));
  EXPECT_EQ(box.sink.found.at({id, 1}).attempts, 4U);
}

TEST(Fault, RecordsWaitForTheDiskToWorkAgain) {
  const Quiet quiet;
  Box box;
  box.open();
  const auto id = box.store(3);
  box.disk.fail_writes_after(0, EIO);
  for (std::uint32_t i = 0; i < 3; ++i) {
    box.attempt(id, i, i + 1);
    box.spool->flush();
  }
  box.finish(id, 2);
  box.spool->flush();
  EXPECT_EQ(box.spool->stats().waiting_records, 4U);
  box.disk.heal();
  box.reopen();
  EXPECT_EQ(box.sink.found.size(), 2U);
  EXPECT_EQ(box.sink.found.at({id, 1}).attempts, 2U);
}

TEST(Fault, NoDescriptorsLeftIsNoBrokenDisk) {
  const Quiet quiet;
  Box box;
  box.open();
  box.disk.fail_writes_after(0, EMFILE);  // the first segment cannot be made
  EXPECT_EQ(box.accept(make_envelope(), "x").error().code, Errc::Full);
  box.disk.heal();
  box.spool->maintain();
  EXPECT_TRUE(box.spool->healthy());
  box.store();
}

TEST(Fault, HintThatCannotBeRenamedIsMadeAtTheNextStart) {
  const Quiet quiet;
  Box box;
  box.open();
  const auto id = box.store();
  box.disk.fail_renames(EIO);
  box.close();
  EXPECT_TRUE(box.files(".hint").empty());
  box.disk.heal();
  box.open();
  EXPECT_TRUE(box.recovered(id));
  EXPECT_EQ(box.files(".hint").size(), 1U);
}

TEST(Fault, DiskThatFailsDuringTheStartIsAnError) {
  const Quiet quiet;
  Box box;
  box.open();
  box.store();
  box.kill();
  box.disk.fail_syncs_after(0, EIO);
  const auto opened = box.try_open();
  ASSERT_FALSE(opened);
  EXPECT_NE(opened.error().to_string().find("000001.segment"), std::string::npos);
  box.disk.heal();
  box.open();
  EXPECT_EQ(box.sink.found.size(), 1U);
}

}  // namespace
}  // namespace penstock::spool
