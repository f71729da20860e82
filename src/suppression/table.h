// SPDX-License-Identifier: Apache-2.0
// The table of suppressions in state.db: its making, its columns, and the statements on it. Private to the module.
//
// One row for each address and scope, in force or (state 0) a mark of removal. A change replaces the row by one with a
// new seq, so that the table, read by seq, is its own change feed: the latest state of every entry that changed.
// docs/formats/state.md describes it.   Threads: those of the connection.
#pragma once

#include <array>
#include <optional>
#include <string_view>
#include <vector>

#include "state/database.h"
#include "suppression/suppression.h"

namespace penstock::suppression {

inline constexpr std::array<std::string_view, 1> kMigrations{R"(
CREATE TABLE suppression(
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  hash INTEGER NOT NULL,
  state INTEGER NOT NULL,
  address TEXT NOT NULL,
  scope TEXT NOT NULL,
  cause INTEGER NOT NULL,
  investigate INTEGER NOT NULL,
  since INTEGER NOT NULL,
  until INTEGER NOT NULL,
  reason TEXT NOT NULL,
  source TEXT NOT NULL,
  note TEXT NOT NULL,
  who TEXT NOT NULL);
CREATE INDEX suppression_hash ON suppression(hash);
CREATE INDEX suppression_removed ON suppression(seq) WHERE state = 0;
CREATE INDEX suppression_review ON suppression(seq) WHERE investigate = 1;
CREATE TABLE soft_bounce(
  hash INTEGER NOT NULL,
  address TEXT NOT NULL,
  messages INTEGER NOT NULL,
  days INTEGER NOT NULL,
  first INTEGER NOT NULL,
  last INTEGER NOT NULL,
  PRIMARY KEY(hash, address)) WITHOUT ROWID;
CREATE INDEX soft_bounce_last ON soft_bounce(last);
)"};

inline constexpr std::string_view kColumns =
    "seq, state, address, scope, cause, investigate, since, until, reason, source, note, who";

// Every hash, removed ones too.
inline constexpr std::string_view kAllHashes =
    "SELECT hash FROM suppression INDEXED BY suppression_hash WHERE hash NOTNULL";

// The current row of a statement that selects kColumns.
[[nodiscard]] Row read_row(const state::Statement& statement);

// Seconds since the epoch, as the columns have them.
[[nodiscard]] std::int64_t to_seconds(Time wall);

// A connection for reading, one thread at a time.
class Suppression::Reader {
 public:
  [[nodiscard]] static Result<std::unique_ptr<Reader>> open(const std::string& path);
  // Rows of exactly this address, in any scope and state.
  [[nodiscard]] Result<> find(std::string_view address, std::uint64_t hash, std::vector<Row>& rows);
  // Rows with seq beyond `cursor`, in its order.
  enum class Which : std::uint8_t { All, Review };
  [[nodiscard]] Result<std::vector<Row>> after(std::uint64_t cursor, std::uint32_t limit, Which which);
  [[nodiscard]] Result<std::uint64_t> count(std::string_view sql);
  // Shows the first column of every row of this statement.
  [[nodiscard]] Result<> scan(std::string_view sql, const std::function<void(std::uint64_t)>& visit);

 private:
  explicit Reader(state::Database db) : db_(std::move(db)) {}
  state::Database db_;
  std::optional<state::Statement> find_, after_, review_;
};

// Changes rows; the writer's connection and thread.
class Suppression::Inserter {
 public:
  enum class Did : std::uint8_t { Added, Changed, Unchanged };

  [[nodiscard]] static Result<std::unique_ptr<Inserter>> open(state::Database& db);
  [[nodiscard]] Result<Did> put(const Entry& entry, std::uint64_t hash, Overwrite overwrite, Time wall);
  // The row with this address and scope, whatever its state.
  [[nodiscard]] Result<std::optional<Row>> find(std::string_view address, std::string_view scope, std::uint64_t hash);
  // Every row with this address.
  [[nodiscard]] Result<std::vector<Row>> find_all(std::string_view address, std::uint64_t hash);
  [[nodiscard]] Result<> replace(std::uint64_t seq, const Row& row, std::uint64_t hash);

 private:
  Inserter(state::Statement find, state::Statement erase, state::Statement insert)
      : find_(std::move(find)), erase_(std::move(erase)), insert_(std::move(insert)) {}
  [[nodiscard]] Result<> insert(const Row& row, std::uint64_t hash);
  state::Statement find_, erase_, insert_;
};

}  // namespace penstock::suppression
