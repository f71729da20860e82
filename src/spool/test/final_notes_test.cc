// SPDX-License-Identifier: Apache-2.0
// What a killed process has noted is not forgotten, and notes never say anything that is not so.
#include "spool/final_notes.h"

#include <gtest/gtest.h>

#include <cerrno>

#include "base/test/temp_folder.h"
#include "spool/test/box.h"

namespace penstock::spool {
namespace {

constexpr std::uint64_t kBytes = 4096;
constexpr std::size_t kNotes = kBytes / 16;

model::RecipientId recipient(std::uint64_t message, std::uint32_t index = 0) {
  return {model::MessageId{message}, index};
}
void note(FinalNotes& notes, model::RecipientId id) {
  notes.add({&id, 1});
}

TEST(FinalNotes, KilledProcessHasNotForgottenWhoIsFinished) {
  Box box;
  box.open();
  const auto id = box.store(3);
  box.spool->flush();
  box.finish(id, 0);  // flush_interval is an hour here
  box.finish(id, 2);
  box.kill();
  box.open();
  EXPECT_EQ(box.sink.found.size(), 1U);
  EXPECT_TRUE(box.recovered(id, 1));
  EXPECT_EQ(box.spool->stats().recipients, 1U);
}

TEST(FinalNotes, NotedBeforeTheFinalIsFinishedAsWell) {
  Box box;
  box.open();
  const auto id = box.store(2);
  box.spool->note_final({id, 1});
  EXPECT_EQ(box.spool->stats().waiting_records, 0U);
  box.kill();
  box.open();
  EXPECT_TRUE(box.recovered(id, 0));
  EXPECT_FALSE(box.recovered(id, 1));
}

TEST(FinalNotes, FoundByAStartBecomeFinals) {
  Box box;
  box.open();
  const auto id = box.store();
  box.finish(id);
  box.kill();
  box.open();
  EXPECT_EQ(box.spool->stats().messages, 0U);
  EXPECT_EQ(box.spool->stats().waiting_records, 0U);
  box.close();
  ASSERT_TRUE(box.disk.remove(box.path(FinalNotes::kFileName)));
  box.open();
  EXPECT_TRUE(box.sink.found.empty());
}

TEST(FinalNotes, KilledBeforeThoseFinalsAreWrittenAreFoundAgain) {
  const Quiet quiet;
  Box box;
  box.open();
  const auto id = box.store(2);
  box.finish(id, 1);
  box.kill();
  // Sealing what was active takes one sync; the segment that the Finals want cannot be made.
  box.disk.fail_syncs_after(1, EIO);
  box.open();
  EXPECT_FALSE(box.recovered(id, 1));
  box.kill();
  box.disk.heal();
  box.open();
  EXPECT_TRUE(box.recovered(id, 0));
  EXPECT_FALSE(box.recovered(id, 1));
}

TEST(FinalNotes, PowerCutForgetsAtMostWhatWasNotFlushed) {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    SCOPED_TRACE(seed);
    const Quiet quiet;
    Box box;
    box.rng = Rng(seed);
    box.open();
    std::vector<model::MessageId> ids;
    for (int i = 0; i < 20; ++i) ids.push_back(box.store());
    for (int i = 0; i < 10; ++i) box.finish(ids[i]);
    ASSERT_TRUE(box.spool->flush());
    for (int i = 10; i < 15; ++i) box.finish(ids[i]);
    box.power_cut();
    box.open();
    for (int i = 0; i < 10; ++i) EXPECT_FALSE(box.recovered(ids[i]));
    for (int i = 15; i < 20; ++i) EXPECT_TRUE(box.recovered(ids[i]));
  }
}

TEST(FinalNotes, DamagedNoteIsNone) {
  for (const std::uint64_t byte : {0U, 7U, 8U, 11U, 12U, 15U}) {
    Box box;
    box.open();
    const auto first = box.store();
    const auto second = box.store();
    box.finish(first);
    box.finish(second);
    box.kill();
    box.flip(FinalNotes::kFileName, byte);
    box.open();
    EXPECT_TRUE(box.recovered(first)) << byte;
    EXPECT_FALSE(box.recovered(second)) << byte;
  }
}

TEST(FinalNotes, IdThatOnlyANoteKnowsIsNotGivenAgain) {
  MemoryFileSystem disk;
  ASSERT_TRUE(disk.make_folder(Box::kDir));
  const std::uint64_t far = 1ULL << 62;
  {
    FinalNotes notes(disk, Box::kDir, kBytes);
    note(notes, recipient(far));
  }
  FakeClock clock;
  FoundSink sink;
  auto spool = Spool::open(disk, clock, {.dir = Box::kDir, .segment_bytes = Box::kSegmentBytes}, sink);
  ASSERT_TRUE(spool);
  EXPECT_GT((*spool)->make_id().value, far);
}

TEST(FinalNotes, RingKeepsTheLatest) {
  MemoryFileSystem disk;
  ASSERT_TRUE(disk.make_folder(Box::kDir));
  {
    FinalNotes notes(disk, Box::kDir, kBytes);
    for (std::uint64_t i = 1; i <= kNotes + 10; ++i) note(notes, recipient(i, static_cast<std::uint32_t>(i % 7)));
  }
  const FinalNotes notes(disk, Box::kDir, kBytes);
  ASSERT_EQ(notes.found().size(), kNotes);
  for (const auto& id : notes.found()) {
    EXPECT_GT(id.message.value, 10U);
    EXPECT_EQ(id.index, id.message.value % 7);
  }
  EXPECT_EQ(read_final_notes(disk, Box::kDir), notes.found());
}

TEST(FinalNotes, MoreAtOnceThanTheRingHoldsIsNoTrouble) {
  MemoryFileSystem disk;
  ASSERT_TRUE(disk.make_folder(Box::kDir));
  std::vector<model::RecipientId> many;
  for (std::uint64_t i = 1; i <= 5 * kNotes; ++i) many.push_back(recipient(i));
  {
    FinalNotes notes(disk, Box::kDir, kBytes);
    notes.add(many);
    notes.add({});
  }
  const FinalNotes notes(disk, Box::kDir, kBytes);
  EXPECT_EQ(notes.found().size(), kNotes);
}

TEST(FinalNotes, RandomBytesAreNone) {
  MemoryFileSystem disk;
  ASSERT_TRUE(disk.make_folder(Box::kDir));
  { const FinalNotes notes(disk, Box::kDir, kBytes); }
  Rng rng(3);
  for (int tries = 0; tries < 100; ++tries) {
    std::string bytes(kBytes, '\0');
    for (char& byte : bytes) byte = static_cast<char>(rng());
    disk.set_contents(std::string(Box::kDir) + "/" + FinalNotes::kFileName, bytes);
    EXPECT_TRUE(read_final_notes(disk, Box::kDir).empty());
  }
}

TEST(FinalNotes, ShorterFileIsEnlargedAndRead) {
  MemoryFileSystem disk;
  ASSERT_TRUE(disk.make_folder(Box::kDir));
  {
    FinalNotes notes(disk, Box::kDir, kBytes);
    note(notes, recipient(7, 2));
  }
  {
    FinalNotes notes(disk, Box::kDir, 2 * kBytes);
    EXPECT_EQ(notes.found(), std::vector{recipient(7, 2)});
  }
  EXPECT_EQ(disk.contents(std::string(Box::kDir) + "/" + FinalNotes::kFileName).size(), 2 * kBytes);
}

TEST(FinalNotes, NoFileMeansNoNotes) {
  MemoryFileSystem disk;
  ASSERT_TRUE(disk.make_folder(Box::kDir));
  EXPECT_TRUE(read_final_notes(disk, Box::kDir).empty());
  EXPECT_FALSE(disk.has(std::string(Box::kDir) + "/" + FinalNotes::kFileName));
}

TEST(FinalNotes, DiskThatRefusesTheFileCostsOnlyTheNotes) {
  const Quiet quiet;
  MemoryFileSystem disk(100);
  ASSERT_TRUE(disk.make_folder(Box::kDir));
  {
    FinalNotes notes(disk, Box::kDir, kBytes);
    note(notes, recipient(1));
  }
  disk.set_capacity(1U << 20);
  FinalNotes notes(disk, Box::kDir, kBytes);
  EXPECT_TRUE(notes.found().empty());
  note(notes, recipient(2));
}

TEST(FinalNotes, OnARealDiskAreSeenByOthersAtOnce) {
  const TempFolder dir;
  PosixFileSystem files;
  FinalNotes notes(files, dir.path(), 2 * kBytes);
  note(notes, recipient(7, 2));
  note(notes, recipient(9));
  const std::vector expected{recipient(7, 2), recipient(9)};
  EXPECT_EQ(read_final_notes(files, dir.path()), expected);
}

}  // namespace
}  // namespace penstock::spool
