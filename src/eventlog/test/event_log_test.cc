// SPDX-License-Identifier: Apache-2.0
#include "eventlog/event_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "eventlog/test/log_folder.h"

namespace penstock::eventlog {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr const char* kFirst = "00000000000000000000";

std::string name_at(Offset offset, std::string_view suffix) {
  return fmt::format("{:020}{}", offset, suffix);
}

TEST(EventLog, WhatIsRecordedIsReadInOrder) {
  LogFolder folder;
  folder.open();
  EXPECT_EQ(folder.read(0).first, "");
  const Offset after_a = folder.write("a@x");
  folder.write("b@x");
  EXPECT_EQ(folder.read(0).first, "a@x b@x");
  EXPECT_EQ(folder.read(after_a).first, "b@x");
  EXPECT_EQ(folder.read(after_a + 1'000'000).first, "");
  EXPECT_EQ(folder.log->stats().recorded, 2U);
  EXPECT_TRUE(folder.log->health().ok);
}

TEST(EventLog, CursorInsideALineGoesOnWithTheNext) {
  LogFolder folder;
  folder.open();
  const Offset after_a = folder.write("a@x");
  folder.write("b@x");
  EXPECT_EQ(folder.read(3).first, "b@x");
  EXPECT_EQ(folder.read(after_a - 1).first, "b@x");
  EXPECT_EQ(folder.read(after_a + 5).first, "");
}

TEST(EventLog, SecondOpeningIsRefused) {
  LogFolder folder;
  folder.open();
  const auto second = EventLog::open(folder.clock, folder.options);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error(), make_error_code(Errc::Locked));
}

TEST(EventLog, BadOptionsAreRefused) {
  FakeClock clock;
  EventLogOptions options;
  EXPECT_EQ(EventLog::open(clock, options).error(), make_error_code(Errc::BadOption));
  options.dir = "/proc/penstock-no-such-parent/events";
  EXPECT_FALSE(EventLog::open(clock, options));
}

TEST(EventLog, RestartSealsWhatWasOpenAndGoesOnBehindIt) {
  LogFolder folder;
  folder.open();
  const Offset end = folder.write("a@x");
  folder.open();
  EXPECT_EQ(folder.log->end(), end);
  EXPECT_THAT(folder.files(), ElementsAre(name_at(0, ".jsonl"), name_at(end, ".jsonl")));
  folder.write("b@x");
  EXPECT_EQ(folder.read(0), std::make_pair(std::string("a@x b@x"), std::uint64_t{0}));
}

// A crash can leave any part of what was being written.
TEST(EventLog, TornTailIsCutAtTheLastWholeLineWhereverItIsTorn) {
  LogFolder folder;
  folder.open();
  const Offset a = folder.write("a@x");
  const Offset b = folder.write("b@x");
  folder.log.reset();
  const std::string whole = contents_of(folder.path(name_at(0, ".jsonl")));
  for (std::size_t cut = 0; cut <= whole.size(); ++cut) {
    std::filesystem::remove_all(folder.options.dir);
    std::filesystem::create_directory(folder.options.dir);
    put_contents(folder.path(name_at(0, ".jsonl")), whole.substr(0, cut));
    folder.open();
    const Offset end = cut < a ? 0 : cut < b ? a : b;
    ASSERT_EQ(folder.log->end(), end) << cut;
    folder.write("c@x");
    ASSERT_EQ(folder.read(0).first, cut < a ? "c@x" : cut < b ? "a@x c@x" : "a@x b@x c@x") << cut;
  }
}

TEST(EventLog, LogNeverEndsBeforeAStoredCursor) {
  LogFolder folder;
  folder.open();
  folder.write("a@x");
  const Offset end = folder.write("b@x");
  ASSERT_TRUE(folder.log->store_cursor("webhooks", {end, "note"}));
  folder.log.reset();
  // A power cut takes the last line, which the reader had.
  const std::string lines = contents_of(folder.path(name_at(0, ".jsonl")));
  put_contents(folder.path(name_at(0, ".jsonl")), lines.substr(0, lines.size() - 10));
  folder.open();
  EXPECT_EQ(folder.log->end(), end);
  folder.write("c@x");
  EXPECT_EQ(folder.read(end), std::make_pair(std::string("c@x"), std::uint64_t{0}));
  const auto [all, missed] = folder.read(0);
  EXPECT_EQ(all, "a@x c@x");
  EXPECT_GT(missed, 0U);
}

