// SPDX-License-Identifier: Apache-2.0
#include "state/database.h"

#include <fmt/format.h>
#include <sqlite3.h>

#include <mutex>

#include "base/check.h"

namespace penstock::state {
namespace {

constexpr int kWriterWaitMs = 5'000;
constexpr int kReaderWaitMs = 100;
constexpr int kCheckpointPages = 8'192;
constexpr std::int64_t kLogKeptBytes = 64LL << 20;

Errc errc_of(int code) {
  switch (code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED: return Errc::Busy;
    case SQLITE_FULL: return Errc::Full;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB: return Errc::Damaged;
    default: return Errc::Failed;
  }
}

tl::unexpected<Error> failure(sqlite3* db, int code) {
  return fail(errc_of(code), db == nullptr ? sqlite3_errstr(code) : sqlite3_errmsg(db));
}

}  // namespace

void Statement::Finalize::operator()(sqlite3_stmt* statement) const {
  sqlite3_finalize(statement);
}

void Statement::bind(int parameter, std::int64_t value) {
  PENSTOCK_CHECK(sqlite3_bind_int64(statement_.get(), parameter, value) == SQLITE_OK);
}

void Statement::bind(int parameter, std::string_view text) {
  // A null pointer would bind NULL.
  const char* data = text.data() == nullptr ? "" : text.data();
  const int bound = sqlite3_bind_text64(statement_.get(), parameter, data, text.size(), SQLITE_STATIC, SQLITE_UTF8);
  PENSTOCK_CHECK(bound == SQLITE_OK);
}

Result<bool> Statement::step() {
  const int code = sqlite3_step(statement_.get());
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  return failure(sqlite3_db_handle(statement_.get()), code);
}

std::int64_t Statement::integer(int column) const {
  return sqlite3_column_int64(statement_.get(), column);
}

std::string_view Statement::text(int column) const {
  const auto* data = sqlite3_column_text(statement_.get(), column);
  if (data == nullptr) return {};
  return {reinterpret_cast<const char*>(data),
          static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column))};
}

void Statement::reset() {
  sqlite3_reset(statement_.get());
}

Result<> Statement::run() {
  const auto stepped = step();
  reset();
  if (!stepped) return fail(stepped.error());
  return {};
}

void Database::Close::operator()(sqlite3* db) const {
  sqlite3_close_v2(db);
}

Result<Database> Database::open(const std::string& path, DatabaseOptions options) {
  // Counting its memory would put a lock on every allocation of every reader.
  static std::once_flag once;
  std::call_once(once, [] { sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0); });
  const bool writes = options.access == Access::Write;
  const int flags = SQLITE_OPEN_NOMUTEX | (writes ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE : SQLITE_OPEN_READONLY);
  sqlite3* handle = nullptr;
  const int code = sqlite3_open_v2(path.c_str(), &handle, flags, nullptr);
  Database db(handle);
  if (code != SQLITE_OK) return fail(errc_of(code), fmt::format("{}: {}", path, sqlite3_errmsg(handle)));
  sqlite3_busy_timeout(handle, writes ? kWriterWaitMs : kReaderWaitMs);
  std::string pragmas =
      fmt::format("PRAGMA cache_size = -{}; PRAGMA mmap_size = {};", options.cache_bytes / 1024, options.mapped_bytes);
  if (writes) {
    pragmas += fmt::format(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = {};"
        "PRAGMA journal_size_limit = {};",
        kCheckpointPages, kLogKeptBytes);
  }
  if (auto done = db.run(pragmas); !done) return fail(done.error().code, path + ": " + done.error().detail);
  return db;
}

Result<> Database::run(const std::string& sql) {
  const int code = sqlite3_exec(db_.get(), sql.c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return failure(db_.get(), code);
  return {};
}

Result<Statement> Database::prepare(std::string_view sql) {
  sqlite3_stmt* statement = nullptr;
  const int code = sqlite3_prepare_v3(db_.get(), sql.data(), static_cast<int>(sql.size()), SQLITE_PREPARE_PERSISTENT,
                                      &statement, nullptr);
  if (code != SQLITE_OK) return failure(db_.get(), code);
  return Statement(statement);
}

std::int64_t Database::changes() const {
  return sqlite3_changes64(db_.get());
}

}  // namespace penstock::state
