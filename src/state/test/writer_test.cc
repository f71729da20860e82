// SPDX-License-Identifier: Apache-2.0
#include "state/writer.h"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <future>

#include "src/state/test/temp_database.h"

namespace penstock::state {
namespace {

constexpr std::array<std::string_view, 1> kFirst{"CREATE TABLE item(id INTEGER PRIMARY KEY)"};
constexpr std::array<std::string_view, 2> kSecond{"CREATE TABLE item(id INTEGER PRIMARY KEY)",
                                                  "ALTER TABLE item ADD COLUMN name TEXT NOT NULL DEFAULT 'none'"};

std::int64_t count(const std::string& path) {
  auto db = Database::open(path, {.access = Access::Read});
  auto select = db->prepare("SELECT count(*) FROM item");
  EXPECT_TRUE(select && *select->step());
  return select->integer(0);
}

TEST(Writer, WhatIsDoneIsVisibleToReaders) {
  const TempDatabase file;
  auto writer = Writer::open(file.path());
  ASSERT_TRUE(writer);
  ASSERT_TRUE((*writer)->migrate("test", kFirst));
  ASSERT_TRUE((*writer)->run([](Database& db) { return db.run("INSERT INTO item VALUES(1)"); }));
  EXPECT_EQ(count(file.path()), 1);
}

TEST(Writer, WorkThatFailsIsUndoneAndOthersStand) {
  const TempDatabase file;
  auto writer = Writer::open(file.path());
  ASSERT_TRUE((*writer)->migrate("test", kFirst));
  std::promise<void> gate;
  (*writer)->submit(
      [opened = gate.get_future().share()](Database&) {
        opened.wait();
        return Result<>();
      },
      {});
  std::array<std::promise<bool>, 3> done;
  const auto told = [&done](std::size_t i) { return [&done, i](const Result<>& r) { done[i].set_value(bool(r)); }; };
  (*writer)->submit([](Database& db) { return db.run("INSERT INTO item VALUES(1)"); }, told(0));
  (*writer)->submit(
      [](Database& db) {
        EXPECT_TRUE(db.run("INSERT INTO item VALUES(2)"));
        return db.run("INSERT INTO item VALUES(1)");
      },
      told(1));
  (*writer)->submit([](Database& db) { return db.run("INSERT INTO item VALUES(3)"); }, told(2));
  gate.set_value();
  EXPECT_TRUE(done[0].get_future().get());
  EXPECT_FALSE(done[1].get_future().get());
  EXPECT_TRUE(done[2].get_future().get());
  EXPECT_EQ(count(file.path()), 2);
}

TEST(Writer, MigrationGoesOnFromTheVersionFound) {
  const TempDatabase file;
  {
    auto writer = Writer::open(file.path());
    ASSERT_TRUE((*writer)->migrate("test", kFirst));
    ASSERT_TRUE((*writer)->run([](Database& db) { return db.run("INSERT INTO item VALUES(1)"); }));
  }
  {
    auto writer = Writer::open(file.path());
    ASSERT_TRUE((*writer)->migrate("test", kSecond));
    ASSERT_TRUE((*writer)->migrate("test", kSecond));
    ASSERT_TRUE((*writer)->run([](Database& db) { return db.run("INSERT INTO item VALUES(2, 'two')"); }));
  }
  EXPECT_EQ(count(file.path()), 2);
}

TEST(Writer, TablesOfANewerVersionAreRefused) {
  const TempDatabase file;
  auto writer = Writer::open(file.path());
  ASSERT_TRUE((*writer)->migrate("test", kSecond));
  const auto refused = (*writer)->migrate("test", kFirst);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error(), make_error_code(Errc::Newer));
}

TEST(Writer, AfterTheStopNothingIsTaken) {
  const TempDatabase file;
  auto writer = Writer::open(file.path());
  ASSERT_TRUE((*writer)->migrate("test", kFirst));
  std::atomic<int> done = 0;
  for (int i = 0; i < 100; ++i) {
    (*writer)->submit([i](Database& db) { return db.run("INSERT INTO item VALUES(" + std::to_string(i) + ")"); },
                      [&done](const Result<>& result) { done += result ? 1 : 0; });
  }
  (*writer)->stop();
  EXPECT_EQ(done, 100);
  const auto late = (*writer)->run([](Database&) { return Result<>(); });
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error(), make_error_code(Errc::Stopped));
  EXPECT_EQ(count(file.path()), 100);
}

}  // namespace
}  // namespace penstock::state