TEST(EventLog, CursorsSurviveAndDamagedOnesAreReported) {
  LogFolder folder;
  folder.open();
  const auto none = folder.log->load_cursor("none");
  ASSERT_TRUE(none);
  EXPECT_FALSE(none->has_value());
  ASSERT_TRUE(folder.log->store_cursor("one", {17, "some words"}));
  ASSERT_TRUE(folder.log->store_cursor("one", {18, "other words"}));
  EXPECT_EQ(folder.log->load_cursor("one")->value(), (StoredCursor{18, "other words"}));
  EXPECT_EQ(folder.log->store_cursor("../x", {1, ""}).error(), make_error_code(Errc::BadOption));
  EXPECT_EQ(folder.log->store_cursor("one", {1, "two\nlines"}).error(), make_error_code(Errc::BadOption));
  const std::string file = folder.path("cursors/one");
  const std::string good = contents_of(file);
  for (std::size_t i = 0; i < good.size(); ++i) {
    std::string bad = good;
    bad[i] = static_cast<char>(bad[i] ^ 0x04);
    put_contents(file, bad);
    EXPECT_EQ(folder.log->load_cursor("one").error(), make_error_code(Errc::Damaged)) << i;
    put_contents(file, good.substr(0, i));
    EXPECT_EQ(folder.log->load_cursor("one").has_value(), i + 1 == good.size()) << i;  // the last line end may lack
  }
  folder.open();  // starts nevertheless
}

TEST(EventLog, SegmentIsSealedAtItsSizeAndAtItsAge) {
  LogFolder folder;
  folder.options.segment_bytes = 300;
  folder.open();
  folder.write("a@x");
  folder.write("b@x");  // above 300 bytes
  folder.write("c@x");
  EXPECT_EQ(folder.log->stats().sealed, 1U);
  folder.clock.advance(59min);
  folder.log->maintain();
  EXPECT_EQ(folder.log->stats().sealed, 1U);
  folder.clock.advance(1min);
  folder.log->maintain();
  EXPECT_EQ(folder.log->stats().sealed, 2U);
  folder.clock.advance(2h);
  folder.log->maintain();  // the current one is empty
  EXPECT_EQ(folder.log->stats().sealed, 2U);
  EXPECT_EQ(folder.read(0).first, "a@x b@x c@x");
}

TEST(EventLog, SealedSegmentIsCompressedAndReadsTheSame) {
  LogFolder folder;
  folder.open();
  const Offset a = folder.write("a@x");
  const Offset b = folder.write("b@x");
  folder.log->seal();
  folder.write("c@x");
  folder.log->maintain();
  EXPECT_THAT(folder.files(), ElementsAre(name_at(0, ".filter"), name_at(0, ".jsonl.zst"), name_at(b, ".jsonl")));
  EXPECT_EQ(folder.read(0).first, "a@x b@x c@x");
  EXPECT_EQ(folder.read(a).first, "b@x c@x");
  folder.open();
  EXPECT_EQ(folder.read(0).first, "a@x b@x c@x");
}

TEST(EventLog, ReaderGoesOnWhileItsSegmentIsSealedAndCompressed) {
  LogFolder folder;
  folder.open();
  folder.write("a@x");
  EventReader reader(*folder.log, 0);
  EXPECT_EQ(recipients_in(reader.next()->lines), "a@x");
  folder.write("b@x");
  folder.log->seal();
  folder.log->maintain();
  folder.write("c@x");
  EXPECT_EQ(recipients_in(reader.next()->lines), "b@x");
  EXPECT_EQ(recipients_in(reader.next()->lines), "c@x");
  EXPECT_EQ(reader.next()->lines, "");
  EXPECT_EQ(reader.cursor(), folder.log->end());
}

