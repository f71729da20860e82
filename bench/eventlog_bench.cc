// SPDX-License-Identifier: Apache-2.0
// What it costs to keep events, to read them again, to write accounting, and to trace someone's mail.
//
// Use:  bench_eventlog [EVENTS]      default 1000000; in a folder under TMPDIR; prints one line per figure
#include <fmt/format.h>
#include <time.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <string>
#include <vector>

#include "base/test/temp_folder.h"
#include "eventlog/accounting_writer.h"
#include "eventlog/event_format.h"
#include "eventlog/event_log.h"
#include "eventlog/event_query.h"
#include "eventlog/event_reader.h"

using namespace penstock;
using namespace penstock::eventlog;

namespace {

using Watch = std::chrono::steady_clock;

double seconds_since(Watch::time_point start) {
  return std::chrono::duration<double>(Watch::now() - start).count();
}

double thread_seconds() {
  timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

void print(const std::string& what, double value, const char* unit) {
  fmt::print("{:<58}{:>12.1f} {}\n", what, value, unit);
}

// Events as a delivery makes them: accepted, then delivered, for recipient i.
struct Sample {
  std::string recipient;
  model::Event event;

  void set(std::size_t i, Time time) {
    recipient = fmt::format("customer-{}@domain{}.example", i / 2, i % 977);
    event = {};
    event.time = time;
    event.message = model::MessageId{1'000'000 + i / 2};
    event.has_recipient = true;
    event.stream = "marketing";
    event.tenant = "shop";
    event.campaign = "autumn-2026";
    event.sender = "bounce+customer@news.shop.example";
    event.recipient = recipient;
    event.domain = std::string_view(recipient).substr(recipient.find('@') + 1);
    event.bytes = 10'240;
    event.protocol = "smtp";
    if (i % 2 == 0) {
      event.type = model::EventType::Accepted;
      event.peer_address = "203.0.113.4";
      return;
    }
    event.type = model::EventType::Delivered;
    event.provider = "bigmail";
    event.vmta = "v17";
    event.pool = "marketing";
    event.source_address = "192.0.2.17";
    event.peer_address = "198.51.100.7";
    event.peer_host = "mx1.mail.example.net";
    event.route = "mx";
    event.client = "203.0.113.4";
    event.extensions = "PIPELINING,SIZE,8BITMIME,STARTTLS,ENHANCEDSTATUSCODES";
    event.step = model::Step::EndOfData;
    event.has_step = true;
    event.reply = {250, {2, 0, 0}, "OK  1795590001 d9443c01a7336-2a9 si123456plg.17 - gsmtp"};
    event.attempt = 1;
    event.queued = Duration{1'234'567};
    event.took = Duration{234'567};
    event.connection = 4711;
  }
};

void measure_record(EventLog& log, const Clock& clock) {
  constexpr int kCalls = 1'000'000;
  Sample sample;
  sample.set(1, clock.wall());
  LineBuffer buffer;
  const double start = thread_seconds();
  for (int i = 0; i < kCalls; ++i) {
    buffer.clear();
    append_event(buffer, sample.event, "mta1");
  }
  print("format one delivered event, CPU", (thread_seconds() - start) * 1e9 / kCalls, "ns");
  print("its line", static_cast<double>(buffer.size()), "bytes");
  // In portions that fit into memory; writing them is the writer's work and not counted.
  constexpr int kPortion = 4'000;
  double cpu = 0;
  for (int done = 0; done < kCalls; done += kPortion) {
    const double before = thread_seconds();
    for (int i = 0; i < kPortion; ++i) log.record(sample.event);
    cpu += thread_seconds() - before;
    log.flush();
  }
  print("record() a delivered event, CPU", cpu * 1e9 / kCalls, "ns");
}

void fill(EventLog& log, const Clock& clock, std::size_t events) {
  Sample sample;
  for (std::size_t i = 0; i < events; ++i) {
    sample.set(i, clock.wall());
    log.record(sample.event);
    if (i % 4'000 == 0) log.flush();
  }
  log.seal();
}

double read_all(const EventLog& log) {
  const auto start = Watch::now();
  EventReader reader(log, log.begin());
  std::uint64_t lines = 0;
  for (auto batch = reader.next(); batch && !batch->lines.empty(); batch = reader.next()) {
    lines += static_cast<std::uint64_t>(std::count(batch->lines.begin(), batch->lines.end(), '\n'));
  }
  return static_cast<double>(lines) / seconds_since(start);
}

void measure_accounting(EventLog& log, const Clock& clock, const std::string& dir) {
  auto accounting = std::move(*AccountingWriter::open(log, clock, {.dir = dir + "/accounting"}));
  const auto start = Watch::now();
  const double cpu = thread_seconds();
  (void)accounting->run_once();
  const auto events = static_cast<double>(accounting->stats().events);
  print("accounting from compressed segments", events / seconds_since(start), "events/s");
  print("accounting, CPU", (thread_seconds() - cpu) * 1e9 / events, "ns/event");
  print("accounting, share of a core at 30,000 events/s", (thread_seconds() - cpu) / events * 30'000 * 100, "%");
}

void measure_trace(EventLog& log, std::size_t events) {
  std::vector<double> times;
  std::size_t found = 0;
  for (std::size_t i = 0; i < 21; ++i) {
    const std::size_t who = i * events / 21 / 2 * 2;
    const std::string address = fmt::format("CUSTOMER-{}@domain{}.example", who / 2, (who + 1) % 977);
    const auto start = Watch::now();
    const auto result = trace(log, {.recipient = address, .message = {}, .since = {}});
    times.push_back(seconds_since(start) * 1e3);
    if (result) found += result->lines.size();
  }
  std::sort(times.begin(), times.end());
  print(fmt::format("trace an address, {} found of 21", found), times[times.size() / 2], "ms");
  const auto start = Watch::now();
  (void)trace(log, {.recipient = "nobody@nowhere.example", .message = {}, .since = {}});
  print("trace an address that got nothing", seconds_since(start) * 1e3, "ms");
}

}  // namespace

int main(int argc, char** argv) {
  const std::size_t events = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 1'000'000;
  const TempFolder folder;
  const std::string& dir = folder.path();
  SystemClock clock;
  {
    auto log = std::move(*EventLog::open(clock, {.dir = dir + "/record", .node = "mta1"}));
    measure_record(*log, clock);
  }
  {
    auto log = std::move(*EventLog::open(clock, {.dir = dir + "/read", .node = "mta1"}));
    fill(*log, clock, events);
    print("read plain segments", read_all(*log), "lines/s");
    const auto bytes = static_cast<double>(log->stats().bytes_written);
    const double cpu = thread_seconds();
    log->maintain();
    print("compress, CPU", (thread_seconds() - cpu) * 1e9 / static_cast<double>(events), "ns/event");
    print("compressed segments and filters, of their lines", static_cast<double>(log->stats().disk_bytes) * 100 / bytes,
          "%");
    print("read compressed segments", read_all(*log), "lines/s");
    measure_trace(*log, events);
    measure_accounting(*log, clock, dir);
  }
  return 0;
}
