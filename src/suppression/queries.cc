// SPDX-License-Identifier: Apache-2.0
// What people and campaign systems look up; never on a shard.
#include <future>

#include "suppression/reader_lease.h"
#include "suppression/suppression.h"
#include "suppression/table.h"

namespace penstock::suppression {
namespace {

constexpr std::uint32_t kReadEach = 2'000;
// A list with criteria that few entries meet stops here, with what it has and a cursor.
constexpr std::uint32_t kLookedAtMax = 100'000;

bool fits(const Row& row, const ListQuery& query) {
  if (row.removed) return false;
  if (query.scope && row.entry.scope != *query.scope) return false;
  if (query.cause && row.entry.cause != *query.cause) return false;
  return query.domain.empty() ||
         std::string_view(row.entry.address).substr(row.entry.address.rfind('@') + 1) == query.domain;
}

}  // namespace

Result<Suppression::ReaderLease> Suppression::lease() const {
  {
    const std::lock_guard lock(readers_mutex_);
    if (!readers_.empty()) {
      ReaderLease taken(*this, std::move(readers_.back()));
      readers_.pop_back();
      return taken;
    }
  }
  auto opened = Reader::open(services_.writer.path());
  if (!opened) return fail(opened.error());
  return ReaderLease(*this, std::move(*opened));
}

std::uint64_t Suppression::memory_bytes() const {
  return filter_.load(std::memory_order_acquire)->memory_bytes();
}

Result<Added> Suppression::add(std::vector<Entry> entries, Overwrite overwrite) {
  std::promise<Result<Added>> promise;
  auto future = promise.get_future();
  add(std::move(entries), overwrite, [&promise](const Result<Added>& added) { promise.set_value(added); });
  return future.get();
}

Result<std::vector<Row>> Suppression::find(std::string_view address) const {
  const auto canonical = canonical_address(address, rules_);
  if (!canonical) return fail(canonical.error());
  std::vector<Row> rows;
  auto reader = lease();
  if (!reader) return fail(reader.error());
  const LookupKeys keys(address, rules_);
  if (keys.size() == 0) {
    // A domain alone has one key, itself; an address beyond what a check looks up may still be listed.
    if (auto read = (*reader)->find(*canonical, hash_address(*canonical), rows); !read) return fail(read.error());
  }
  for (std::size_t i = 0; i < keys.size(); ++i) {
    if (auto read = (*reader)->find(keys[i].address, keys[i].hash, rows); !read) return fail(read.error());
  }
  return rows;
}

Result<Rows> Suppression::list(const ListQuery& query) const {
  auto reader = lease();
  if (!reader) return fail(reader.error());
  Rows found;
  found.cursor = query.cursor;
  for (std::uint32_t looked_at = 0; looked_at < kLookedAtMax;) {
    auto rows = (*reader)->after(found.cursor, kReadEach, query.review ? Reader::Which::Review : Reader::Which::All);
    if (!rows) return fail(rows.error());
    looked_at += kReadEach;
    for (Row& row : *rows) {
      if (found.rows.size() == query.limit) {
        found.more = true;
        return found;
      }
      found.cursor = row.seq;
      if (fits(row, query)) found.rows.push_back(std::move(row));
    }
    found.more = rows->size() == kReadEach;
    if (!found.more) return found;
  }
  return found;
}

Result<Rows> Suppression::changes(std::uint64_t cursor, std::uint32_t limit) const {
  auto reader = lease();
  if (!reader) return fail(reader.error());
  auto rows = (*reader)->after(cursor, limit, Reader::Which::All);
  if (!rows) return fail(rows.error());
  Rows found;
  found.cursor = rows->empty() ? cursor : rows->back().seq;
  found.more = rows->size() == limit;
  found.rows = std::move(*rows);
  return found;
}

}  // namespace penstock::suppression
