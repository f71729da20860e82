// SPDX-License-Identifier: Apache-2.0
// EventLog keeps every event as one line of JSON, in order, in files that readers follow at their own pace.
//
// Use:    auto log = EventLog::open(clock, {.dir = "/var/lib/penstock/events", .node = "mta1"});
//         (*log)->start();                     // the writer's and the caretaker's thread
//         (*log)->record(event);               // from any shard
//         EventReader reader(**log, cursor);   // event_reader.h: accounting, webhooks, streams
//         find_events(…), trace(…)             // event_query.h: for operators, on a thread of their own
//         (*log)->stop();                      // writes what waits
// Offsets: a position in the log is the number of bytes of all lines before it, since the log began: a cursor. It
// grows,
//         survives restarts and compression, and is never given to another line.
// Owns:   its folder, which it locks against a second opening. `clock` must outlive it; it must outlive its readers.
// Threads: any, for every member; open(), start() and stop() by one of them. Without start() nothing happens by itself:
//         tests call flush(), seal() and maintain().
// Limits: record() formats into a buffer of the calling thread and returns; it takes no lock that a reader or the disk
//         holds. The writer empties the buffers every flush_interval: a kill loses at most the events of that time, a
//         power cut those of sync_interval. While the disk fails lines wait in memory, up to buffer_bytes. Above that
//         record() waits for room, but stall_limit at most; then events are dropped until the disk works, counted in
//         stats().dropped, and a line of type "admin" says how many. Nothing else is ever dropped.
// Order:  lines of one thread stay in its order; lines of several threads are merged by their time at each flush.
// Cost:   0.3 µs and no allocation for a delivered event; see docs/events.md for the fields.
// See:    docs/formats/eventlog.md, docs/events.md; ARCHITECTURE principle 4.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "eventlog/errc.h"
#include "model/event.h"

namespace penstock::eventlog {

class Catalog;

// Bytes of lines before a line, since the log began.
using Offset = std::uint64_t;

// A reader's place, with one line of its own words stored together with it.
struct StoredCursor {
  Offset offset = 0;
  std::string note;
  bool operator==(const StoredCursor&) const = default;
};

struct EventLogOptions {
  std::string dir = {};                                    // made if it is not there (its parent must be)
  std::string node = {};                                   // in every line
  Duration flush_interval{std::chrono::milliseconds{20}};  // longest wait of a line for being written
  Duration sync_interval{std::chrono::seconds{1}};         // longest wait of a line for fdatasync; 0: never
  std::uint64_t segment_bytes = 64ULL << 20;               // a segment is sealed at this size,
  Duration segment_age{std::chrono::hours{1}};             // or this age
  Duration retain_age{std::chrono::hours{24 * 7}};         // sealed segments older than this are removed
  std::uint64_t retain_bytes = 20ULL << 30;                // and the oldest ones while all take more than this
  std::uint64_t buffer_bytes = 128ULL << 20;               // lines in memory while the disk fails
  Duration stall_limit{std::chrono::seconds{2}};           // longest wait of record() for room
  int compression_level = 3;                               // zstd's, 1 to 19
};

struct Health {
  bool ok = true;
  std::string reason;  // for people: what fails, since when it does not matter; "" when ok
};

// Plain numbers since the log was opened, except where it says "now".
struct EventLogStats {
  std::uint64_t recorded = 0;        // events taken
  std::uint64_t dropped = 0;         // events lost because the disk failed for too long
  std::uint64_t bytes_written = 0;   // lines
  std::uint64_t waits = 0;           // calls of record() that had to wait for room
  std::uint64_t write_failures = 0;  // failed writes and syncs; each is tried again
  std::uint64_t sealed = 0;
  std::uint64_t compressed = 0;
  std::uint64_t removed = 0;        // by retention
  std::uint64_t segments = 0;       // now
  std::uint64_t disk_bytes = 0;     // now, of all segments and their filters
  std::uint64_t waiting_bytes = 0;  // now, in memory, not yet written
};

class EventLog final : public model::EventSink {
 public:
  // Takes the folder, cuts a torn last line, seals what a former process left open. Errors: Locked, BadOption, and
  // what the operating system says.
  [[nodiscard]] static Result<std::unique_ptr<EventLog>> open(const Clock& clock, EventLogOptions options);
  ~EventLog() override;  // stops
  EventLog(const EventLog&) = delete;
  EventLog& operator=(const EventLog&) = delete;

  void start();
  // Writes and syncs what waits, ends the threads, wakes all waiters. Nothing may be recorded afterwards.
  void stop();

  void record(const model::Event& event) override;
  // The node in lines from now on.
  void set_node(std::string_view node);

  // Writes what was recorded before the call. False when the disk refuses: the lines go on waiting.
  bool flush();
  // Ends the current segment, whatever its size; the next line begins another. Does nothing when it is empty.
  void seal();
  // Does now what the caretaker does by and by: seals by age, compresses sealed segments, removes old ones.
  void maintain();

  // The oldest line kept, and the place of the next line to be written.
  [[nodiscard]] Offset begin() const;
  [[nodiscard]] Offset end() const;
  // Waits until end() > offset, at most `limit`, or until stop() or wake(). True when there is something to read.
  bool wait_past(Offset offset, Duration limit) const;
  // Ends all waits, for a reader's thread that is to stop.
  void wake() const;

  // Durable cursors by name: letters, digits, "-" and "_" (BadOption otherwise). A reader that stores what it has dealt
  // with goes on there after a restart. No value: nothing is stored. Storing syncs the disk twice: do it seldom. A
  // stored cursor never lies beyond the end, even if a power cut took the last lines.
  [[nodiscard]] Result<std::optional<StoredCursor>> load_cursor(std::string_view name) const;
  Result<> store_cursor(std::string_view name, const StoredCursor& cursor);

  [[nodiscard]] Health health() const;
  [[nodiscard]] EventLogStats stats() const;

  // For readers and queries of this module.
  [[nodiscard]] const Catalog& catalog() const;

 private:
  class Impl;
  explicit EventLog(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace penstock::eventlog
