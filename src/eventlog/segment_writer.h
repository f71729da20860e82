// SPDX-License-Identifier: Apache-2.0
// SegmentWriter appends lines to the current segment, begins new ones, and syncs what it wrote.
//
// Lines count, for readers and for the catalog, once a whole append has succeeded. A failed append may leave a part of
// them in the file; the next one writes over it.
// Threads: sync() any, the rest under the caller's lock.   Errors: the system's.   `catalog` must outlive it.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "eventlog/catalog.h"
#include "eventlog/file.h"

namespace penstock::eventlog {

class SegmentWriter {
 public:
  // The first segment begins at `end`.
  SegmentWriter(Catalog& catalog, const Clock& clock, std::string dir, Offset end);

  // Makes the current segment's file if there is none. append() does so too; a log without one has forgotten its end.
  Result<> begin_segment();
  // Precondition: whole lines, at least one.
  Result<> append(std::string_view lines);
  // Does nothing when the current segment is empty.
  void seal();
  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }
  // Zero while the segment is empty.
  [[nodiscard]] Duration age() const;
  // What was appended before the call survives a power cut afterwards.
  Result<> sync();

 private:
  Catalog& catalog_;
  const Clock& clock_;
  const std::string dir_;
  Offset start_;
  std::uint64_t bytes_ = 0;
  Time first_append_;
  std::shared_ptr<File> file_;  // none: to be made

  std::mutex sync_mutex_;
  std::vector<std::shared_ptr<File>> unsynced_;  // guarded by sync_mutex_
  bool folder_unsynced_ = false;                 // guarded by sync_mutex_
};

}  // namespace penstock::eventlog
