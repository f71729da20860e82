// SPDX-License-Identifier: Apache-2.0
#include "suppression/table.h"

#include <fmt/format.h>

namespace penstock::suppression {
namespace {

constexpr std::uint64_t kReaderCache = 2ULL << 20;
constexpr std::uint64_t kMapped = 64ULL << 30;  // address space, not memory

Time from_seconds(std::int64_t seconds) {
  return Time{std::chrono::seconds{seconds}};
}

bool lasts_as_long(const Entry& there, const Entry& wanted) {
  return there.until == Time{} || (wanted.until != Time{} && there.until >= wanted.until);
}

// What the recipient said himself.
bool is_his_wish(const Entry& entry) {
  return entry.cause == Cause::Complaint || entry.cause == Cause::Unsubscribe;
}

// Whether an entry that is there makes the new one needless. No list that is imported ends a recipient's wish sooner:
// that takes a removal, which is recorded.
bool covers(const Entry& there, const Entry& wanted, Overwrite overwrite, Time wall) {
  // What is past on both sides is compared like anything else: importing the same again changes nothing.
  const bool past = !there.in_force(wall);
  if (past && (overwrite == Overwrite::Weaker || wanted.in_force(wall))) return false;
  if (overwrite == Overwrite::Weaker) return lasts_as_long(there, wanted);
  const bool shorter = to_seconds(there.until) != to_seconds(wanted.until) && lasts_as_long(there, wanted);
  if (!past && is_his_wish(there) && shorter) return true;
  return there.cause == wanted.cause && to_seconds(there.until) == to_seconds(wanted.until) &&
         there.investigate == wanted.investigate && (wanted.reason.empty() || wanted.reason == there.reason) &&
         (wanted.note.empty() || wanted.note == there.note);
}

}  // namespace

std::int64_t to_seconds(Time wall) {
  return std::chrono::duration_cast<std::chrono::seconds>(wall.time_since_epoch()).count();
}

Row read_row(const state::Statement& statement) {
  Row row;
  row.seq = static_cast<std::uint64_t>(statement.integer(0));
  row.removed = statement.integer(1) == 0;
  row.entry.address = statement.text(2);
  row.entry.scope = parse_scope(statement.text(3)).value_or(Scope{});
  row.entry.cause = static_cast<Cause>(statement.integer(4));
  row.entry.investigate = statement.integer(5) != 0;
  row.entry.since = from_seconds(statement.integer(6));
  row.entry.until = from_seconds(statement.integer(7));
  row.entry.reason = statement.text(8);
  row.entry.source = statement.text(9);
  row.entry.note = statement.text(10);
  row.entry.who = statement.text(11);
  return row;
}

Result<std::unique_ptr<Suppression::Reader>> Suppression::Reader::open(const std::string& path) {
  auto db = state::Database::open(
      path, {.access = state::Access::Read, .cache_bytes = kReaderCache, .mapped_bytes = kMapped});
  if (!db) return fail(db.error());
  std::unique_ptr<Reader> reader(new Reader(std::move(*db)));
  auto find = reader->db_.prepare(fmt::format("SELECT {} FROM suppression WHERE hash = ?1", kColumns));
  if (!find) return fail(find.error());
  reader->find_ = std::move(*find);
  auto after =
      reader->db_.prepare(fmt::format("SELECT {} FROM suppression WHERE seq > ?1 ORDER BY seq LIMIT ?2", kColumns));
  if (!after) return fail(after.error());
  reader->after_ = std::move(*after);
  auto review = reader->db_.prepare(fmt::format(
      "SELECT {} FROM suppression INDEXED BY suppression_review WHERE investigate = 1 AND seq > ?1 ORDER BY seq "
      "LIMIT ?2",
      kColumns));
  if (!review) return fail(review.error());
  reader->review_ = std::move(*review);
  return reader;
}

Result<> Suppression::Reader::find(std::string_view address, std::uint64_t hash, std::vector<Row>& rows) {
  find_->bind(1, static_cast<std::int64_t>(hash));
  while (true) {
    const auto more = find_->step();
    if (!more || !*more) {
      find_->reset();
      if (!more) return fail(more.error());
      return {};
    }
    if (find_->text(2) == address) rows.push_back(read_row(*find_));
  }
}

Result<std::vector<Row>> Suppression::Reader::after(std::uint64_t cursor, std::uint32_t limit, Which which) {
  state::Statement& statement = which == Which::Review ? *review_ : *after_;
  statement.bind(1, static_cast<std::int64_t>(cursor));
  statement.bind(2, limit);
  std::vector<Row> rows;
  while (true) {
    const auto more = statement.step();
    if (!more || !*more) {
      statement.reset();
      if (!more) return fail(more.error());
      return rows;
    }
    rows.push_back(read_row(statement));
  }
}

Result<std::uint64_t> Suppression::Reader::count(std::string_view sql) {
  auto statement = db_.prepare(sql);
  if (!statement) return fail(statement.error());
  const auto more = statement->step();
  if (!more) return fail(more.error());
  return *more ? static_cast<std::uint64_t>(statement->integer(0)) : 0;
}

Result<> Suppression::Reader::scan(std::string_view sql, const std::function<void(std::uint64_t)>& visit) {
  auto statement = db_.prepare(sql);
  if (!statement) return fail(statement.error());
  while (true) {
    const auto more = statement->step();
    if (!more) return fail(more.error());
    if (!*more) return {};
    visit(static_cast<std::uint64_t>(statement->integer(0)));
  }
}

Result<std::unique_ptr<Suppression::Inserter>> Suppression::Inserter::open(state::Database& db) {
  auto find = db.prepare(fmt::format("SELECT {} FROM suppression WHERE hash = ?1", kColumns));
  if (!find) return fail(find.error());
  auto erase = db.prepare("DELETE FROM suppression WHERE seq = ?1");
  if (!erase) return fail(erase.error());
  auto insert = db.prepare(
      "INSERT INTO suppression(hash, state, address, scope, cause, investigate, since, until, reason, source, note, "
      "who) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)");
  if (!insert) return fail(insert.error());
  return std::unique_ptr<Inserter>(new Inserter(std::move(*find), std::move(*erase), std::move(*insert)));
}

Result<std::vector<Row>> Suppression::Inserter::find_all(std::string_view address, std::uint64_t hash) {
  std::vector<Row> rows;
  find_.bind(1, static_cast<std::int64_t>(hash));
  while (true) {
    const auto more = find_.step();
    if (!more || !*more) {
      find_.reset();
      if (!more) return fail(more.error());
      return rows;
    }
    if (find_.text(2) == address) rows.push_back(read_row(find_));
  }
}

Result<std::optional<Row>> Suppression::Inserter::find(std::string_view address, std::string_view scope,
                                                       std::uint64_t hash) {
  find_.bind(1, static_cast<std::int64_t>(hash));
  std::optional<Row> found;
  while (!found) {
    const auto more = find_.step();
    if (!more) {
      find_.reset();
      return fail(more.error());
    }
    if (!*more) break;
    if (find_.text(2) == address && find_.text(3) == scope) found = read_row(find_);
  }
  find_.reset();
  return found;
}

Result<> Suppression::Inserter::insert(const Row& row, std::uint64_t hash) {
  const Entry& entry = row.entry;
  const std::string scope = entry.scope.kind == ScopeKind::Global ? std::string() : entry.scope.to_string();
  insert_.bind(1, static_cast<std::int64_t>(hash));
  insert_.bind(2, row.removed ? 0 : 1);
  insert_.bind(3, entry.address);
  insert_.bind(4, scope);
  insert_.bind(5, static_cast<std::int64_t>(entry.cause));
  insert_.bind(6, entry.investigate && !row.removed ? 1 : 0);
  insert_.bind(7, to_seconds(entry.since));
  insert_.bind(8, to_seconds(entry.until));
  insert_.bind(9, entry.reason);
  insert_.bind(10, entry.source);
  insert_.bind(11, entry.note);
  insert_.bind(12, entry.who);
  return insert_.run();
}

Result<> Suppression::Inserter::replace(std::uint64_t seq, const Row& row, std::uint64_t hash) {
  erase_.bind(1, static_cast<std::int64_t>(seq));
  if (auto done = erase_.run(); !done) return done;
  return insert(row, hash);
}

Result<Suppression::Inserter::Did> Suppression::Inserter::put(const Entry& entry, std::uint64_t hash,
                                                              Overwrite overwrite, Time wall) {
  const std::string scope = entry.scope.kind == ScopeKind::Global ? std::string() : entry.scope.to_string();
  const auto there = find(entry.address, scope, hash);
  if (!there) return fail(there.error());
  Row row;
  row.entry = entry;
  if (!*there) {
    if (auto done = insert(row, hash); !done) return fail(done.error());
    return Did::Added;
  }
  const Row& old = **there;
  if (!old.removed && covers(old.entry, entry, overwrite, wall)) return Did::Unchanged;
  if (auto done = replace(old.seq, row, hash); !done) return fail(done.error());
  return old.removed ? Did::Added : Did::Changed;
}

}  // namespace penstock::suppression
