// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <map>
#include <thread>

#include "eventlog/event_query.h"
#include "eventlog/test/log_folder.h"

namespace penstock::eventlog {
namespace {

using namespace std::chrono_literals;

constexpr int kThreads = 3;
constexpr int kEvents = 2'000;

// Each thread's events arrive once and in order, while segments are sealed, compressed and read.
TEST(EventLogThreads, NothingIsLostDoubledOrReorderedWhileReadersFollow) {
  LogFolder folder;
  SystemClock clock;
  folder.options.segment_bytes = 100'000;
  folder.options.flush_interval = 1ms;
  folder.options.sync_interval = 5ms;
  folder.log = std::move(*EventLog::open(clock, folder.options));
  EventLog& log = *folder.log;
  log.start();
  std::vector<std::thread> recorders;
  for (int thread = 0; thread < kThreads; ++thread) {
    recorders.emplace_back([&log, &clock, thread] {
      for (int i = 0; i < kEvents; ++i) log.record(delivered(fmt::format("{}@t{}", i, thread), clock.wall()));
    });
  }
  std::thread caretaker([&log] {
    for (int i = 0; i < 20; ++i) log.maintain();
  });
  std::thread operator_thread([&log] {
    for (int i = 0; i < 20; ++i) EXPECT_TRUE(trace(log, {.recipient = "5@t1", .message = {}, .since = {}, .limit = 5}));
  });
  std::map<std::string, int> next;
  int seen = 0;
  EventReader reader(log, 0);
  EventLine event;
  std::string scratch;
  while (seen < kThreads * kEvents) {
    const auto batch = reader.next();
    ASSERT_TRUE(batch);
    EXPECT_EQ(batch->missed_bytes, 0U);
    if (batch->lines.empty()) log.wait_past(reader.cursor(), 1s);
    for (std::string_view rest = batch->lines; !rest.empty(); ++seen) {
      ASSERT_TRUE(event.parse(take_line(rest)));
      const std::string recipient(event.text(Field::Recipient, scratch));
      const std::size_t at = recipient.find('@');
      ASSERT_EQ(std::stoi(recipient.substr(0, at)), next[recipient.substr(at)]++);
    }
  }
  for (std::thread& recorder : recorders) recorder.join();
  caretaker.join();
  operator_thread.join();
  log.stop();
  EXPECT_EQ(seen, kThreads * kEvents);
  EXPECT_EQ(log.stats().recorded, static_cast<std::uint64_t>(kThreads * kEvents));
}

TEST(EventLogThreads, FlushMergesThreadsByTime) {
  LogFolder folder;
  EventLog& log = folder.open();
  const Time t = folder.clock.wall();
  std::thread([&] {
    log.record(delivered("2@x", t + 2s));
    log.record(delivered("4@x", t + 4s));
  }).join();
  std::thread([&] {
    log.record(delivered("1@x", t + 1s));
    log.record(delivered("5@x", t + 5s));
    log.record(delivered("3@x", t + 3s));  // its own thread's order counts more than its time
  }).join();
  log.record(delivered("0@x", t));
  ASSERT_TRUE(log.flush());
  EXPECT_EQ(folder.read(0).first, "0@x 1@x 2@x 4@x 5@x 3@x");
}

TEST(EventLogThreads, StopWakesWaitingReadersAndWritesWhatWaits) {
  LogFolder folder;
  folder.options.flush_interval = 1h;
  EventLog& log = folder.open();
  log.start();
  std::thread waiting([&log] { log.wait_past(0, 1h); });
  log.record(delivered("a@x"));
  log.stop();
  waiting.join();
  EXPECT_EQ(folder.read(0).first, "a@x");
}

}  // namespace
}  // namespace penstock::eventlog
