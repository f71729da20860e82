// SPDX-License-Identifier: Apache-2.0
#include "state/database.h"

#include <gtest/gtest.h>

#include <fstream>

#include "src/state/test/temp_database.h"

namespace penstock::state {
namespace {

TEST(Database, WhatWasWrittenIsReadByAnotherConnection) {
  const TempDatabase file;
  auto db = Database::open(file.path(), {});
  ASSERT_TRUE(db) << db.error().to_string();
  ASSERT_TRUE(db->run("CREATE TABLE t(id INTEGER PRIMARY KEY, name TEXT)"));
  auto insert = db->prepare("INSERT INTO t VALUES(?1, ?2)");
  ASSERT_TRUE(insert);
  for (int i = 1; i <= 3; ++i) {
    insert->bind(1, i);
    insert->bind(2, std::string_view(i == 2 ? "two" : ""));
    ASSERT_TRUE(insert->run());
  }
  EXPECT_EQ(db->changes(), 1);
  auto reader = Database::open(file.path(), {.access = Access::Read});
  ASSERT_TRUE(reader);
  auto select = reader->prepare("SELECT id, name FROM t WHERE id >= ?1 ORDER BY id");
  ASSERT_TRUE(select);
  select->bind(1, 2);
  ASSERT_TRUE(*select->step());
  EXPECT_EQ(select->integer(0), 2);
  EXPECT_EQ(select->text(1), "two");
  ASSERT_TRUE(*select->step());
  EXPECT_EQ(select->text(1), "");
  EXPECT_FALSE(*select->step());
}

TEST(Database, ReaderCannotWrite) {
  const TempDatabase file;
  ASSERT_TRUE(Database::open(file.path(), {}));
  auto reader = Database::open(file.path(), {.access = Access::Read});
  ASSERT_TRUE(reader);
  EXPECT_FALSE(reader->run("CREATE TABLE t(id)"));
}

TEST(Database, WrongSqlIsAnErrorInSqlitesWords) {
  const TempDatabase file;
  auto db = Database::open(file.path(), {});
  ASSERT_TRUE(db);
  const auto statement = db->prepare("SELECT x FROM nowhere");
  ASSERT_FALSE(statement);
  EXPECT_NE(statement.error().detail.find("nowhere"), std::string::npos);
}

TEST(Database, FileOfAnotherKindIsDamaged) {
  const TempDatabase file;
  std::ofstream(file.path()) << std::string(8192, 'x');
  const auto db = Database::open(file.path(), {});
  ASSERT_FALSE(db);
  EXPECT_EQ(db.error(), make_error_code(Errc::Damaged));
  EXPECT_NE(db.error().detail.find(file.path()), std::string::npos);
}

TEST(Database, MissingFolderIsAnErrorThatNamesTheFile) {
  const auto db = Database::open("/nonexistent/folder/state.db", {});
  ASSERT_FALSE(db);
  EXPECT_NE(db.error().detail.find("/nonexistent/folder/state.db"), std::string::npos);
}

}  // namespace
}  // namespace penstock::state