TEST(EventLog, CrashWhileCompressingLosesNothingAndDoublesNothing) {
  LogFolder folder;
  folder.open();
  folder.write("a@x");
  folder.log->seal();
  const std::string plain = contents_of(folder.path(std::string(kFirst) + ".jsonl"));
  folder.log->maintain();
  folder.log.reset();
  const std::string packed = contents_of(folder.path(std::string(kFirst) + ".jsonl.zst"));
  const std::string filter = contents_of(folder.path(std::string(kFirst) + ".filter"));
  struct Case {
    std::vector<std::string> suffixes;
  };
  for (const Case& left :
       {Case{{".jsonl", ".filter.new"}}, Case{{".jsonl", ".filter"}}, Case{{".jsonl", ".filter", ".jsonl.zst.new"}},
        Case{{".jsonl", ".filter", ".jsonl.zst"}}, Case{{".filter", ".jsonl.zst"}}, Case{{".jsonl.zst"}}}) {
    std::filesystem::remove_all(folder.options.dir);
    std::filesystem::create_directory(folder.options.dir);
    for (const std::string& suffix : left.suffixes) {
      const bool half = suffix.ends_with(".new");
      const std::string& whole = suffix.starts_with(".filter") ? filter : suffix == ".jsonl" ? plain : packed;
      put_contents(folder.path(kFirst + suffix), half ? whole.substr(0, whole.size() / 2) : whole);
    }
    folder.open();
    folder.log->maintain();
    EXPECT_EQ(folder.read(0), std::make_pair(std::string("a@x"), std::uint64_t{0}));
    for (const std::string& file : folder.files()) EXPECT_FALSE(file.ends_with(".new")) << file;
  }
}

TEST(EventLog, RetentionByAgeRemovesOldSegmentsAndTellsTheReader) {
  LogFolder folder;
  folder.open();
  const Offset a = folder.write("a@x");
  folder.log->seal();
  folder.clock.advance(24h);
  folder.write("b@x");
  folder.log->seal();
  folder.clock.advance(24h * 6 + 1s);
  folder.log->maintain();
  EXPECT_EQ(folder.log->begin(), a);
  EXPECT_EQ(folder.read(0), std::make_pair(std::string("b@x"), a));
  EXPECT_EQ(folder.read(a), std::make_pair(std::string("b@x"), std::uint64_t{0}));
  EXPECT_EQ(folder.log->stats().removed, 1U);
}

TEST(EventLog, RetentionBySizeRemovesTheOldest) {
  LogFolder folder;
  folder.options.retain_bytes = 1;
  folder.open();
  folder.write("a@x");
  folder.log->seal();
  const Offset end = folder.write("b@x");
  folder.log->maintain();
  EXPECT_EQ(folder.read(0).first, "b@x");  // the current one stays
  folder.log->seal();
  folder.log->maintain();
  EXPECT_EQ(folder.read(0).first, "");
  // Nothing is left, and still no offset is given twice.
  folder.open();
  EXPECT_EQ(folder.log->end(), end);
  EXPECT_EQ(folder.log->begin(), end);
}

