// SPDX-License-Identifier: Apache-2.0
// The parts in memory: index, cache, submissions; and the two file systems.
#include <gtest/gtest.h>
#include <unistd.h>

#include <cerrno>
#include <thread>

#include "base/test/temp_folder.h"
#include "spool/message_cache.h"
#include "spool/message_index.h"
#include "spool/segment_scan.h"
#include "spool/submissions.h"
#include "spool/test/box.h"

namespace penstock::spool {
namespace {

using Finish = MessageIndex::Finish;

TEST(Index, CountsAndForgets) {
  MessageIndex index;
  const model::MessageId one{1};
  const model::MessageId many{2};
  index.add(one, Location{1, 2}, 1, {});
  const std::vector<std::uint32_t> finished{3, 69};
  index.add(many, Location{3, 4}, 70, finished);
  EXPECT_EQ(index.messages(), 2U);
  EXPECT_EQ(index.recipients(), 69U);
  EXPECT_EQ(index.find(many), (Location{3, 4}));
  EXPECT_EQ(index.finished(many), finished);
  EXPECT_TRUE(index.live({many, 68}));
  EXPECT_FALSE(index.live({many, 69}));
  EXPECT_FALSE(index.live({many, 70}));
  EXPECT_FALSE(index.live({one, 1}));
  EXPECT_EQ(index.finish({one, 1}), Finish::Nothing);
  EXPECT_EQ(index.finish({one, 0}), Finish::Message);
  EXPECT_EQ(index.finish({one, 0}), Finish::Nothing);
  EXPECT_EQ(index.finish({many, 0}), Finish::Recipient);
  EXPECT_EQ(index.finish({many, 0}), Finish::Nothing);
  EXPECT_EQ(index.finish({many, 0xFFFFFFFF}), Finish::Nothing);
  index.move(many, Location{9, 9});
  for (std::uint32_t i = 1; i < 70; ++i) (void)index.finish({many, i});
  EXPECT_EQ(index.messages(), 0U);
  EXPECT_EQ(index.recipients(), 0U);
  EXPECT_FALSE(index.find(many));
}

StoredMessage message(std::uint64_t id, std::size_t bytes) {
  model::Envelope envelope = make_envelope();
  envelope.id = model::MessageId{id};
  return {std::make_shared<const model::Envelope>(std::move(envelope)),
          std::make_shared<const std::string>(bytes, 'x')};
}

TEST(Cache, KeepsWhatHasRoom) {
  MessageCache cache(10'000);
  const Time now{std::chrono::seconds{1}};
  for (std::uint64_t id = 1; id <= 5; ++id) cache.add(message(id, 4000), now);
  std::size_t kept = 0;
  for (std::uint64_t id = 1; id <= 5; ++id) kept += cache.find(model::MessageId{id}) ? 1U : 0U;
  EXPECT_EQ(kept, 2U);
  EXPECT_LE(cache.bytes(), 10'000U);
  cache.remove(model::MessageId{1});
  cache.remove(model::MessageId{1});
  cache.add(message(6, 4000), now);
  EXPECT_TRUE(cache.find(model::MessageId{6}));
}

TEST(Cache, OldOnesGiveWay) {
  MessageCache cache(10'000);
  const Time now{std::chrono::seconds{1}};
  for (std::uint64_t id = 1; id <= 200; ++id) cache.add(message(id, 8), now);
  const auto before = cache.bytes();
  for (std::uint64_t id = 1000; id <= 1400; ++id) cache.add(message(id, 8), now + MessageCache::kGivesWayAfter);
  EXPECT_LE(cache.bytes(), 10'000U);
  EXPECT_GT(before, 5'000U);
  std::size_t fresh = 0;
  for (std::uint64_t id = 1000; id <= 1400; ++id) fresh += cache.find(model::MessageId{id}) ? 1U : 0U;
  EXPECT_GT(fresh, 8U);
}

TEST(Cache, LargerThanAllIsNotKept) {
  MessageCache cache(1000);
  cache.add(message(1, 5000), Time{});
  EXPECT_FALSE(cache.find(model::MessageId{1}));
  EXPECT_EQ(cache.bytes(), 0U);
}

TEST(Submitted, IsTakenTogetherAndInOrder) {
  Submissions submissions(Duration{0}, Duration{0});
  for (std::uint32_t i = 0; i < 3; ++i) submissions.add(AttemptRecord{.recipient = {model::MessageId{1}, i}});
  const std::vector<model::RecipientId> finals{{model::MessageId{1}, 7}};
  submissions.add(finals);
  EXPECT_EQ(submissions.waiting(), 4U);
  Work work = submissions.take();
  ASSERT_EQ(work.attempts.size(), 3U);
  EXPECT_EQ(work.attempts[2].recipient.index, 2U);
  EXPECT_EQ(work.finals, finals);
  EXPECT_EQ(submissions.waiting(), 0U);
  submissions.add(AttemptRecord{.recipient = {model::MessageId{1}, 9}});
  submissions.put_back(std::move(work.attempts), std::move(work.finals));
  work = submissions.take();
  ASSERT_EQ(work.attempts.size(), 4U);
  EXPECT_EQ(work.attempts[3].recipient.index, 9U) << "what was put back comes first";
}

TEST(Submitted, NothingIsTakenAfterTheStop) {
  Submissions submissions(Duration{0}, Duration{0});
  submissions.stop();
  const Work work = submissions.take();
  EXPECT_TRUE(work.last);
  EXPECT_TRUE(work.empty());
  submissions.done(work, true);
  AcceptItem item;
  EXPECT_FALSE(submissions.add(item));
  MoveBatch moves;
  EXPECT_FALSE(submissions.move(moves));
  submissions.flush();
}

// A file of which one page cannot be read.
class BadPage final : public File {
 public:
  BadPage(File& file, std::uint64_t page) : file_(file), page_(page) {}
  Result<std::size_t> read_at(std::uint64_t offset, std::span<char> into) override {
    if (offset < page_ + 4096 && offset + into.size() > page_) return fail_errno(EIO, "bad page");
    return file_.read_at(offset, into);
  }
  Result<> write_at(std::uint64_t, std::span<const std::string_view>) override { return fail_errno(EIO); }
  Result<> sync() override { return fail_errno(EIO); }
  Result<> allocate(std::uint64_t) override { return fail_errno(EIO); }
  Result<std::uint64_t> size() override { return file_.size(); }
  Result<std::unique_ptr<Mapping>> map(std::uint64_t) override { return fail_errno(EIO); }

 private:
  File& file_;
  std::uint64_t page_;
};

TEST(Scan, PageThatCannotBeReadIsDamageAndTheRestIsFound) {
  Box box;
  box.open();
  for (int i = 0; i < 5; ++i) box.store(1, 7000);
  box.kill();
  const auto file = box.disk.open(box.path("000001.segment"), OpenMode::Read);
  ASSERT_TRUE(file);
  const auto header = read_segment_header(**file);
  ASSERT_TRUE(header);
  BadPage bad(**file, 20480);  // end of the second message, start of the third
  std::size_t envelopes = 0;
  const auto summary = scan_segment(bad, *header, [&](const ScannedRecord& record) {
    envelopes += record.header.type == RecordType::Envelope ? 1U : 0U;
    return true;
  });
  EXPECT_EQ(summary.damaged.size(), 2U) << "a body whose header is whole; its envelope and the next header";
  EXPECT_EQ(envelopes, 4U);
  EXPECT_FALSE(summary.torn);
}

TEST(MemoryDisk, PowerCutKeepsWhatWasSyncedAndMayLoseTheRest) {
  int lost = 0;
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    MemoryFileSystem disk;
    Rng rng(seed);
    ASSERT_TRUE(disk.make_folder("/d"));
    const auto file = *disk.open("/d/f", OpenMode::Create);
    const std::string_view synced = "synced";
    const std::string_view more = "more";
    ASSERT_TRUE(file->write_at(0, std::span(&synced, 1)));
    ASSERT_TRUE(file->sync());
    ASSERT_TRUE(disk.sync_folder("/d"));
    ASSERT_TRUE(file->write_at(6, std::span(&more, 1)));
    disk.power_cut(rng);
    EXPECT_FALSE(file->sync()) << "opened before the cut";
    EXPECT_EQ(disk.contents("/d/f").substr(0, 6), synced);
    lost += disk.contents("/d/f").size() == 6 ? 1 : 0;
  }
  EXPECT_GT(lost, 5);
  EXPECT_LT(lost, 45);
}

TEST(MemoryDisk, FailedSyncForgetsWhatItWasToKeep) {
  MemoryFileSystem disk;
  Rng rng(1);
  ASSERT_TRUE(disk.make_folder("/d"));
  const auto file = *disk.open("/d/f", OpenMode::Create);
  ASSERT_TRUE(disk.sync_folder("/d"));
  const std::string_view bytes = "bytes";
  ASSERT_TRUE(file->write_at(0, std::span(&bytes, 1)));
  disk.fail_syncs_after(0, EIO);
  EXPECT_FALSE(file->sync());
  disk.heal();
  EXPECT_TRUE(file->sync());
  EXPECT_EQ(disk.contents("/d/f"), bytes) << "as on Linux, a reader still sees it";
  disk.power_cut(rng);
  EXPECT_EQ(disk.contents("/d/f"), "");
}

class PosixDisk : public testing::Test {
 protected:
  const TempFolder own;
  const std::string& folder = own.path();
  PosixFileSystem files;
};

TEST_F(PosixDisk, FileIsWrittenInPartsAndReadBack) {
  const auto file = files.open(folder + "/f", OpenMode::Create);
  ASSERT_TRUE(file) << file.error().to_string();
  ASSERT_TRUE((*file)->allocate(100'000));
  std::vector<std::string> texts;
  std::vector<std::string_view> parts;
  std::string all;
  for (int i = 0; i < 3000; ++i)
    texts.push_back(std::string(static_cast<std::size_t>(i % 7), static_cast<char>('a' + i % 26)));
  for (const auto& text : texts) {
    parts.push_back(text);
    all += text;
  }
  ASSERT_TRUE((*file)->write_at(5, parts));
  ASSERT_TRUE((*file)->sync());
  std::string read(all.size(), '\0');
  EXPECT_EQ(*(*file)->read_at(5, read), all.size());
  EXPECT_EQ(read, all);
  EXPECT_EQ(*(*file)->size(), 100'000U);
  std::string beyond(10, 'x');
  EXPECT_EQ(*(*file)->read_at(99'995, beyond), 5U);
}

TEST_F(PosixDisk, NamesAndErrors) {
  ASSERT_TRUE(files.make_folder(folder + "/sub"));
  ASSERT_TRUE(files.make_folder(folder + "/sub"));
  EXPECT_FALSE(files.make_folder(folder + "/no/sub"));
  ASSERT_TRUE(replace_file(files, folder, "b", "one"));
  ASSERT_TRUE(replace_file(files, folder, "b", "two"));
  EXPECT_EQ(*read_file(files, folder + "/b", 100), "two");
  EXPECT_FALSE(read_file(files, folder + "/b", 2));
  ASSERT_TRUE(files.rename(folder + "/b", folder + "/a"));
  EXPECT_EQ(*files.list(folder), (std::vector<std::string>{"a", "sub"}));
  ASSERT_TRUE(files.remove(folder + "/a"));
  EXPECT_FALSE(files.remove(folder + "/a"));
  EXPECT_FALSE(files.rename(folder + "/a", folder + "/b"));
  EXPECT_FALSE(files.list(folder + "/no"));
  EXPECT_FALSE(files.sync_folder(folder + "/no"));
  EXPECT_FALSE(files.free_bytes(folder + "/no"));
  EXPECT_GT(*files.free_bytes(folder), 0U);
  const auto missing = files.open(folder + "/no", OpenMode::Read);
  ASSERT_FALSE(missing);
  EXPECT_NE(missing.error().to_string().find(folder + "/no"), std::string::npos);
}

TEST_F(PosixDisk, LockKeepsASecondOpeningOut) {
  auto first = files.lock(folder + "/lock");
  ASSERT_TRUE(first);
  EXPECT_EQ(files.lock(folder + "/lock").error().code, Errc::Locked);
  first->reset();
  EXPECT_TRUE(files.lock(folder + "/lock"));
}

TEST_F(PosixDisk, SpoolLivesOnIt) {
  const SystemClock clock;
  const SpoolOptions options{.dir = folder + "/spool", .segment_bytes = 1U << 20, .free_floor_bytes = 0};
  model::MessageId id;
  for (int life = 0; life < 2; ++life) {
    FoundSink sink;
    const auto spool = Spool::open(files, clock, options, sink);
    ASSERT_TRUE(spool) << spool.error().to_string();
    FoundSink other;
    EXPECT_EQ(Spool::open(files, clock, options, other).error().code, Errc::Locked);
    if (life == 0) {
      for (int i = 0; i < 300; ++i) {
        (*spool)->accept({.envelope = make_envelope(2),
                          .body = std::make_shared<const std::string>(make_body(9000)),
                          .done = AcceptHandler([&](Result<model::MessageId> r) { id = r.value(); })});
      }
      (*spool)->flush();
      (*spool)->record_final({id, 1});
    } else {
      EXPECT_EQ(sink.found.size(), 599U);
      EXPECT_EQ(*(*spool)->read(id)->body, make_body(9000));
    }
  }
}

}  // namespace
}  // namespace penstock::spool
