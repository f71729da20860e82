// SPDX-License-Identifier: Apache-2.0
#include "app/flow_rates.h"

#include <string>

namespace penstock::app {

FlowRates::FlowRates(metrics::Registry& registry, model::EventSink& next) : next_(next) {
  for (std::size_t i = 0; i < kTypes; ++i) {
    const auto type = static_cast<model::EventType>(i);
    counters_[i] = &registry.counter("penstock_events_total", "Events by type, one for each recipient they concern",
                                     {{"type", std::string(model::to_string(type))}});
  }
}

void FlowRates::record(const model::Event& event) {
  counters_[static_cast<std::size_t>(event.type)]->add();
  next_.record(event);
}

api::Flow<std::uint64_t> FlowRates::totals() const {
  const auto count = [this](model::EventType type) { return counters_[static_cast<std::size_t>(type)]->value(); };
  api::Flow<std::uint64_t> all;
  all.accepted = count(model::EventType::Accepted);
  all.rejected = count(model::EventType::Rejected);
  all.delivered = count(model::EventType::Delivered);
  all.deferred = count(model::EventType::Deferred);
  all.bounced = count(model::EventType::Bounced);
  all.expired = count(model::EventType::Expired);
  all.suppressed = count(model::EventType::Suppressed);
  return all;
}

void FlowRates::sample(Time now) {
  const api::Flow<std::uint64_t> now_totals = totals();
  const std::lock_guard lock(mutex_);
  samples_.push_back({now, now_totals});
  if (samples_.size() > kSamples) samples_.pop_front();
}

api::Flow<double> FlowRates::rates() const {
  const std::lock_guard lock(mutex_);
  api::Flow<double> all;
  if (samples_.size() < 2) return all;
  const Sample& first = samples_.front();
  const Sample& last = samples_.back();
  const double seconds = std::chrono::duration<double>(last.at - first.at).count();
  if (seconds <= 0) return all;
  const auto rate = [seconds](std::uint64_t before, std::uint64_t after) {
    return static_cast<double>(after - before) / seconds;
  };
  all.accepted = rate(first.totals.accepted, last.totals.accepted);
  all.rejected = rate(first.totals.rejected, last.totals.rejected);
  all.delivered = rate(first.totals.delivered, last.totals.delivered);
  all.deferred = rate(first.totals.deferred, last.totals.deferred);
  all.bounced = rate(first.totals.bounced, last.totals.bounced);
  all.expired = rate(first.totals.expired, last.totals.expired);
  all.suppressed = rate(first.totals.suppressed, last.totals.suppressed);
  return all;
}

}  // namespace penstock::app
