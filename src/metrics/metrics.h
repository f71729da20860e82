// SPDX-License-Identifier: Apache-2.0
// Metrics: counters, gauges and histograms, and their Prometheus text (exposition format 0.0.4).
//
// Use:  Registry registry;
//       Counter& taken = registry.counter("penstock_messages_accepted_total", "Messages made durable");
//       taken.add();   …   registry.text();
// A counter keeps one cache line per thread, so that adding costs a nanosecond and no two cores fight for a line.
// Ownership: the registry owns every metric; references stay valid as long as it lives. Asking again for the same name
// and labels gives the same metric.
// Threads: any, for everything. Registering takes a lock: keep the reference, do not look it up on the hot path.
// Limits: names are documented in docs/metrics.md; a check compares.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace penstock::metrics {

// Label names and values, in the order they are to be written.
using LabelSet = std::vector<std::pair<std::string, std::string>>;

class Counter {
 public:
  void add(std::uint64_t n = 1) { cells_[slot()].value.fetch_add(n, std::memory_order_relaxed); }
  [[nodiscard]] std::uint64_t value() const;

 private:
  friend class Histogram;
  static constexpr std::size_t kSlots = 8;  // threads share a slot when there are more
  static std::size_t slot();
  struct alignas(64) Cell {
    std::atomic<std::uint64_t> value{0};
  };
  std::array<Cell, kSlots> cells_;
};

class Gauge {
 public:
  void set(std::int64_t value) { value_.store(value, std::memory_order_relaxed); }
  void add(std::int64_t by) { value_.fetch_add(by, std::memory_order_relaxed); }
  [[nodiscard]] std::int64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::int64_t> value_{0};
};

// Counts observations in fixed buckets; the last, +Inf, is implied.
class Histogram {
 public:
  explicit Histogram(std::vector<double> bounds);
  void observe(double value);

 private:
  friend class Registry;
  const std::vector<double> bounds_;
  std::vector<Counter> buckets_;  // bounds_.size() + 1
  Counter sum_millionths_;
};

class Registry {
 public:
  Counter& counter(const std::string& name, const std::string& help, LabelSet labels = {});
  Gauge& gauge(const std::string& name, const std::string& help, LabelSet labels = {});
  // `bounds` rise; asked again with others, the first ones stay.
  Histogram& histogram(const std::string& name, const std::string& help, std::vector<double> bounds,
                       LabelSet labels = {});
  // A counter whose value is kept elsewhere, read when the text is made.
  void counter_from(const std::string& name, const std::string& help, std::function<double()> read,
                    LabelSet labels = {});
  // A gauge read when the text is made. `read` may be called from any thread.
  void gauge_from(const std::string& name, const std::string& help, std::function<double()> read, LabelSet labels = {});
  // All metrics, sorted by name.
  [[nodiscard]] std::string text() const;
  [[nodiscard]] std::vector<std::string> names() const;

 private:
  struct Metric {
    LabelSet labels;
    std::unique_ptr<Counter> counter;
    std::unique_ptr<Gauge> gauge;
    std::unique_ptr<Histogram> histogram;
    std::function<double()> read;
  };
  struct Family {
    std::string help;
    std::string type;
    std::vector<std::unique_ptr<Metric>> metrics;
  };
  Metric& find_or_add(const std::string& name, const std::string& help, const char* type, LabelSet labels);

  mutable std::mutex mutex_;
  std::map<std::string, Family> families_;  // guarded by mutex_
};

}  // namespace penstock::metrics