TEST(EventLog, ReaderInARemovedSegmentFinishesIt) {
  LogFolder folder;
  folder.open();
  for (int i = 0; i < 3'000; ++i) folder.log->record(delivered("a@x"));
  folder.log->seal();
  EventReader reader(*folder.log, 0);
  std::size_t events = 0;
  const auto count = [&events](std::string_view lines) {
    events += static_cast<std::size_t>(std::count(lines.begin(), lines.end(), '\n'));
  };
  count(reader.next()->lines);
  ASSERT_GT(events, 0U);
  ASSERT_LT(events, 3'000U);
  folder.clock.advance(24h * 365);
  folder.log->maintain();
  for (auto batch = reader.next(); !batch->lines.empty(); batch = reader.next()) {
    EXPECT_EQ(batch->missed_bytes, 0U);
    count(batch->lines);
  }
  EXPECT_EQ(events, 3'000U);
}

TEST(EventLog, DamagedBlockIsSkippedAndCountedTheRestIsRead) {
  LogFolder folder;
  folder.open();
  for (int i = 0; i < 5'000; ++i) folder.log->record(delivered(fmt::format("u{}@x", i)));
  folder.log->seal();
  folder.log->maintain();
  const Offset end = folder.write("last@x");
  const std::string file = folder.path(std::string(kFirst) + ".jsonl.zst");
  std::string bytes = contents_of(file);
  bytes[100] = static_cast<char>(bytes[100] ^ 0x10);
  put_contents(file, bytes);
  const auto [recipients, missed] = folder.read(0);
  EXPECT_GT(missed, 0U);
  EXPECT_LT(missed, end);
  EXPECT_THAT(recipients, HasSubstr("u4999@x last@x"));
  EXPECT_THAT(recipients, testing::Not(HasSubstr("u0@x")));
}

TEST(EventLog, DamagedSeekTableSkipsItsSegmentOnly) {
  LogFolder folder;
  folder.open();
  folder.write("a@x");
  folder.log->seal();
  folder.log->maintain();
  folder.write("b@x");
  const std::string file = folder.path(std::string(kFirst) + ".jsonl.zst");
  const std::string good = contents_of(file);
  for (std::size_t i = good.size() - 25; i < good.size(); ++i) {
    std::string bad = good;
    bad[i] = static_cast<char>(bad[i] ^ 0x40);
    put_contents(file, bad);
    const std::string read = folder.read(0).first;
    EXPECT_TRUE(read == "b@x" || read == "a@x b@x") << i << ": " << read;
  }
  put_contents(file, good.substr(0, 5));
  EXPECT_EQ(folder.read(0).first, "b@x");
  std::filesystem::remove(file);
  EXPECT_EQ(folder.read(0).first, "b@x");
}

// A folder where the next segment's file should be: the log cannot write, as with a full disk.
class FailingDisk {
 public:
  explicit FailingDisk(LogFolder& folder) {
    folder.log->flush();
    const Offset end = folder.write("first@x");
    path_ = folder.path(name_at(end, ".jsonl"));
    std::filesystem::create_directory(path_);
    folder.log->seal();
  }
  void mend() { std::filesystem::remove(path_); }

 private:
  std::string path_;
};

TEST(EventLog, LinesWaitInMemoryWhileTheDiskFails) {
  LogFolder folder;
  folder.open();
  FailingDisk disk(folder);
  folder.log->record(delivered("a@x"));
  EXPECT_FALSE(folder.log->flush());
  folder.log->record(delivered("b@x"));
  EXPECT_FALSE(folder.log->flush());
  EXPECT_FALSE(folder.log->health().ok);
  EXPECT_THAT(folder.log->health().reason, HasSubstr("writing the event log fails"));
  EXPECT_GT(folder.log->stats().waiting_bytes, 0U);
  EXPECT_EQ(folder.log->stats().write_failures, 2U);
  disk.mend();
  EXPECT_TRUE(folder.log->flush());
  EXPECT_TRUE(folder.log->health().ok);
  EXPECT_EQ(folder.read(0).first, "first@x a@x b@x");
  EXPECT_EQ(folder.log->stats().dropped, 0U);
}

TEST(EventLog, AboveTheBoundEventsAreDroppedCountedAndTheLogSaysSo) {
  LogFolder folder;
  folder.options.buffer_bytes = 1'000;
  folder.options.stall_limit = 1ms;
  folder.open();
  FailingDisk disk(folder);
  std::uint64_t recorded = 0;
  while (folder.log->stats().dropped < 3) {
    folder.log->record(delivered(std::string(3'000, 'x')));
    ++recorded;
    if (recorded % 8 == 0) {
      EXPECT_FALSE(folder.log->flush());
    }
    ASSERT_LT(recorded, 10'000U);
  }
  EXPECT_EQ(folder.log->stats().waits, 1U);  // after one vain wait the others are not held up
  disk.mend();
  EXPECT_TRUE(folder.log->flush());
  folder.log->record(delivered("after@x"));
  EXPECT_TRUE(folder.log->flush());
  EventReader reader(*folder.log, 0);
  std::string all;
  for (auto batch = reader.next(); !batch->lines.empty(); batch = reader.next()) all += batch->lines;
  EXPECT_THAT(all, HasSubstr("\"type\":\"admin\""));
  EXPECT_THAT(all, HasSubstr("3 events were lost"));
  EXPECT_EQ(static_cast<std::uint64_t>(std::count(all.begin(), all.end(), '\n')), 1 + (recorded - 3) + 1 + 1);
}

TEST(EventLog, WaitEndsWhenThereIsSomethingToReadOrOnStop) {
  LogFolder folder;
  folder.open();
  EXPECT_FALSE(folder.log->wait_past(0, 1ms));
  folder.write("a@x");
  EXPECT_TRUE(folder.log->wait_past(0, 1h));
  folder.log->stop();
  EXPECT_FALSE(folder.log->wait_past(folder.log->end(), 1h));
}

}  // namespace
}  // namespace penstock::eventlog
