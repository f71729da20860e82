// SPDX-License-Identifier: Apache-2.0
// FlowRates: an EventSink in front of the event log that counts recipients by what happened, and tells totals since the
// start and rates over the last minute.
//
// Use:  FlowRates flow(metrics, log);   … flow.record(event) from anywhere;   flow.sample(now) once a second
// Threads: record() any, it adds to a counter and passes the event on; sample() one; totals() and rates() any.
#pragma once

#include <array>
#include <deque>
#include <mutex>

#include "api/types.h"
#include "base/clock.h"
#include "metrics/metrics.h"
#include "model/event.h"

namespace penstock::app {

class FlowRates final : public model::EventSink {
 public:
  // `next` must outlive it.
  FlowRates(metrics::Registry& registry, model::EventSink& next);
  void record(const model::Event& event) override;
  void sample(Time now);
  [[nodiscard]] api::Flow<std::uint64_t> totals() const;
  [[nodiscard]] api::Flow<double> rates() const;

 private:
  static constexpr std::size_t kTypes = static_cast<std::size_t>(model::EventType::Warmup) + 1;
  static constexpr std::size_t kSamples = 61;
  struct Sample {
    Time at;
    api::Flow<std::uint64_t> totals;
  };
  std::array<metrics::Counter*, kTypes> counters_;
  model::EventSink& next_;
  mutable std::mutex mutex_;
  std::deque<Sample> samples_;  // guarded by mutex_; a minute of seconds, oldest first
};

}  // namespace penstock::app
