// SPDX-License-Identifier: Apache-2.0
// AccountingWriter writes the outcomes of the event log to CSV files with PowerMTA's column names.
//
// Use:    auto accounting = AccountingWriter::open(log, clock, {.dir = "/var/log/penstock/accounting"});
//         (*accounting)->start();   …   (*accounting)->stop();        // before the log stops
// Files:  PREFIX-2026-11-24-000001.csv, numbered without gaps. While one is being written it ends in ".csv.part"; a
// file
//         named ".csv" is complete and never changes. Each begins with a line of column names. RFC 4180.
// Exactly once: every commit_interval the file is synced and the log's cursor stored together with the file's length.
//         After a crash the file is cut to that length and the rest is read from the log again.
// Owns:   its folder's PREFIX-* files, a cursor file in the log's folder and a thread.   `log` and `clock` must outlive
//         it.   Threads: open(), start(), run_once() and stop() by one; stats() and health() by any.
// Errors: open(): BadOption (an unknown column or record type), Damaged (the state file), or the system's. Later ones
//         are logged once, kept in health() and tried again; the log waits meanwhile, as long as its retention lets it.
// Cost:   2.7 µs an event, reading compressed segments included: 8 % of a core at 30,000 events/s.
// See:    docs/accounting.md for the columns.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "eventlog/event_log.h"

namespace penstock::eventlog {

struct AccountingOptions {
  std::string dir = {};                                  // made if it is not there (its parent must be)
  std::string prefix = "acct";                           // of file names; letters, digits, "-" and "_"
  std::string cursor = "accounting";                     // name of the stored state; one writer each
  std::vector<std::string> columns = {};                 // names of docs/accounting.md; empty: default_columns()
  std::vector<std::string> records{"d", "b", "t", "r"};  // types to write: also "x" (refused at the door)
  std::uint64_t rotate_bytes = 256ULL << 20;             // a file is finished at this size,
  Duration rotate_age{std::chrono::hours{1}};            // or this age, if it holds a record
  Duration keep_age{0};                                  // finished files are removed when older; 0: never
  Duration commit_interval{std::chrono::seconds{1}};     // between syncs
};

struct AccountingStats {
  std::uint64_t events = 0;        // read from the log
  std::uint64_t records = 0;       // written
  std::uint64_t files = 0;         // finished
  std::uint64_t missed_bytes = 0;  // of the log, gone before they were read
  std::uint64_t bad_lines = 0;     // lines of the log that are not events
  std::uint64_t behind_bytes = 0;  // now, of the log
};

// type, timeLogged, timeQueued, orig, rcpt, orcpt, dsnAction, … in PowerMTA's order.
[[nodiscard]] std::vector<std::string> default_columns();
// Every name that `columns` takes, PowerMTA's and ours.
[[nodiscard]] std::vector<std::string> known_columns();

class AccountingWriter {
 public:
  // Begins where the stored state says, else with the oldest event kept.
  [[nodiscard]] static Result<std::unique_ptr<AccountingWriter>> open(EventLog& log, const Clock& clock,
                                                                      AccountingOptions options);
  ~AccountingWriter();  // stops
  AccountingWriter(const AccountingWriter&) = delete;
  AccountingWriter& operator=(const AccountingWriter&) = delete;

  void start();
  // Writes what the log has at this moment, commits, ends the thread. The file stays ".part" and is gone on with.
  void stop();

  // What the thread does: reads what the log has, writes it, commits when due, rotates when due. For tests, and for a
  // caller without a thread.
  Result<> run_once();
  // Syncs and stores the state now.
  Result<> commit();
  // Finishes the current file if it holds a record.
  Result<> rotate();

  [[nodiscard]] Health health() const;
  [[nodiscard]] AccountingStats stats() const;

 private:
  class Impl;
  explicit AccountingWriter(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace penstock::eventlog
