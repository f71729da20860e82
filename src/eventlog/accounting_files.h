// SPDX-License-Identifier: Apache-2.0
// AccountingFiles: the numbered CSV files of one accounting writer, and the place in them that is stored with the
// cursor.
//
// Use:    open(dir, prefix, place, header), then append() and sync(); finish() ends a file. place() goes into the state
//         each time; after a crash open() with the stored one brings back exactly what it described.
// Names:  PREFIX-2026-11-24-000001.csv.part while written, …csv when finished. Threads: one. Errors: the system's.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "eventlog/file.h"

namespace penstock::eventlog {

// The last file and how much of it counts. As text: "1 acct-2026-11-24-000001 1234 1795590000000000 open".
struct AccountingPlace {
  std::uint64_t number = 0;  // of the last file; the next one gets the next number
  std::string name;          // without suffix; empty: none was begun yet
  std::uint64_t bytes = 0;
  Time started;  // wall
  bool finished = false;
  bool operator==(const AccountingPlace&) const = default;
};
[[nodiscard]] std::string format_place(const AccountingPlace& place);
[[nodiscard]] std::optional<AccountingPlace> parse_place(std::string_view text);

class AccountingFiles {
 public:
  // `place`: the stored one; none on the very first start. Cuts the open file to it, removes files begun after it, and
  // finishes what was to be finished. A file with another header than `header` is finished too.
  [[nodiscard]] static Result<AccountingFiles> open(std::string dir, std::string prefix,
                                                    const std::optional<AccountingPlace>& place, std::string header);

  // Begins a file when none is open. All of it or nothing: after an error try the same again.
  Result<> append(std::string_view records, Time wall);
  Result<> sync();
  [[nodiscard]] bool is_open() const { return file_.has_value(); }
  // Of the open file, or the last one. The one to store before finish() has finished set.
  [[nodiscard]] const AccountingPlace& place() const { return place_; }
  // Gives the open file its final name. Precondition: synced, and stored as finished.
  Result<> finish();
  // Removes finished files begun on a day before that of `wall`; what cannot be removed is logged and stays.
  void remove_older(Time wall) const;

 private:
  AccountingFiles(std::string dir, std::string prefix, std::string header);
  [[nodiscard]] std::string path(std::string_view name, std::string_view suffix) const;
  Result<> resume();
  Result<> begin_file(Time wall);

  std::string dir_;
  std::string prefix_;
  std::string header_;
  AccountingPlace place_;
  std::optional<File> file_;
};

}  // namespace penstock::eventlog
