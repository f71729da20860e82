// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <csignal>

#include "eventlog/catalog.h"
#include "eventlog/file.h"
#include "eventlog/segment_format.h"
#include "eventlog/test/log_folder.h"

namespace penstock::eventlog {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;

// Three segments with one line each, the first two compressed, and the offsets where they end.
class Recovery : public testing::Test {
 protected:
  Recovery() {
    folder_.open();
    for (const char* recipient : {"a@x", "b@x", "c@x"}) {
      ends_.push_back(folder_.write(recipient));
      folder_.log->seal();
      if (ends_.size() == 2) folder_.log->maintain();
    }
    folder_.log.reset();
  }
  [[nodiscard]] std::string path(Offset start, std::string_view suffix) const {
    return folder_.path(segment_name(start, suffix));
  }
  LogFolder folder_;
  std::vector<Offset> ends_;
};

TEST_F(Recovery, FindsEverySegmentWithItsFacts) {
  folder_.open();
  const std::vector<Segment> segments = folder_.log->catalog().all();
  ASSERT_EQ(segments.size(), 4U);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(segments[i].end(), ends_[i]);
    EXPECT_EQ(segments[i].state, i < 2 ? SegmentState::Compressed : SegmentState::Sealed);
    EXPECT_EQ(segments[i].first, folder_.clock.wall());
    EXPECT_EQ(segments[i].last, folder_.clock.wall());
    EXPECT_GT(segments[i].disk_bytes, 0U);
  }
  EXPECT_EQ(segments[3].state, SegmentState::Current);
}

TEST_F(Recovery, WithoutFiltersTheSegmentsSpeakForThemselves) {
  std::filesystem::remove(path(0, kFilterSuffix));
  put_contents(path(ends_[0], kFilterSuffix), "damaged");
  folder_.open();
  EXPECT_EQ(folder_.log->catalog().all()[1].first, folder_.clock.wall());
  EXPECT_EQ(folder_.read(0), std::make_pair(std::string("a@x b@x c@x"), std::uint64_t{0}));
}

TEST_F(Recovery, ForeignFilesAreLeftAlone) {
  for (const char* name : {"notes.txt", "0.jsonl", "cursors/odd name"}) put_contents(folder_.path(name), "words\n");
  folder_.open();
  folder_.log->maintain();
  EXPECT_EQ(folder_.read(0).first, "a@x b@x c@x");
  EXPECT_EQ(contents_of(folder_.path("notes.txt")), "words\n");
}

TEST_F(Recovery, MissingSegmentIsMissedByItsLength) {
  std::filesystem::remove(path(ends_[0], kCompressedSuffix));
  std::filesystem::remove(path(ends_[0], kFilterSuffix));
  folder_.open();
  EXPECT_EQ(folder_.read(0), std::make_pair(std::string("a@x c@x"), ends_[1] - ends_[0]));
  EXPECT_EQ(folder_.read(ends_[0]).second, ends_[1] - ends_[0]);
}

TEST_F(Recovery, OverlappingSegmentIsLeftOutAndNotTouched) {
  const std::string copy = contents_of(path(ends_[1], kPlainSuffix));
  put_contents(path(ends_[1] + 5, kPlainSuffix), copy);
  folder_.open();
  EXPECT_EQ(folder_.read(0).first, "a@x b@x c@x");
  EXPECT_EQ(folder_.log->end(), ends_[1] + 5 + copy.size());  // its offsets are not given again
  folder_.write("d@x");
  EXPECT_EQ(folder_.read(0).first, "a@x b@x c@x d@x");
  EXPECT_EQ(contents_of(path(ends_[1] + 5, kPlainSuffix)), copy);
}

TEST_F(Recovery, TornSegmentInTheMiddleIsCutAndTheNextOneStays) {
  folder_.open();
  folder_.write("d@x");
  folder_.log.reset();
  std::string torn = contents_of(path(ends_[1], kPlainSuffix));
  torn.resize(torn.size() - 5);
  put_contents(path(ends_[1], kPlainSuffix), torn);
  folder_.open();
  EXPECT_EQ(folder_.read(0), std::make_pair(std::string("a@x b@x d@x"), ends_[2] - ends_[1]));
}

TEST_F(Recovery, ZerosAtTheEndAreCut) {
  std::string torn = contents_of(path(ends_[1], kPlainSuffix));
  torn.append(2 * kBlockBytes + 17, '\0');
  put_contents(path(ends_[1], kPlainSuffix), torn);
  folder_.open();
  EXPECT_EQ(folder_.log->end(), ends_[2]);
  EXPECT_EQ(folder_.read(0).first, "a@x b@x c@x");
}

TEST_F(Recovery, LineThatIsNoEventIsPassedOn) {
  const std::string lines = contents_of(path(ends_[1], kPlainSuffix));
  put_contents(path(ends_[1], kPlainSuffix), "garbage\n" + lines);
  folder_.open();
  EXPECT_EQ(folder_.read(0).first, "a@x b@x BAD c@x");
  folder_.log->maintain();
  EXPECT_EQ(folder_.read(0).first, "a@x b@x BAD c@x");
}

