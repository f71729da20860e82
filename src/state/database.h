// SPDX-License-Identifier: Apache-2.0
// Database and Statement: one connection to a SQLite file (state.db) and its prepared statements.
//
// Use:  auto db = Database::open(path, {});   auto statement = db->prepare("SELECT name FROM token WHERE id = ?1");
//       statement->bind(1, 7);   while (*statement->step()) use(statement->text(0));   statement->reset();
// The file is in WAL mode and every commit is on disk before it returns (synchronous=FULL); readers are never blocked
// by the writer and see what was committed when their statement began.
// Ownership: statements must be gone before their database.   Threads: one at a time for a connection; every thread
// that reads has one of its own. Only state::Writer writes.
// Errors: state::Errc with SQLite's words.   Limits: a writer waits 5 s for another process, a reader 100 ms.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "state/errc.h"

struct sqlite3;
struct sqlite3_stmt;

namespace penstock::state {

class Statement {
 public:
  // Parameters count from 1. The text must stay valid until reset().
  void bind(int parameter, std::int64_t value);
  void bind(int parameter, std::string_view text);
  // True: there is a row, whose columns count from 0. False: it has ended.
  [[nodiscard]] Result<bool> step();
  [[nodiscard]] std::int64_t integer(int column) const;
  // Valid until the next step() or reset().
  [[nodiscard]] std::string_view text(int column) const;
  // Ready to be run again; ends its read transaction.
  void reset();
  // For statements that give no rows: step() and reset().
  [[nodiscard]] Result<> run();

 private:
  friend class Database;
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const;
  };
  explicit Statement(sqlite3_stmt* statement) : statement_(statement) {}
  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
};

enum class Access : std::uint8_t { Write, Read };

struct DatabaseOptions {
  Access access = Access::Write;           // Write makes the file
  std::uint64_t cache_bytes = 8ULL << 20;  // pages kept by this connection
  std::uint64_t mapped_bytes = 0;          // of the file read through the page cache without a copy
};

class Database {
 public:
  [[nodiscard]] static Result<Database> open(const std::string& path, DatabaseOptions options);
  // Statements separated by semicolons, without results.
  [[nodiscard]] Result<> run(const std::string& sql);
  [[nodiscard]] Result<Statement> prepare(std::string_view sql);
  // Rows changed by the last INSERT, UPDATE or DELETE.
  [[nodiscard]] std::int64_t changes() const;

 private:
  struct Close {
    void operator()(sqlite3* db) const;
  };
  explicit Database(sqlite3* db) : db_(db) {}
  std::unique_ptr<sqlite3, Close> db_;
};

}  // namespace penstock::state
