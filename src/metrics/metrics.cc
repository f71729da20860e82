// SPDX-License-Identifier: Apache-2.0
#include "metrics/metrics.h"

#include <fmt/format.h>

#include <algorithm>

namespace penstock::metrics {
namespace {

// The exposition format escapes backslash, quote and line feed in label values.
std::string escape(std::string_view value) {
  std::string out;
  for (const char c : value) {
    if (c == '\\' || c == '"') out += '\\';
    if (c == '\n') {
      out += "\\n";
    } else {
      out += c;
    }
  }
  return out;
}

std::string format_labels(const LabelSet& labels, std::string_view le = {}) {
  std::string out;
  for (const auto& [name, value] : labels)
    out += fmt::format("{}{}=\"{}\"", out.empty() ? "" : ",", name, escape(value));
  if (!le.empty()) out += fmt::format("{}le=\"{}\"", out.empty() ? "" : ",", le);
  return out.empty() ? out : "{" + out + "}";
}

}  // namespace

std::size_t Counter::slot() {
  static std::atomic<std::size_t> next{0};
  thread_local const std::size_t mine = next.fetch_add(1, std::memory_order_relaxed) % kSlots;
  return mine;
}

std::uint64_t Counter::value() const {
  std::uint64_t sum = 0;
  for (const auto& cell : cells_) sum += cell.value.load(std::memory_order_relaxed);
  return sum;
}

Histogram::Histogram(std::vector<double> bounds) : bounds_(std::move(bounds)), buckets_(bounds_.size() + 1) {}

void Histogram::observe(double value) {
  const auto at = std::lower_bound(bounds_.begin(), bounds_.end(), value);
  buckets_[static_cast<std::size_t>(at - bounds_.begin())].add();
  sum_millionths_.add(static_cast<std::uint64_t>(std::max(value, 0.0) * 1e6));
}

Registry::Metric& Registry::find_or_add(const std::string& name, const std::string& help, const char* type,
                                        LabelSet labels) {
  Family& family = families_[name];
  if (family.metrics.empty()) {
    family.help = help;
    family.type = type;
  }
  for (auto& metric : family.metrics) {
    if (metric->labels == labels) return *metric;
  }
  family.metrics.push_back(std::make_unique<Metric>());
  family.metrics.back()->labels = std::move(labels);
  return *family.metrics.back();
}

Counter& Registry::counter(const std::string& name, const std::string& help, LabelSet labels) {
  const std::scoped_lock lock(mutex_);
  Metric& metric = find_or_add(name, help, "counter", std::move(labels));
  if (!metric.counter) metric.counter = std::make_unique<Counter>();
  return *metric.counter;
}

Gauge& Registry::gauge(const std::string& name, const std::string& help, LabelSet labels) {
  const std::scoped_lock lock(mutex_);
  Metric& metric = find_or_add(name, help, "gauge", std::move(labels));
  if (!metric.gauge) metric.gauge = std::make_unique<Gauge>();
  return *metric.gauge;
}

Histogram& Registry::histogram(const std::string& name, const std::string& help, std::vector<double> bounds,
                               LabelSet labels) {
  const std::scoped_lock lock(mutex_);
  Metric& metric = find_or_add(name, help, "histogram", std::move(labels));
  if (!metric.histogram) metric.histogram = std::make_unique<Histogram>(std::move(bounds));
  return *metric.histogram;
}

void Registry::counter_from(const std::string& name, const std::string& help, std::function<double()> read,
                            LabelSet labels) {
  const std::scoped_lock lock(mutex_);
  find_or_add(name, help, "counter", std::move(labels)).read = std::move(read);
}

void Registry::gauge_from(const std::string& name, const std::string& help, std::function<double()> read,
                          LabelSet labels) {
  const std::scoped_lock lock(mutex_);
  find_or_add(name, help, "gauge", std::move(labels)).read = std::move(read);
}

std::string Registry::text() const {
  const std::scoped_lock lock(mutex_);
  std::string out;
  for (const auto& [name, family] : families_) {
    out += fmt::format("# HELP {} {}\n# TYPE {} {}\n", name, family.help, name, family.type);
    for (const auto& metric : family.metrics) {
      const std::string labels = format_labels(metric->labels);
      if (metric->counter) out += fmt::format("{}{} {}\n", name, labels, metric->counter->value());
      if (metric->gauge) out += fmt::format("{}{} {}\n", name, labels, metric->gauge->value());
      if (metric->read) out += fmt::format("{}{} {}\n", name, labels, metric->read());
      if (!metric->histogram) continue;
      const Histogram& h = *metric->histogram;
      std::uint64_t below = 0;
      for (std::size_t i = 0; i < h.buckets_.size(); ++i) {
        below += h.buckets_[i].value();
        const std::string le = i < h.bounds_.size() ? fmt::format("{}", h.bounds_[i]) : "+Inf";
        out += fmt::format("{}_bucket{} {}\n", name, format_labels(metric->labels, le), below);
      }
      out += fmt::format("{}_sum{} {}\n", name, labels, static_cast<double>(h.sum_millionths_.value()) / 1e6);
      out += fmt::format("{}_count{} {}\n", name, labels, below);
    }
  }
  return out;
}

std::vector<std::string> Registry::names() const {
  const std::scoped_lock lock(mutex_);
  std::vector<std::string> out;
  for (const auto& [name, family] : families_) out.push_back(name);
  return out;
}

}  // namespace penstock::metrics
