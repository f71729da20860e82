// SPDX-License-Identifier: Apache-2.0
// What it costs to queue a recipient: processor time per operation and memory, with few and with many of them.
//
// Use:  bench_queue [RECIPIENTS]      default 1000000; prints one line per figure
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <ctime>
#include <string>
#include <vector>

#include "base/rng.h"
#include "queue/calendar_queue.h"
#include "queue/fair_queue.h"

using namespace penstock;
using namespace penstock::queue;

namespace {

constexpr Second kStart = 1'800'000'000;
constexpr std::size_t kOperations = 1'000'000;

// Processor time of this process: what others do on the machine counts for little.
double cpu_nanoseconds() {
  timespec now{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e9 + static_cast<double>(now.tv_nsec);
}

double nanoseconds_since(double start, std::size_t count) {
  return (cpu_nanoseconds() - start) / static_cast<double>(count);
}

void print(const std::string& what, double value, const char* unit) {
  fmt::print("{:<70}{:>10.2f} {}\n", what, value, unit);
}

double median(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2), values.end());
  return values[values.size() / 2];
}

// The runs are taken turn by turn, so that a busy moment of the machine does not meet only one of them.
template <class Few, class Many>
std::pair<double, double> compare(const Few& few, const Many& many) {
  std::vector<double> of_few, of_many;
  for (int run = 0; run < 5; ++run) {
    of_few.push_back(few());
    of_many.push_back(many());
  }
  return {median(of_few), median(of_many)};
}

void print_pair(const std::string& what, std::size_t many, std::pair<double, double> cost) {
  print(what + ", 1000 queued", cost.first, "ns");
  print(fmt::format("{}, {} queued", what, many), cost.second, "ns");
  print("  ratio", cost.second / cost.first, "");
}

// `queued` wait for up to four hours, as retries do; time goes on second by second and what is due is deferred again.
double calendar_cycle(std::size_t queued) {
  ChunkPool pool;
  CalendarQueue calendar(pool, time_of(kStart));
  Rng rng(1);
  const auto later = [&](Second now) { return now + 1 + static_cast<Second>(rng.below(4 * 3600)); };
  for (std::size_t n = 0; n < queued; ++n) calendar.push({.message = model::MessageId{n}, .due = later(kStart)});
  std::vector<QueuedRecipient> due;
  std::size_t done = 0;
  const double start = cpu_nanoseconds();
  for (Second now = kStart; done < kOperations; now = second_of(*calendar.next_due())) {
    due.clear();
    done += calendar.pop_due(time_of(now), 1000, due);
    for (QueuedRecipient& recipient : due) {
      recipient.due = later(now);
      calendar.push(recipient);
    }
  }
  return nanoseconds_since(start, done);
}

// `queued` wait in `flows`; what is taken is pushed again, to the flow it came from.
double fair_cycle(std::size_t queued, std::size_t flows) {
  model::NameTable names;
  LabelSetTable labels;
  ChunkPool pool;
  FairQueue queue(pool, labels);
  const PauseSet pauses;
  for (std::size_t n = 0; n < queued; ++n) {
    const LabelSetId flow = labels.intern(LabelSet{.tenant = model::NameId{static_cast<std::uint32_t>(n % flows + 1)}});
    queue.push({.message = model::MessageId{n}, .labels = flow, .body_kib = 10}, Priority::Normal);
  }
  const double start = cpu_nanoseconds();
  for (std::size_t i = 0; i < kOperations; ++i) queue.push(*queue.pop(pauses), Priority::Normal);
  return nanoseconds_since(start, kOperations);
}

double calendar_fill_and_drain(std::size_t count) {
  ChunkPool pool;
  CalendarQueue calendar(pool, time_of(kStart));
  Rng rng(1);
  const double start = cpu_nanoseconds();
  for (std::size_t n = 0; n < count; ++n)
    calendar.push({.message = model::MessageId{n}, .due = kStart + static_cast<Second>(rng.below(4 * 3600))});
  std::vector<QueuedRecipient> due;
  for (Second now = kStart; calendar.size() > 0; ++now) {
    due.clear();
    while (calendar.pop_due(time_of(now), 1000, due) == 1000) due.clear();
  }
  return 1000 / nanoseconds_since(start, 2 * count);
}

void measure_memory(std::size_t count) {
  const auto each = [count](std::size_t bytes) { return static_cast<double>(bytes) / static_cast<double>(count); };
  {
    ChunkPool pool;
    CalendarQueue calendar(pool, time_of(kStart));
    Rng rng(1);
    for (std::size_t n = 0; n < count; ++n)
      calendar.push({.message = model::MessageId{n}, .due = kStart + static_cast<Second>(rng.below(432'000))});
    print(fmt::format("memory, calendar, {} over 5 days", count), each(pool.bytes() + sizeof(calendar)), "bytes each");
  }
  {
    ChunkPool pool;
    LabelSetTable labels;
    FairQueue queue(pool, labels);
    for (std::size_t n = 0; n < count; ++n)
      queue.push({.message = model::MessageId{n}, .labels = LabelSetId{static_cast<std::uint32_t>(n % 1000)}},
                 Priority::Normal);
    print(fmt::format("memory, fair queue, {} in 1000 flows", count), each(pool.bytes()), "bytes each");
  }
}

}  // namespace

int main(int argc, char** argv) {
  const std::size_t many = argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 1'000'000;
  std::vector<double> rates;
  for (int run = 0; run < 5; ++run) rates.push_back(calendar_fill_and_drain(many));
  print(fmt::format("calendar, {} pushed over 4 hours and popped", many), median(rates), "million operations/s");
  print_pair("calendar, pop and push again", many,
             compare([] { return calendar_cycle(1000); }, [&] { return calendar_cycle(many); }));
  print_pair("fair queue, 1 flow, pop and push again", many,
             compare([] { return fair_cycle(1000, 1); }, [&] { return fair_cycle(many, 1); }));
  print_pair("fair queue, 1000 flows, pop and push again", many,
             compare([] { return fair_cycle(1000, 1000); }, [&] { return fair_cycle(many, 1000); }));
  measure_memory(many);
}
