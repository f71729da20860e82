// SPDX-License-Identifier: Apache-2.0
// A folder of its own for a test, with a clock, and short words for events and what the log holds.
#pragma once

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/clock.h"
#include "base/test/temp_folder.h"
#include "eventlog/event_line.h"
#include "eventlog/event_log.h"
#include "eventlog/event_reader.h"

namespace penstock::eventlog {

inline model::Event delivered(std::string_view recipient, Time time = Time{std::chrono::seconds{1'800'000'000}},
                              std::uint64_t message = 1) {
  model::Event event;
  event.type = model::EventType::Delivered;
  event.time = time;
  event.message = model::MessageId{message};
  event.has_recipient = true;
  event.sender = "news@shop.example";
  event.recipient = recipient;
  event.domain = "example.net";
  event.vmta = "v1";
  event.reply = {250, {2, 0, 0}, "ok"};
  event.attempt = 1;
  return event;
}

// The recipients named in lines, in order, joined by spaces.
inline std::string recipients_in(std::string_view lines) {
  std::string out;
  std::string scratch;
  EventLine event;
  while (!lines.empty()) {
    if (!event.parse(take_line(lines))) {
      out += "BAD ";
      continue;
    }
    out += event.text(Field::Recipient, scratch);
    out += ' ';
  }
  if (!out.empty()) out.pop_back();
  return out;
}

class LogFolder {
 public:
  LogFolder() {
    options.dir = folder.file("events");
    options.node = "mta1";
  }

  EventLog& open() {
    log.reset();
    auto opened = EventLog::open(clock, options);
    PENSTOCK_CHECK(opened.has_value());
    log = std::move(*opened);
    return *log;
  }
  // Records, writes, and gives the log's end.
  Offset write(std::string_view recipient, std::uint64_t message = 1) {
    log->record(delivered(recipient, clock.wall(), message));
    PENSTOCK_CHECK(log->flush());
    return log->end();
  }
  // What a reader gets from `cursor` on, and how much it missed.
  std::pair<std::string, std::uint64_t> read(Offset cursor) {
    EventReader reader(*log, cursor);
    std::string lines;
    std::uint64_t missed = 0;
    while (true) {
      const auto batch = reader.next();
      PENSTOCK_CHECK(batch.has_value());
      missed += batch->missed_bytes;
      if (batch->lines.empty()) return {recipients_in(lines), missed};
      lines += batch->lines;
    }
  }
  // Names of the log's segments and filters.
  [[nodiscard]] std::vector<std::string> files() const {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(options.dir)) {
      if (entry.is_regular_file() && entry.path().filename() != "lock") names.push_back(entry.path().filename());
    }
    std::sort(names.begin(), names.end());
    return names;
  }
  [[nodiscard]] std::string path(const std::string& name) const { return options.dir + "/" + name; }

  FakeClock clock;
  const TempFolder folder;
  const std::filesystem::path root = folder.path();
  EventLogOptions options;
  std::unique_ptr<EventLog> log;
};

inline std::string contents_of(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}
inline void put_contents(const std::filesystem::path& path, std::string_view contents) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << contents;
}

}  // namespace penstock::eventlog
