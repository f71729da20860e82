// SPDX-License-Identifier: Apache-2.0
#include "feedback/used_references.h"

#include <array>
#include <string_view>

#include "base/log.h"

namespace penstock::feedback {
namespace {

constexpr std::array<std::string_view, 1> kMigrations{
    "CREATE TABLE used_reference (key INTEGER PRIMARY KEY, report INTEGER NOT NULL, day INTEGER NOT NULL);"
    "CREATE INDEX used_reference_day ON used_reference (day);"};
// After so many more, what is old is forgotten: as much again at most, so that it keeps up.
constexpr std::uint32_t kForgetEvery = 1'000;
constexpr std::int64_t kForgotten = 2'000;

// Ids grow by one, so 64 bits hold id, index and kind without a clash worth the name: the mix is one to one in the id.
std::int64_t key_of(model::RecipientId recipient, report::ReportKind kind) {
  std::uint64_t key = recipient.message.value * 0x9E3779B97F4A7C15ULL;
  key ^= static_cast<std::uint64_t>(recipient.index) * 0xC2B2AE3D27D4EB4FULL;
  return static_cast<std::int64_t>(key ^ static_cast<std::uint64_t>(kind) << 61);
}

std::int64_t day_of(Time wall) {
  return std::chrono::duration_cast<std::chrono::days>(wall.time_since_epoch()).count();
}

Result<> write_row(state::Database& db, std::int64_t key, std::uint64_t report, std::int64_t day) {
  auto insert = db.prepare("INSERT OR REPLACE INTO used_reference (key, report, day) VALUES (?1, ?2, ?3)");
  if (!insert) return fail(insert.error());
  insert->bind(1, key);
  insert->bind(2, static_cast<std::int64_t>(report));
  insert->bind(3, day);
  return insert->run();
}

Result<> erase_row(state::Database& db, std::int64_t key) {
  auto erase = db.prepare("DELETE FROM used_reference WHERE key = ?1");
  if (!erase) return fail(erase.error());
  erase->bind(1, key);
  return erase->run();
}

Result<> erase_before(state::Database& db, std::int64_t day) {
  auto erase =
      db.prepare("DELETE FROM used_reference WHERE key IN (SELECT key FROM used_reference WHERE day < ?1 LIMIT ?2)");
  if (!erase) return fail(erase.error());
  erase->bind(1, day);
  erase->bind(2, kForgotten);
  return erase->run();
}

// The report that took it.
Result<std::optional<std::uint64_t>> read_row(state::Database& db, std::int64_t key) {
  auto find = db.prepare("SELECT report FROM used_reference WHERE key = ?1");
  if (!find) return fail(find.error());
  find->bind(1, key);
  const auto there = find->step();
  if (!there) return fail(there.error());
  if (!*there) return std::optional<std::uint64_t>();
  return std::optional(static_cast<std::uint64_t>(find->integer(0)));
}

}  // namespace

// What was submitted and is not committed yet.
struct UsedReferences::Pending {
  struct Change {
    std::optional<std::uint64_t> report;  // none: given back
    std::uint64_t number = 0;             // of the last change to this key
  };
  std::mutex mutex;
  std::unordered_map<std::int64_t, Change> changes;  // guarded by mutex
  std::uint64_t last = 0;                            // guarded by mutex

  std::uint64_t begin(std::int64_t key, std::optional<std::uint64_t> report) {
    const std::lock_guard lock(mutex);
    changes[key] = {report, ++last};
    return last;
  }
  void end(std::int64_t key, std::uint64_t number, const Result<>& written) {
    if (!written) log::error("feedback", "a used reference is not kept: {}", written.error().to_string());
    const std::lock_guard lock(mutex);
    const auto found = changes.find(key);
    if (found != changes.end() && found->second.number == number) changes.erase(found);
  }
};

UsedReferences::UsedReferences(state::Writer& writer, const Clock& clock, state::Database reader)
    : writer_(writer), clock_(clock), reader_(std::move(reader)), pending_(std::make_shared<Pending>()) {}

UsedReferences::~UsedReferences() = default;

Result<std::unique_ptr<UsedReferences>> UsedReferences::open(state::Writer& writer, const Clock& clock) {
  if (auto made = writer.migrate("feedback", kMigrations); !made) return fail(made.error());
  auto reader = state::Database::open(writer.path(), {.access = state::Access::Read});
  if (!reader) return fail(reader.error());
  std::unique_ptr<UsedReferences> used(new UsedReferences(writer, clock, std::move(*reader)));
  used->forget_old();
  return used;
}

bool UsedReferences::is_used(model::RecipientId recipient, report::ReportKind kind, std::uint64_t report) const {
  const std::int64_t key = key_of(recipient, kind);
  {
    const std::lock_guard lock(pending_->mutex);
    const auto found = pending_->changes.find(key);
    if (found != pending_->changes.end()) return found->second.report && *found->second.report != report;
  }
  const auto by = read_row(reader_, key);
  if (!by) log::error("feedback", "used references cannot be read: {}", by.error().to_string());
  return by && *by && **by != report;
}

void UsedReferences::take(model::RecipientId recipient, report::ReportKind kind, std::uint64_t report) {
  const std::int64_t key = key_of(recipient, kind);
  const std::int64_t day = day_of(clock_.wall());
  const std::uint64_t number = pending_->begin(key, report);
  writer_.submit([key, report, day](state::Database& db) { return write_row(db, key, report, day); },
                 [pending = pending_, key, number](const Result<>& done) { pending->end(key, number, done); });
  if (++taken_ % kForgetEvery == 0) forget_old();
}

void UsedReferences::give_back(model::RecipientId recipient, report::ReportKind kind) {
  const std::int64_t key = key_of(recipient, kind);
  const std::uint64_t number = pending_->begin(key, std::nullopt);
  writer_.submit([key](state::Database& db) { return erase_row(db, key); },
                 [pending = pending_, key, number](const Result<>& done) { pending->end(key, number, done); });
}

void UsedReferences::forget_old() {
  const std::int64_t day = day_of(clock_.wall() - kKept);
  writer_.submit([day](state::Database& db) { return erase_before(db, day); },
                 [](const Result<>& done) {
                   if (!done) log::error("feedback", "old references stay: {}", done.error().to_string());
                 });
}

}  // namespace penstock::feedback
