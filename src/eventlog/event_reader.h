// SPDX-License-Identifier: Apache-2.0
// EventReader hands out the log's lines from a cursor on, in order, over sealed, compressed and current segments.
//
// Use:    EventReader reader(log, cursor);           // log.load_cursor("webhooks"), or log.begin()
//         while (…) {
//           auto batch = reader.next();
//           if (batch && batch->lines.empty()) log.wait_past(reader.cursor(), 1s);   // nothing new
//           …  log.store_cursor("webhooks", {batch->end, ""});
//         }
// A reader that comes after retention, or meets a damaged block, goes on behind it and is told how much it missed.
// Owns:   one open file and one block.   `log` must outlive it.   Threads: one.
// Errors: what the operating system says; the same call may be tried again.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "eventlog/event_log.h"

namespace penstock::eventlog {

class SegmentFile;
struct Segment;

struct EventBatch {
  std::string_view lines;          // whole lines, each with its '\n'; valid until the next call. Empty: nothing new
  Offset begin = 0;                // of the first line
  Offset end = 0;                  // the cursor to store when these lines have been dealt with
  std::uint64_t missed_bytes = 0;  // of lines between the end of the batch before and this one
};

class EventReader {
 public:
  // A cursor beyond the end waits there.
  EventReader(const EventLog& log, Offset cursor);
  ~EventReader();
  EventReader(EventReader&&) noexcept;
  EventReader& operator=(EventReader&&) = delete;

  // About 256 KiB of lines: one block of a segment. Never waits for new ones.
  [[nodiscard]] Result<EventBatch> next();
  [[nodiscard]] Offset cursor() const { return cursor_; }

 private:
  [[nodiscard]] bool reads_removed(const std::optional<Segment>& segment) const;
  Result<bool> open_segment(const Segment& segment, int tries_left);
  void skip_to(Offset offset, const Error& why);

  const EventLog& log_;
  Offset cursor_;
  std::unique_ptr<SegmentFile> file_;
  std::string block_;
  std::uint64_t missed_bytes_ = 0;  // not yet told
};

}  // namespace penstock::eventlog
