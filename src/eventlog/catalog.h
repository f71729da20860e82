// SPDX-License-Identifier: Apache-2.0
// Catalog: which segments there are. The log changes it, readers and queries look things up.
//
// Owns:   nothing on disk.   Threads: any.   Cost: a lock and a binary search.
#pragma once

#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "eventlog/event_log.h"

namespace penstock::eventlog {

enum class SegmentState : std::uint8_t {
  Current,    // being written; at most one, the last
  Sealed,     // complete, not yet compressed
  Compressed  // complete, with a filter unless that was damaged
};

struct Segment {
  Offset start = 0;
  std::uint64_t bytes = 0;  // of lines
  SegmentState state = SegmentState::Current;
  Time first = {}, last = {};    // of its first and last line; epoch while empty
  std::uint64_t disk_bytes = 0;  // of its files
  [[nodiscard]] Offset end() const { return start + bytes; }
};

class Catalog {
 public:
  explicit Catalog(std::string dir) : dir_(std::move(dir)) {}

  [[nodiscard]] std::string path(Offset start, std::string_view suffix) const;
  // The segment that holds the line at `offset`, else the next one that holds any.
  [[nodiscard]] std::optional<Segment> find(Offset offset) const;
  // In order.
  [[nodiscard]] std::vector<Segment> all() const;
  [[nodiscard]] Offset begin() const;
  [[nodiscard]] Offset end() const;

  // Precondition: begins at or behind end().
  void add(const Segment& segment);
  // Lines were written to the current segment.
  void grow(std::uint64_t bytes, Time first, Time last);
  void seal();
  void set_compressed(Offset start, std::uint64_t disk_bytes);
  void remove(Offset start);

 private:
  const std::string dir_;
  mutable std::mutex mutex_;
  std::deque<Segment> segments_;  // guarded by mutex_
};

}  // namespace penstock::eventlog