TEST_F(Recovery, EmptyFolderWithACursorGoesOnThere) {
  folder_.open();
  ASSERT_TRUE(folder_.log->store_cursor("accounting", {12'345'678, ""}));
  folder_.log.reset();
  for (const std::string& name : folder_.files()) std::filesystem::remove(folder_.path(name));
  folder_.open();
  EXPECT_EQ(folder_.log->end(), 12'345'678U);
  folder_.write("d@x");
  EXPECT_EQ(folder_.read(12'345'678), std::make_pair(std::string("d@x"), std::uint64_t{0}));
}

// The disk takes a part of what is written, as when it becomes full.
TEST_F(Recovery, HalfWrittenLinesAreWrittenAgainAndReadOnce) {
  folder_.open();
  std::signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  ::getrlimit(RLIMIT_FSIZE, &before);
  rlimit small = before;
  small.rlim_cur = 300;
  for (const char* recipient : {"d@x", "e@x", "f@x"}) folder_.log->record(delivered(recipient));
  ::setrlimit(RLIMIT_FSIZE, &small);
  EXPECT_FALSE(folder_.log->flush());
  EXPECT_EQ(folder_.log->end(), ends_[2]);
  EXPECT_EQ(folder_.read(ends_[2]).first, "");
  ::setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, SIG_DFL);
  EXPECT_TRUE(folder_.log->flush());
  EXPECT_EQ(folder_.read(ends_[2]).first, "d@x e@x f@x");
}

TEST(Catalog, FindsTheSegmentThatHoldsAnOffsetOrTheNext) {
  Catalog catalog("dir");
  EXPECT_FALSE(catalog.find(0).has_value());
  EXPECT_EQ(catalog.begin(), 0U);
  catalog.add({10, 5, SegmentState::Compressed, {}, {}, 0});
  catalog.add({20, 5, SegmentState::Sealed, {}, {}, 0});
  catalog.add({25, 0, SegmentState::Current, {}, {}, 0});
  EXPECT_EQ(catalog.find(0)->start, 10U);
  EXPECT_EQ(catalog.find(14)->start, 10U);
  EXPECT_EQ(catalog.find(15)->start, 20U);
  EXPECT_EQ(catalog.find(24)->start, 20U);
  EXPECT_FALSE(catalog.find(25).has_value());
  catalog.grow(7, Time{1s}, Time{2s});
  catalog.grow(1, Time{9s}, Time{1s});
  EXPECT_EQ(catalog.find(25)->bytes, 8U);
  EXPECT_EQ(catalog.find(25)->first, Time{1s});
  EXPECT_EQ(catalog.find(25)->last, Time{2s});
  EXPECT_EQ(catalog.end(), 33U);
  catalog.remove(10);
  EXPECT_EQ(catalog.begin(), 20U);
  catalog.seal();
  catalog.set_compressed(25, 3);
  EXPECT_EQ(catalog.all().back().state, SegmentState::Compressed);
  EXPECT_EQ(catalog.path(20, kPlainSuffix), "dir/00000000000000000020.jsonl");
}

TEST(File, WriteFileReplacesTheWholeAndLeavesNothingBeside) {
  LogFolder folder;
  std::filesystem::create_directory(folder.options.dir);
  put_contents(folder.path("f.new"), "left from a crash, and longer than what is written now");
  ASSERT_TRUE(write_file(folder.path("f"), "one"));
  ASSERT_TRUE(write_file(folder.path("f"), "two"));
  EXPECT_EQ(*read_file(folder.path("f")), "two");
  EXPECT_THAT(folder.files(), ElementsAre("f"));
  EXPECT_FALSE(write_file(folder.path("no/such/folder"), "x"));
}

TEST(File, ErrorsNameThePath) {
  const auto file = File::open_to_read("/proc/penstock-no-such-file");
  ASSERT_FALSE(file);
  EXPECT_TRUE(is_absent(file.error()));
  EXPECT_EQ(file.error().detail, "/proc/penstock-no-such-file");
  EXPECT_FALSE(list_folder("/proc/penstock-no-such-file"));
  EXPECT_TRUE(remove_file("/proc/penstock-no-such-file"));
}

TEST(File, PlainNamesAreSafeInAPath) {
  for (const std::string_view good : {"a", "acct-2026_x", "A1"}) EXPECT_TRUE(is_plain_name(good)) << good;
  for (const std::string_view bad : {"", ".", "..", "a/b", "a b", "a.csv", "\n"})
    EXPECT_FALSE(is_plain_name(bad)) << bad;
  EXPECT_FALSE(is_plain_name(std::string(65, 'a')));
}

}  // namespace
}  // namespace penstock::eventlog
