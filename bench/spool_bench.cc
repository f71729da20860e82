// SPDX-License-Identifier: Apache-2.0
// What durability costs: messages taken by many senders at once, beside raw writes and syncs of the same bytes on the
// same disk in the same run; then reading, a start with a million recipients, and what each of them takes in memory.
//
// Use:  bench_spool [FOLDER [MESSAGES]]     default /var/tmp/penstock-bench-spool and 200000; the folder is removed
#include <fmt/format.h>
#include <malloc.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/log.h"
#include "spool/spool.h"

using namespace penstock;
using namespace penstock::spool;

namespace {

using Watch = std::chrono::steady_clock;
constexpr std::size_t kBodyBytes = 10U << 10;
constexpr std::size_t kShards = 2;
constexpr std::size_t kQueued = 1'000'000;

double seconds_since(Watch::time_point start) {
  return std::chrono::duration<double>(Watch::now() - start).count();
}
double cpu_seconds() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}
double resident_bytes() {
  ::malloc_trim(0);
  std::ifstream statm("/proc/self/statm");
  std::size_t size = 0;
  std::size_t resident = 0;
  statm >> size >> resident;
  return static_cast<double>(resident) * static_cast<double>(::sysconf(_SC_PAGESIZE));
}
void print(const std::string& what, double value, const char* unit) {
  fmt::print("{:<64}{:>12.1f} {}\n", what, value, unit);
  std::fflush(stdout);
}

template <class T>
T must(Result<T> result) {
  if (result) return std::move(*result);
  fmt::print(stderr, "{}\n", result.error().to_string());
  std::exit(1);
}
void must(Result<> result) {
  if (result) return;
  fmt::print(stderr, "{}\n", result.error().to_string());
  std::exit(1);
}

struct CountSink final : RecoverySink {
  void recovered(const RecoveredRecipient&) override { ++recipients; }
  std::size_t recipients = 0;
};

