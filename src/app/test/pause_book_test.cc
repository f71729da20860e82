// SPDX-License-Identifier: Apache-2.0
#include "app/pause_book.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "app/test/files.h"
#include "base/test/temp_folder.h"

namespace penstock::app {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr Time kNow{1'800'000'000s};

api::Pause pause_of(const std::string& stream, Time until = {}) {
  api::Pause pause;
  pause.selection.stream = stream;
  pause.reason = "too many \"complaints\"";
  pause.by = "root";
  pause.since = kNow;
  pause.until = until;
  return pause;
}

class PauseBookTest : public ::testing::Test {
 protected:
  TempFolder folder_;
  const std::string path_ = folder_.file("pauses.json");
};

TEST_F(PauseBookTest, MissingFileIsEmpty) {
  PauseBook book(path_);
  EXPECT_TRUE(book.load());
  EXPECT_THAT(book.list(), IsEmpty());
}

TEST_F(PauseBookTest, WhatIsSavedIsLoadedWhole) {
  api::Pause all;
  all.selection = {"s", "t", "c", "d.example", "p", "v", "v/provider:p", {}, "", true};
  all.reason = "a\nb";
  all.by = "uid 1000";
  all.since = kNow;
  all.until = kNow + 1h + 1us;
  {
    PauseBook book(path_);
    book.add(pause_of("news"));
    book.add(all);
    ASSERT_TRUE(book.save());
  }
  PauseBook book(path_);
  ASSERT_TRUE(book.load());
  const auto entries = book.list();
  ASSERT_THAT(entries, SizeIs(2));
  EXPECT_EQ(entries[0].pause.selection, pause_of("news").selection);
  EXPECT_EQ(entries[0].pause.reason, pause_of("news").reason);
  EXPECT_EQ(entries[0].pause.until, Time{});
  EXPECT_EQ(entries[1].pause.selection, all.selection);
  EXPECT_EQ(entries[1].pause.reason, all.reason);
  EXPECT_EQ(entries[1].pause.by, all.by);
  EXPECT_EQ(entries[1].pause.since, all.since);
  EXPECT_EQ(entries[1].pause.until, all.until);
  EXPECT_NE(entries[0].id, entries[1].id);
  EXPECT_NE(book.add(pause_of("more")).id, entries[1].id);
}

TEST_F(PauseBookTest, RemoveTakesWhatIsEqualOrAll) {
  PauseBook book(path_);
  book.add(pause_of("a"));
  book.add(pause_of("b"));
  book.add(pause_of("a"));
  EXPECT_THAT(book.remove(pause_of("c").selection), IsEmpty());
  EXPECT_THAT(book.remove(pause_of("a").selection), SizeIs(2));
  EXPECT_THAT(book.list(), SizeIs(1));
  api::Selection all;
  all.all = true;
  EXPECT_THAT(book.remove(all), SizeIs(1));
  EXPECT_THAT(book.list(), IsEmpty());
}

TEST_F(PauseBookTest, ExpiredPausesAreNotListedNorKept) {
  PauseBook book(path_);
  book.add(pause_of("short", kNow + 10min));
  book.add(pause_of("long"));
  EXPECT_THAT(book.list(kNow), SizeIs(2));
  EXPECT_THAT(book.list(kNow + 10min), SizeIs(1));
  ASSERT_TRUE(book.save());
  PauseBook again(path_);
  ASSERT_TRUE(again.load());
  EXPECT_THAT(again.list(), SizeIs(1));
}

TEST_F(PauseBookTest, DamagedFileIsReportedAndKept) {
  for (const char* contents : {"{\"not\": \"a list\"}", "[{\"stream\": ", "\0\1\2"}) {
    write_file(folder_.file("pauses.json"), contents);
    PauseBook book(path_);
    const auto loaded = book.load();
    ASSERT_FALSE(loaded) << contents;
    EXPECT_THAT(loaded.error().detail, HasSubstr(path_));
    book.add(pause_of("new"));
    EXPECT_TRUE(book.save());
    // The damaged one is still there for a person to look at.
    EXPECT_EQ(read_file(folder_.file("pauses.json.damaged")), contents);
    std::filesystem::remove(path_ + ".damaged");
  }
}

}  // namespace
}  // namespace penstock::app
