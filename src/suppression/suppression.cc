// SPDX-License-Identifier: Apache-2.0
// Checking, adding, removing. What people look up: queries.cc; the statements: table.cc.
#include "suppression/suppression.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/log.h"
#include "suppression/reader_lease.h"
#include "suppression/table.h"

namespace penstock::suppression {
namespace {

bool applies(const Entry& entry, const Where& where) {
  switch (entry.scope.kind) {
    case ScopeKind::Global: return true;
    case ScopeKind::Tenant: return entry.scope.name == where.tenant;
    case ScopeKind::Stream: return entry.scope.name == where.stream;
    case ScopeKind::List: return entry.scope.name == where.list;
  }
  PENSTOCK_UNREACHABLE();
}

}  // namespace

Suppression::Suppression(Services services, ProviderRules rules)
    : services_(services),
      rules_(rules),
      checks_(services.metrics.counter("penstock_suppression_checks_total", "Addresses checked for suppression")),
      looked_up_(services.metrics.counter("penstock_suppression_lookups_total",
                                          "Checks that the filter in memory could not answer")),
      hits_(services.metrics.counter("penstock_suppression_hits_total", "Checks that found a suppression in force")),
      failures_(services.metrics.counter("penstock_suppression_failures_total",
                                         "Checks and changes that failed because state.db did")) {
  services.metrics.gauge_from("penstock_suppression_entries", "Suppressions kept",
                              [this] { return static_cast<double>(size()); });
}

Suppression::~Suppression() {
  // Nothing is published after this, so nobody starts to grow the filter.
  (void)services_.writer.run([this](state::Database&) {
    stopping_ = true;
    return Result<>();
  });
  if (grower_.joinable()) grower_.join();
  // Statements belong to the writer's connection, which its thread may be using.
  const auto gone = services_.writer.run([this](state::Database&) {
    inserter_.reset();
    return Result<>();
  });
  if (!gone) inserter_.reset();
}

Result<std::unique_ptr<Suppression>> Suppression::open(Services services, ProviderRules rules) {
  if (auto made = services.writer.migrate("suppression", kMigrations); !made) return fail(made.error());
  std::unique_ptr<Suppression> list(new Suppression(services, rules));
  const auto prepared = services.writer.run([&list](state::Database& db) -> Result<> {
    auto inserter = Inserter::open(db);
    if (!inserter) return fail(inserter.error());
    list->inserter_ = std::move(*inserter);
    return {};
  });
  if (!prepared) return fail(prepared.error());
  if (auto loaded = list->load_filter(); !loaded) return fail(loaded.error());
  return list;
}

Result<> Suppression::load_filter() {
  auto reader = lease();
  if (!reader) return fail(reader.error());
  const auto all = (*reader)->count("SELECT count(*) FROM suppression INDEXED BY suppression_hash WHERE hash NOTNULL");
  if (!all) return fail(all.error());
  const auto removed = (*reader)->count("SELECT count(*) FROM suppression WHERE state = 0");
  if (!removed) return fail(removed.error());
  auto filter = std::make_unique<Filter>(std::max(services_.least_capacity, *all + *all / 4));
  if (auto read = (*reader)->scan(kAllHashes, [&filter](std::uint64_t hash) { filter->add(hash); }); !read) return read;
  entries_ = *all - *removed;
  filters_.push_back(std::move(filter));
  filter_.store(filters_.back().get(), std::memory_order_release);
  return {};
}

bool Suppression::may_be_listed(std::string_view address) const {
  const LookupKeys keys(address, rules_);
  const Filter& filter = *filter_.load(std::memory_order_acquire);
  for (std::size_t i = 0; i < keys.size(); ++i) {
    if (filter.has(keys[i].hash)) return true;
  }
  return false;
}

Result<std::optional<Entry>> Suppression::check(std::string_view address, const Where& where) const {
  checks_.add();
  const LookupKeys keys(address, rules_);
  const Filter& filter = *filter_.load(std::memory_order_acquire);
  std::optional<Entry> strongest;
  std::vector<Row> rows;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    if (!filter.has(keys[i].hash)) continue;
    looked_up_.add();
    auto reader = lease();
    const Result<> read = reader ? (*reader)->find(keys[i].address, keys[i].hash, rows) : fail(reader.error());
    if (read) continue;
    failures_.add();
    log::error("suppression", "an address could not be checked: {}", read.error().to_string());
    return fail(read.error());
  }
  if (rows.empty()) return strongest;
  const Time wall = services_.clock.wall();
  for (Row& row : rows) {
    if (row.removed || !row.entry.in_force(wall) || !applies(row.entry, where)) continue;
    if (!strongest || row.entry.scope.kind < strongest->scope.kind) strongest = std::move(row.entry);
  }
  if (strongest) hits_.add();
  return strongest;
}

