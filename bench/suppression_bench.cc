// SPDX-License-Identifier: Apache-2.0
// The suppression list at its full size: how long an import takes, what a check costs, what it takes in memory.
//
// Use:  bench_suppression [ENTRIES]      default 10000000 (some 2.5 GB of disk); in a folder under TMPDIR
// Prints one line per figure, and after it the goal of ARCHITECTURE §10 where there is one.
#include <fmt/format.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <future>
#include <string>
#include <vector>

#include "base/rng.h"
#include "base/test/temp_folder.h"
#include "suppression/importer.h"

using namespace penstock;
using namespace penstock::suppression;

namespace {

using Watch = std::chrono::steady_clock;

double seconds_since(Watch::time_point start) {
  return std::chrono::duration<double>(Watch::now() - start).count();
}

double process_seconds() {
  timespec now{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

void print(const std::string& what, double value, const char* unit, const std::string& goal = {}) {
  fmt::print("{:<52}{:>12.2f} {:<8}{}\n", what, value, unit, goal.empty() ? "" : "goal: " + goal);
  std::fflush(stdout);
}

std::string address(std::uint64_t i) {
  return fmt::format("customer.{}@domain{}.example", i * 2'654'435'761 % 4'294'967'296, i % 9'973);
}

// Without pages of files, which the system takes back when it needs them.
std::uint64_t resident_bytes() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("RssAnon:")) return std::strtoull(line.c_str() + 8, nullptr, 10) * 1024;
  }
  return 0;
}

void write_file(const std::string& path, std::uint64_t entries) {
  std::FILE* file = std::fopen(path.c_str(), "w");
  if (file == nullptr) std::abort();
  fmt::print(file, "address,cause,since\n");
  for (std::uint64_t i = 0; i < entries; ++i) fmt::print(file, "{},invalid-mailbox,2026-01-01\n", address(i));
  std::fclose(file);
}

struct Opened {
  std::unique_ptr<state::Writer> writer;
  std::unique_ptr<metrics::Registry> metrics = std::make_unique<metrics::Registry>();
  std::unique_ptr<Suppression> list;
};

Opened open(const std::string& dir, const Clock& clock) {
  Opened opened;
  opened.writer = std::move(*state::Writer::open(dir + "/state.db"));
  opened.list = std::move(*Suppression::open({*opened.writer, clock, *opened.metrics}, {}));
  return opened;
}

void import_all(Suppression& list, const std::string& path, const std::string& dir, std::uint64_t entries,
                const char* what) {
  ImportRequest request;
  request.path = path;
  request.folder = dir;
  Importer importer(list, request);
  std::vector<double> waits;
  const double cpu_before = process_seconds();
  const auto start = Watch::now();
  const std::future<void> ended = std::async(std::launch::async, [&importer] { importer.run(); });
  // What delivery learns meanwhile, some fifty times a second: the wait until it is durable.
  for (std::uint64_t i = 0; i == 0 || ended.wait_for(std::chrono::milliseconds{20}) != std::future_status::ready; ++i) {
    Entry entry;
    entry.address = fmt::format("bounced{}@during.example", i);
    const auto asked = Watch::now();
    if (!list.add({entry}, Overwrite::Weaker)) std::abort();
    waits.push_back(seconds_since(asked));
  }
  const double took = seconds_since(start);
  const double cpu = process_seconds() - cpu_before;
  const bool whole = entries == 10'000'000;
  print(fmt::format("import {} {}", entries, what), took, "s", whole ? "180 s" : "");
  print("  CPU of it", cpu, "s");
  print("  a line", took * 1e6 / static_cast<double>(entries), "us");
  std::sort(waits.begin(), waits.end());
  print("  a bounce meanwhile, until durable, median", waits[waits.size() / 2] * 1e3, "ms");
  print("  a bounce meanwhile, until durable, worst", waits.back() * 1e3, "ms", "1000 ms");
}

// Median and worst hundredth of single checks, in microseconds.
void measure(const Suppression& list, const std::string& what, std::uint64_t from, std::uint64_t range, bool expected,
             double goal) {
  constexpr int kChecks = 200'000;
  Rng rng(7);
  std::vector<std::string> asked;
  for (int i = 0; i < kChecks; ++i) asked.push_back(address(from + rng.below(range)));
  std::vector<double> times;
  times.reserve(kChecks);
  const auto all = Watch::now();
  for (const std::string& each : asked) {
    const auto start = Watch::now();
    const auto hit = list.check(each, {.tenant = "acme", .stream = "news"});
    times.push_back(seconds_since(start) * 1e6);
    if (!hit || hit->has_value() != expected) std::abort();
  }
  const double mean = seconds_since(all) * 1e6 / kChecks;
  std::sort(times.begin(), times.end());
  print(what + ", median", times[kChecks / 2], "us", fmt::format("{} us", goal));
  print(what + ", mean", mean, "us");
  print(what + ", 99 of 100 below", times[kChecks * 99 / 100], "us");
}

}  // namespace

int main(int argc, char** argv) {
  const std::uint64_t entries = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 10'000'000;
  const TempFolder folder;
  const std::string& dir = folder.path();
  const SystemClock clock;
  const std::string file = dir + "/list.csv";
  write_file(file, entries);
  {
    Opened opened = open(dir, clock);
    const std::uint64_t before = resident_bytes();
    import_all(*opened.list, file, dir, entries, "into an empty list");
    print("  memory it took", static_cast<double>(resident_bytes() - before) / (1 << 20), "MiB");
    import_all(*opened.list, file, dir, entries, "once more, nothing new");
  }
  const std::uint64_t before = resident_bytes();
  const auto start = Watch::now();
  Opened opened = open(dir, clock);
  print("open the list at a start", seconds_since(start), "s");
  print("memory of the filter", static_cast<double>(opened.list->memory_bytes()) / (1 << 20), "MiB");
  print("memory in all after opening", static_cast<double>(resident_bytes() - before) / (1 << 20), "MiB");
  print("disk", static_cast<double>(std::filesystem::file_size(dir + "/state.db")) / static_cast<double>(entries),
        "bytes an entry");
  measure(*opened.list, "check that says no", entries, 1'000'000'000, false, 1);
  measure(*opened.list, "check that says yes, first time", 0, entries, true, 20);
  measure(*opened.list, "check that says yes, again", 0, entries, true, 20);
  return 0;
}