model::Envelope envelope_to(std::size_t i) {
  model::Envelope envelope;
  envelope.sender = "bounces@news.shop.example";
  envelope.peer = "192.0.2.7";
  envelope.labels = {.stream = "bulk", .tenant = "shop", .campaign = "spring", .vmta = {}};
  envelope.received = Time{std::chrono::seconds{1'800'000'000}};
  envelope.recipients.push_back({fmt::format("customer{}@d{}.example", i, i % 5000), {}, 0});
  return envelope;
}

// A shard with some senders, each of whom waits for the answer before the next message. What is accepted is finished at
// once, so segments are used again as in a daemon that keeps up.
class Senders final : public CompletionPort {
 public:
  Senders(Spool& spool, std::size_t senders, std::size_t messages)
      : spool_(spool), senders_(senders), left_(messages), body_(kBodyBytes, 'x') {}

  void completed(std::vector<Completion>&& batch) override {
    {
      const std::lock_guard lock(mutex_);
      for (auto& completion : batch) ready_.push_back(std::move(completion));
    }
    wake_.notify_one();
  }
  void run() {
    for (std::size_t i = 0; i < senders_ && left_ > 0; ++i) send();
    std::vector<Completion> batch;
    while (waiting_ > 0) {
      {
        std::unique_lock lock(mutex_);
        wake_.wait(lock, [&] { return !ready_.empty(); });
        batch.swap(ready_);
      }
      for (auto& completion : batch) completion.run();
      batch.clear();
      spool_.record_finals(finals_);
      finals_.clear();
    }
  }

 private:
  void send() {
    --left_;
    ++waiting_;
    AcceptRequest request;
    request.envelope = envelope_to(left_);
    request.body = std::make_shared<const std::string>(body_);  // a copy, as it comes from a session
    request.done = AcceptHandler([this](Result<model::MessageId> result) {
      finals_.push_back({must(std::move(result)), 0});
      --waiting_;
      if (left_ > 0) send();
    });
    request.port = this;
    spool_.accept(std::move(request));
  }

  Spool& spool_;
  const std::size_t senders_;
  std::size_t left_;
  std::size_t waiting_ = 0;
  const std::string body_;
  std::vector<model::RecipientId> finals_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::vector<Completion> ready_;  // guarded by mutex_
};

SpoolOptions options_for(const std::string& folder) {
  SpoolOptions options;
  options.dir = folder + "/spool";
  return options;
}

// Writes the bytes in so many pieces over a file that was written before, each followed by a sync.
double raw_seconds(FileSystem& files, const std::string& folder, std::uint64_t bytes, std::uint64_t pieces) {
  constexpr std::uint64_t kFileBytes = 256U << 20;
  const auto file = must(files.open(folder + "/raw", OpenMode::Create));
  const std::string piece(std::max<std::uint64_t>(bytes / pieces, 1), 'x');
  const std::string_view view = piece;
  const auto write_at = [&](std::uint64_t at) {
    must(file->write_at(at, std::span(&view, 1)));
    must(file->sync());
  };
  const std::string megabytes(4U << 20, 'y');
  const std::string_view large = megabytes;
  for (std::uint64_t at = 0; at < kFileBytes; at += large.size()) must(file->write_at(at, std::span(&large, 1)));
  must(file->sync());
  const auto start = Watch::now();
  std::uint64_t at = 0;
  for (std::uint64_t i = 0; i < pieces; ++i) {
    if (at + view.size() > kFileBytes) at = 0;
    write_at(at);
    at += view.size();
  }
  const double took = seconds_since(start);
  must(files.remove(folder + "/raw"));
  return took;
}

void measure_accepting(FileSystem& files, const Clock& clock, const std::string& folder, std::size_t messages,
                       std::size_t senders) {
  CountSink sink;
  const auto spool = must(Spool::open(files, clock, options_for(folder), sink));
  const auto round = [&](std::size_t count) {
    std::vector<std::unique_ptr<Senders>> shards;
    std::vector<std::thread> threads;
    for (std::size_t i = 0; i < kShards; ++i) {
      shards.push_back(std::make_unique<Senders>(*spool, senders / kShards, count / kShards));
      threads.emplace_back([shard = shards.back().get()] { shard->run(); });
    }
    for (auto& thread : threads) thread.join();
    spool->flush();
  };
  round(messages / 4);  // so that there are segments to be used again
  const SpoolStats before = spool->stats();
  const double cpu = cpu_seconds();
  const auto start = Watch::now();
  round(messages);
  const double took = seconds_since(start);
  const double cpu_took = cpu_seconds() - cpu;
  const SpoolStats after = spool->stats();
  spool->close();
  const auto count = static_cast<double>(messages);
  const std::uint64_t bytes = after.bytes_written - before.bytes_written;
  const std::uint64_t batches = after.batches - before.batches;
  const double raw = raw_seconds(files, folder, bytes, batches);
  fmt::print("{} senders\n", senders);
  print("  accepted and durable, 10 KiB", count / took, "messages/s");
  print("  processor time, senders included", cpu_took * 1e6 / count, "µs a message");
  print("  messages in a batch", count / static_cast<double>(batches), "");
  print("  raw writes and syncs of the same bytes, as many", count / raw, "messages/s");
  print("  of what the disk can do", raw / took * 100, "%");
  print("  segments used again", static_cast<double>(after.recycled_segments - before.recycled_segments), "");
}

void fill(Spool& spool, std::size_t messages) {
  const auto body = std::make_shared<const std::string>(200, 'x');
  std::atomic<std::size_t> done{0};
  std::vector<AttemptRecord> attempts;
  std::mutex mutex;
  for (std::size_t i = 0; i < messages; ++i) {
    spool.accept({.envelope = envelope_to(i),
                  .body = body,
                  .done = AcceptHandler([&](Result<model::MessageId> id) {
                    const std::lock_guard lock(mutex);
                    attempts.push_back({.recipient = {must(std::move(id)), 0}, .attempts = 1, .next_due = Time{}});
                    ++done;
                  })});
    if (i % 20'000 == 0) spool.flush();
  }
  spool.flush();
  spool.record_attempts(attempts);
  spool.flush();
}

void measure_start(FileSystem& files, const Clock& clock, const std::string& folder) {
  {
    CountSink sink;
    const auto spool = must(Spool::open(files, clock, options_for(folder), sink));
    fill(*spool, kQueued);
    spool->close();
  }
  const double before = resident_bytes();
  CountSink sink;
  const auto start = Watch::now();
  const double cpu = cpu_seconds();
  const auto spool = must(Spool::open(files, clock, options_for(folder), sink));
  fmt::print("a start with {} recipients, each attempted once\n", sink.recipients);
  print("  until all are known", seconds_since(start), "s");
  print("  processor time", cpu_seconds() - cpu, "s");
  print("  memory the spool keeps", (resident_bytes() - before) / static_cast<double>(kQueued), "bytes a recipient");
}

void measure_reading(FileSystem& files, const Clock& clock, const std::string& folder) {
  constexpr std::size_t kMessages = 20'000;
  CountSink sink;
  const auto spool = must(Spool::open(files, clock, options_for(folder), sink));
  std::vector<model::MessageId> ids;
  std::mutex mutex;
  const auto body = std::make_shared<const std::string>(kBodyBytes, 'x');
  for (std::size_t i = 0; i < kMessages; ++i) {
    spool->accept({.envelope = envelope_to(i), .body = body, .done = AcceptHandler([&](Result<model::MessageId> id) {
                                                               const std::lock_guard lock(mutex);
                                                               ids.push_back(must(std::move(id)));
                                                             })});
  }
  spool->flush();
  std::size_t hits = 0;
  auto start = Watch::now();
  for (const auto id : ids) hits += spool->find_cached(id) ? 1U : 0U;
  fmt::print("{} messages of 10 KiB, {} of them cached\n", ids.size(), hits);
  print("  find_cached()", seconds_since(start) * 1e9 / kMessages, "ns");
  start = Watch::now();
  for (const auto id : ids) spool->release_cached(id);
  print("  release_cached()", seconds_since(start) * 1e9 / kMessages, "ns");
  start = Watch::now();
  for (const auto id : ids) (void)must(spool->read(id));
  print("  read(), from the system's page cache", seconds_since(start) * 1e6 / kMessages, "µs");
}

}  // namespace

int main(int argc, char** argv) {
  const std::string folder = argc > 1 ? argv[1] : "/var/tmp/penstock-bench-spool";
  const std::size_t messages = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 200'000;
  log::set_level(log::Level::Warn);
  PosixFileSystem files;
  const SystemClock clock;
  must(files.make_folder(folder));
  const auto anew = [&] { std::filesystem::remove_all(folder + "/spool"); };
  for (const std::size_t senders : {50U, 500U}) {
    anew();
    measure_accepting(files, clock, folder, messages, senders);
  }
  anew();
  measure_reading(files, clock, folder);
  anew();
  measure_start(files, clock, folder);
  std::filesystem::remove_all(folder);
  return 0;
}