Result<Added> Suppression::insert(state::Database&, const std::vector<Entry>& entries, Overwrite overwrite) {
  Added added;
  const Time wall = services_.clock.wall();
  for (const Entry& entry : entries) {
    const auto did = inserter_->put(entry, hash_address(entry.address), overwrite, wall);
    if (!did) return fail(did.error());
    switch (*did) {
      case Inserter::Did::Added: ++added.added; break;
      case Inserter::Did::Changed: ++added.changed; break;
      case Inserter::Did::Unchanged: ++added.unchanged; break;
    }
  }
  return added;
}

// On the writer's thread, after the commit: from now on every check finds the rows.
void Suppression::publish(const std::vector<std::uint64_t>& hashes, const Added& added) {
  const std::uint64_t entries = entries_.fetch_add(added.added, std::memory_order_relaxed) + added.added;
  Filter& filter = *filters_.back();
  for (const std::uint64_t hash : hashes) {
    filter.add(hash);
    if (building_) building_->add(hash);
  }
  if (entries <= filter.capacity() || building_ || stopping_ || growing_) return;
  growing_ = true;
  if (grower_.joinable()) grower_.join();  // past its last use of this thread
  grower_ = std::thread([this, entries] {
    grow(entries * 2);
    growing_ = false;
  });
}

// A sharper filter from what is committed, made beside the writer. Whatever is committed before the scan begins is in
// its snapshot; whatever comes later is added to both filters.
void Suppression::grow(std::uint64_t entries) {
  Filter* filter = nullptr;
  (void)services_.writer.run([this, entries, &filter](state::Database&) {
    if (building_ || entries <= filters_.back()->capacity()) return Result<>();
    building_ = std::make_unique<Filter>(entries);
    filter = building_.get();
    return Result<>();
  });
  if (filter == nullptr) return;
  auto reader = lease();
  const Result<> read =
      reader ? (*reader)->scan(kAllHashes, [filter](std::uint64_t hash) { filter->add(hash); }) : fail(reader.error());
  if (!read) log::error("suppression", "the filter stays small: {}", read.error().to_string());
  (void)services_.writer.run([this, &read](state::Database&) {
    if (read) {
      filters_.push_back(std::move(building_));
      filter_.store(filters_.back().get(), std::memory_order_release);
    }
    building_.reset();
    return Result<>();
  });
}

void Suppression::add(std::vector<Entry> entries, Overwrite overwrite, AddDone done) {
  PENSTOCK_CHECK(entries.size() <= kAddMax);
  struct Batch {
    std::vector<Entry> entries;
    std::vector<std::uint64_t> hashes;
    Added added;
  };
  auto batch = std::make_shared<Batch>();
  const Time wall = services_.clock.wall();
  for (Entry& entry : entries) {
    auto canonical = canonical_address(entry.address, rules_);
    if (!canonical) return done(fail(canonical.error()));
    entry.address = std::move(*canonical);
    if (entry.since == Time{}) entry.since = wall;
    batch->hashes.push_back(hash_address(entry.address));
  }
  batch->entries = std::move(entries);
  services_.writer.submit(
      [this, batch, overwrite](state::Database& db) -> Result<> {
        auto added = insert(db, batch->entries, overwrite);
        if (!added) return fail(added.error());
        batch->added = *added;
        return {};
      },
      [this, batch, done = std::move(done)](const Result<>& committed) {
        if (!committed) {
          failures_.add();
          return done(fail(committed.error()));
        }
        publish(batch->hashes, batch->added);
        done(batch->added);
      });
}

Result<std::uint64_t> Suppression::rewrite(std::string_view address, const std::string& who,
                                           const std::function<bool(Row&)>& change) {
  const auto canonical = canonical_address(address, rules_);
  if (!canonical) return fail(canonical.error());
  const std::uint64_t hash = hash_address(*canonical);
  std::uint64_t changed = 0;
  auto done = services_.writer.run([&](state::Database&) -> Result<> {
    changed = 0;
    auto rows = inserter_->find_all(*canonical, hash);
    if (!rows) return fail(rows.error());
    for (Row& row : *rows) {
      if (row.removed || !change(row)) continue;
      row.entry.who = who;
      if (auto replaced = inserter_->replace(row.seq, row, hash); !replaced) return replaced;
      ++changed;
    }
    return {};
  });
  if (!done) return fail(done.error());
  return changed;
}

Result<std::uint64_t> Suppression::remove(std::string_view address, const std::optional<Scope>& scope,
                                          const std::string& who, const std::string& note) {
  auto removed = rewrite(address, who, [&](Row& row) {
    if (scope && row.entry.scope != *scope) return false;
    row.removed = true;
    row.entry.note = note;
    row.entry.since = services_.clock.wall();
    return true;
  });
  if (removed) entries_ -= *removed;
  return removed;
}

Result<std::uint64_t> Suppression::reviewed(std::string_view address, const std::string& who) {
  return rewrite(address, who, [](Row& row) { return std::exchange(row.entry.investigate, false); });
}

}  // namespace penstock::suppression
