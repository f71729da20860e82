// SPDX-License-Identifier: Apache-2.0
// The table of users in state.db: its making, and reading and writing whole rows. Private to the module.
// docs/formats/state.md describes it.   Threads: those of the connection.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "state/database.h"
#include "users/usage.h"
#include "users/user.h"

namespace penstock::users {

inline constexpr std::array<std::string_view, 1> kMigrations{R"(
CREATE TABLE user(
  name TEXT PRIMARY KEY,
  enabled INTEGER NOT NULL,
  message_rate TEXT NOT NULL,
  recipients_per_day INTEGER NOT NULL,
  connections INTEGER NOT NULL,
  streams TEXT NOT NULL,
  sender_domains TEXT NOT NULL,
  note TEXT NOT NULL,
  since INTEGER NOT NULL,
  password_since INTEGER NOT NULL,
  scrypt_n INTEGER NOT NULL,
  scrypt_r INTEGER NOT NULL,
  scrypt_p INTEGER NOT NULL,
  scrypt_salt TEXT NOT NULL,
  scrypt_hash TEXT NOT NULL,
  scram_iterations INTEGER NOT NULL,
  scram_salt TEXT NOT NULL,
  stored_key TEXT NOT NULL,
  server_key TEXT NOT NULL,
  day INTEGER NOT NULL DEFAULT 0,
  day_recipients INTEGER NOT NULL DEFAULT 0) WITHOUT ROWID;
CREATE TABLE user_secret(
  number INTEGER PRIMARY KEY,
  secret TEXT NOT NULL);
)"};

struct Stored {
  std::vector<Account> accounts;
  std::vector<DayCount> days;
};
// All of them. A row that cannot be read is an error that names it: nobody may sign in with half a row.
[[nodiscard]] Result<Stored> read_all(state::Database& db);
// Inserts or replaces; the day's count stays.
[[nodiscard]] Result<> write_account(state::Database& db, const Account& account);
[[nodiscard]] Result<> erase_account(state::Database& db, std::string_view name);
[[nodiscard]] Result<> write_days(state::Database& db, const std::vector<DayCount>& days);
// The secret that made-up salts come from; `fresh` is written and returned when there is none yet.
[[nodiscard]] Result<std::string> obtain_secret(state::Database& db, const std::string& fresh);

}  // namespace penstock::users
