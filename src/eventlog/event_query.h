// SPDX-License-Identifier: Apache-2.0
// What operators ask of the log: the newest events, the events after a cursor, and what happened to someone's mail.
//
// Each call reads files: call it on a query thread, never on a shard.   Threads: any.
// trace() asks each sealed segment's filter and reads only blocks that may hold the address or the message; segments
// not yet compressed are read whole (two of 64 MiB at most: some 50 ms).
// Limits: find_events() looks at scan_max_bytes of lines, then answers what it has found, with `more`. A damaged block
//         is left out, and logged.
// Errors: what the operating system says.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "eventlog/event_log.h"
#include "model/ids.h"

namespace penstock::eventlog {

// Lines that match every criterion given. Names compare exactly, recipients and domains without case.
struct EventFilter {
  std::vector<std::string> types = {};  // "delivered", …; empty: all
  std::string stream = {}, tenant = {}, campaign = {}, domain = {}, provider = {}, vmta = {};
  std::optional<model::MessageId> message = {};
  std::string recipient = {};
  [[nodiscard]] bool empty() const;
};

struct EventsQuery {
  std::optional<Offset> cursor = {};  // from FoundEvents; none: the newest `last` events that match
  std::uint32_t last = 0;
  std::uint32_t max = 500;  // with a cursor: the first that many after it
  EventFilter filter = {};
  std::uint64_t scan_max_bytes = 1ULL << 30;
};

struct TraceQuery {
  std::string recipient = {};                    // an address, compared without case; or empty, when
  std::optional<model::MessageId> message = {};  // a message is asked for
  Time since = {};                               // epoch: all that is kept
  std::uint32_t limit = 200;                     // the newest that many
};

struct FoundEvents {
  std::vector<std::string> lines;  // JSON objects without line ends, in time order
  Offset cursor = 0;               // where to go on; 0 for a trace
  bool more = false;               // there is more that was not looked at or did not fit
};

// Flushes first, so that what was recorded before the call is found.
[[nodiscard]] Result<FoundEvents> find_events(EventLog& log, const EventsQuery& query);
[[nodiscard]] Result<FoundEvents> trace(EventLog& log, const TraceQuery& query);

// Every line of these messages, the newest first, from segments that end after `since`. One walk serves all of them:
// for many at once it costs little more than a trace of one.
using LineVisitor = std::function<void(std::string_view line)>;
[[nodiscard]] Result<> visit_messages(EventLog& log, std::span<const model::MessageId> messages, Time since,
                                      const LineVisitor& visit);
// Every line from segments that end after `since`, in no order that matters.
[[nodiscard]] Result<> visit_since(EventLog& log, Time since, const LineVisitor& visit);

}  // namespace penstock::eventlog
