// SPDX-License-Identifier: Apache-2.0
#include "warmup/store.h"

#include <array>

namespace penstock::warmup {
namespace {

constexpr std::array<std::string_view, 2> kMigrations{R"(
CREATE TABLE warmup(
  vmta TEXT NOT NULL,
  provider TEXT NOT NULL,
  day INTEGER NOT NULL,
  planned INTEGER NOT NULL,
  cut INTEGER NOT NULL,
  taken INTEGER NOT NULL,
  deferred INTEGER NOT NULL,
  bounced INTEGER NOT NULL,
  complaints INTEGER NOT NULL,
  taken_before INTEGER NOT NULL,
  days INTEGER NOT NULL,
  idle_days INTEGER NOT NULL,
  finished INTEGER NOT NULL,
  paused INTEGER NOT NULL,
  why TEXT NOT NULL,
  PRIMARY KEY(vmta, provider)) WITHOUT ROWID;
)",
                                                      R"(
ALTER TABLE warmup ADD COLUMN paused_by TEXT NOT NULL DEFAULT '';
ALTER TABLE warmup ADD COLUMN paused_why TEXT NOT NULL DEFAULT '';
ALTER TABLE warmup ADD COLUMN paused_since INTEGER NOT NULL DEFAULT 0;
)"};

constexpr std::string_view kSelect =
    "SELECT vmta, provider, day, planned, cut, taken, deferred, bounced, complaints, taken_before, days, idle_days, "
    "finished, paused, why, paused_by, paused_why, paused_since FROM warmup";
constexpr std::string_view kReplace =
    "REPLACE INTO warmup VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16,?17,?18)";

Step cut_of(std::int64_t stored) {
  if (stored == static_cast<std::int64_t>(Step::CutQuarter)) return Step::CutQuarter;
  if (stored == static_cast<std::int64_t>(Step::CutHalf)) return Step::CutHalf;
  return Step::Unproven;
}

NamedLedger read_row(const state::Statement& row) {
  const auto count = [&row](int column) {
    return static_cast<std::uint64_t>(std::max<std::int64_t>(row.integer(column), 0));
  };
  Ledger ledger;
  ledger.day = row.integer(2);
  ledger.planned = count(3);
  ledger.cut = cut_of(row.integer(4));
  ledger.counts = {count(5), count(6), count(7), count(8)};
  ledger.taken_before = count(9);
  ledger.days = static_cast<std::uint32_t>(count(10));
  ledger.idle_days = static_cast<std::uint32_t>(count(11));
  ledger.finished = row.integer(12) != 0;
  ledger.paused = row.integer(13) != 0;
  ledger.why = row.text(14);
  ledger.paused_by = row.text(15);
  ledger.paused_why = row.text(16);
  ledger.paused_since = Time{Duration{row.integer(17)}};
  return NamedLedger{AccountName{std::string(row.text(0)), std::string(row.text(1))}, std::move(ledger)};
}

}  // namespace

Result<std::vector<NamedLedger>> open_store(state::Writer& writer) {
  if (auto made = writer.migrate("warmup", kMigrations); !made) return fail(made.error());
  std::vector<NamedLedger> rows;
  const auto read = writer.run([&rows](state::Database& db) -> Result<> {
    auto select = db.prepare(kSelect);
    if (!select) return fail(select.error());
    while (true) {
      const auto more = select->step();
      if (!more) return fail(more.error());
      if (!*more) return {};
      rows.push_back(read_row(*select));
    }
  });
  if (!read) return fail(read.error());
  return rows;
}

Result<> save(state::Database& db, std::span<const NamedLedger> rows) {
  auto replace = db.prepare(kReplace);
  if (!replace) return fail(replace.error());
  for (const auto& [name, ledger] : rows) {
    int parameter = 0;
    const auto number = [&](auto value) { replace->bind(++parameter, static_cast<std::int64_t>(value)); };
    replace->bind(++parameter, std::string_view(name.vmta));
    replace->bind(++parameter, std::string_view(name.provider));
    number(ledger.day);
    number(ledger.planned);
    number(ledger.cut);
    number(ledger.counts.taken);
    number(ledger.counts.deferred);
    number(ledger.counts.bounced);
    number(ledger.counts.complaints);
    number(ledger.taken_before);
    number(ledger.days);
    number(ledger.idle_days);
    number(ledger.finished);
    number(ledger.paused);
    replace->bind(++parameter, std::string_view(ledger.why));
    replace->bind(++parameter, std::string_view(ledger.paused_by));
    replace->bind(++parameter, std::string_view(ledger.paused_why));
    number(ledger.paused_since.time_since_epoch().count());
    if (auto done = replace->run(); !done) return done;
  }
  return {};
}

}  // namespace penstock::warmup
