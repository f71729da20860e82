// SPDX-License-Identifier: Apache-2.0
// PauseBook: the pauses in force, kept in a file so that a restart does not set mail going that somebody stopped.
//
// Use:  PauseBook book(data_dir + "/pauses.json");   book.load();   book.add(pause);  …  book.remove(selection)
// The file is replaced whole at each change (write, sync, rename).   Threads: any; one lock.
// Errors: save() says what the disk says; the pause then holds until the restart only.
#pragma once

#include <cstdint>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "api/types.h"
#include "base/result.h"

namespace penstock::app {

class PauseBook {
 public:
  struct Entry {
    std::uint64_t id = 0;  // of this run
    api::Pause pause;
  };

  explicit PauseBook(std::string path) : path_(std::move(path)) {}
  // Reads the file; a missing one is empty. Errors: it cannot be read; it is damaged, and has been moved to
  // NAME.damaged.
  Result<> load();
  Entry add(api::Pause pause);
  // Takes out those whose selection equals this one, or all of them with selection.all.
  std::vector<Entry> remove(const api::Selection& selection);
  // Those that still hold at `now` (wall time).
  [[nodiscard]] std::vector<Entry> list(Time now = Time{}) const;
  // Writes the file. Call after a change.
  Result<> save() const;

 private:
  const std::string path_;
  mutable std::mutex mutex_;
  std::uint64_t last_id_ = 0;  // guarded by mutex_
  mutable std::vector<Entry> entries_;
};

}  // namespace penstock::app
