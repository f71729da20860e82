// SPDX-License-Identifier: Apache-2.0
#include "users/table.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/base64.h"

namespace penstock::users {
namespace {

std::int64_t to_seconds(Time wall) {
  return std::chrono::duration_cast<std::chrono::seconds>(wall.time_since_epoch()).count();
}
Time from_seconds(std::int64_t seconds) {
  return Time{std::chrono::seconds{seconds}};
}

// Names and domains hold no comma.
std::string join(const std::vector<std::string>& words) {
  return fmt::format("{}", fmt::join(words, ","));
}
std::vector<std::string> split(std::string_view text) {
  std::vector<std::string> words;
  while (!text.empty()) {
    const std::string_view word = text.substr(0, text.find(','));
    words.emplace_back(word);
    text.remove_prefix(std::min(word.size() + 1, text.size()));
  }
  return words;
}

bool read_bytes(std::string_view text, std::string& out) {
  auto bytes = decode_base64(text);
  if (!bytes || bytes->empty()) return false;
  out = std::move(*bytes);
  return true;
}

bool read_credentials(const state::Statement& row, sasl::Credentials& out) {
  out.cost.n = static_cast<std::uint64_t>(row.integer(10));
  out.cost.r = static_cast<std::uint32_t>(row.integer(11));
  out.cost.p = static_cast<std::uint32_t>(row.integer(12));
  out.iterations = static_cast<std::uint32_t>(row.integer(15));
  return sasl::is_usable(out.cost) && out.iterations >= 1 && out.iterations <= sasl::kIterationsMax &&
         read_bytes(row.text(13), out.scrypt_salt) && read_bytes(row.text(14), out.scrypt_hash) &&
         read_bytes(row.text(16), out.scram_salt) && read_bytes(row.text(17), out.stored_key) &&
         read_bytes(row.text(18), out.server_key) && out.scrypt_hash.size() == sasl::kDigestBytes &&
         out.stored_key.size() == sasl::kDigestBytes && out.server_key.size() == sasl::kDigestBytes;
}

Result<Account> read_account(const state::Statement& row) {
  Account account;
  User& user = account.user;
  user.name = row.text(0);
  const auto damaged = [&] { return fail(state::Errc::Damaged, fmt::format("the row of user {}", user.name)); };
  user.enabled = row.integer(1) != 0;
  if (!row.text(2).empty()) {
    const auto rate = parse_rate(row.text(2));
    if (!rate) return damaged();
    user.message_rate = *rate;
  }
  user.recipients_per_day = static_cast<std::uint32_t>(row.integer(3));
  user.connections = static_cast<std::uint32_t>(row.integer(4));
  user.streams = split(row.text(5));
  user.sender_domains = split(row.text(6));
  user.note = row.text(7);
  user.since = from_seconds(row.integer(8));
  user.password_since = from_seconds(row.integer(9));
  if (!read_credentials(row, account.credentials)) return damaged();
  return account;
}

}  // namespace

Result<Stored> read_all(state::Database& db) {
  auto rows = db.prepare(
      "SELECT name, enabled, message_rate, recipients_per_day, connections, streams, sender_domains, note, since, "
      "password_since, scrypt_n, scrypt_r, scrypt_p, scrypt_salt, scrypt_hash, scram_iterations, scram_salt, "
      "stored_key, server_key, day, day_recipients FROM user");
  if (!rows) return fail(rows.error());
  Stored stored;
  while (true) {
    const auto more = rows->step();
    if (!more) return fail(more.error());
    if (!*more) return stored;
    auto account = read_account(*rows);
    if (!account) return fail(account.error());
    stored.days.push_back({account->user.name, rows->integer(19), static_cast<std::uint64_t>(rows->integer(20))});
    stored.accounts.push_back(std::move(*account));
  }
}

Result<> write_account(state::Database& db, const Account& account) {
  auto statement = db.prepare(
      "INSERT INTO user(name, enabled, message_rate, recipients_per_day, connections, streams, sender_domains, note, "
      "since, password_since, scrypt_n, scrypt_r, scrypt_p, scrypt_salt, scrypt_hash, scram_iterations, scram_salt, "
      "stored_key, server_key) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, "
      "?18, ?19) ON CONFLICT(name) DO UPDATE SET enabled = ?2, message_rate = ?3, recipients_per_day = ?4, "
      "connections = ?5, streams = ?6, sender_domains = ?7, note = ?8, since = ?9, password_since = ?10, "
      "scrypt_n = ?11, scrypt_r = ?12, scrypt_p = ?13, scrypt_salt = ?14, scrypt_hash = ?15, scram_iterations = ?16, "
      "scram_salt = ?17, stored_key = ?18, server_key = ?19");
  if (!statement) return fail(statement.error());
  const User& user = account.user;
  const sasl::Credentials& kept = account.credentials;
  const std::string rate = user.message_rate.count > 0 ? format_rate(user.message_rate) : std::string();
  const std::string streams = join(user.streams);
  const std::string domains = join(user.sender_domains);
  const std::string scrypt_salt = encode_base64(kept.scrypt_salt);
  const std::string scrypt_hash = encode_base64(kept.scrypt_hash);
  const std::string scram_salt = encode_base64(kept.scram_salt);
  const std::string stored_key = encode_base64(kept.stored_key);
  const std::string server_key = encode_base64(kept.server_key);
  statement->bind(1, user.name);
  statement->bind(2, std::int64_t{user.enabled});
  statement->bind(3, rate);
  statement->bind(4, std::int64_t{user.recipients_per_day});
  statement->bind(5, std::int64_t{user.connections});
  statement->bind(6, streams);
  statement->bind(7, domains);
  statement->bind(8, user.note);
  statement->bind(9, to_seconds(user.since));
  statement->bind(10, to_seconds(user.password_since));
  statement->bind(11, static_cast<std::int64_t>(kept.cost.n));
  statement->bind(12, std::int64_t{kept.cost.r});
  statement->bind(13, std::int64_t{kept.cost.p});
  statement->bind(14, scrypt_salt);
  statement->bind(15, scrypt_hash);
  statement->bind(16, std::int64_t{kept.iterations});
  statement->bind(17, scram_salt);
  statement->bind(18, stored_key);
  statement->bind(19, server_key);
  return statement->run();
}

Result<> erase_account(state::Database& db, std::string_view name) {
  auto statement = db.prepare("DELETE FROM user WHERE name = ?1");
  if (!statement) return fail(statement.error());
  statement->bind(1, name);
  return statement->run();
}

Result<> write_days(state::Database& db, const std::vector<DayCount>& days) {
  auto statement = db.prepare("UPDATE user SET day = ?2, day_recipients = ?3 WHERE name = ?1");
  if (!statement) return fail(statement.error());
  for (const DayCount& one : days) {
    statement->bind(1, one.name);
    statement->bind(2, one.day);
    statement->bind(3, static_cast<std::int64_t>(one.recipients));
    if (auto done = statement->run(); !done) return done;
  }
  return {};
}

Result<std::string> obtain_secret(state::Database& db, const std::string& fresh) {
  auto insert = db.prepare("INSERT OR IGNORE INTO user_secret(number, secret) VALUES(1, ?1)");
  if (!insert) return fail(insert.error());
  const std::string coded = encode_base64(fresh);
  insert->bind(1, coded);
  if (auto done = insert->run(); !done) return fail(done.error());
  auto select = db.prepare("SELECT secret FROM user_secret WHERE number = 1");
  if (!select) return fail(select.error());
  const auto row = select->step();
  if (!row) return fail(row.error());
  auto secret = *row ? decode_base64(select->text(0)) : std::nullopt;
  if (!secret || secret->empty()) return fail(state::Errc::Damaged, "the secret of made-up salts");
  return std::move(*secret);
}

}  // namespace penstock::users
