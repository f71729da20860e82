// SPDX-License-Identifier: Apache-2.0
#include "receiver.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace penstock::bench {
namespace {

using model::OutcomeClass;
using model::Scope;

constexpr double kComplaintBound = 0.003;  // where a Gmail-like provider takes next to nothing
constexpr Duration kDriftEach{std::chrono::seconds{5}};

double seconds(Duration duration) {
  return std::chrono::duration<double>(duration).count();
}

// What complaints leave of the rate.
double left_by(double complaints) {
  return std::clamp(1.0 - complaints / kComplaintBound, 0.05, 1.0);
}

}  // namespace

Receiver::Receiver(const Provider& provider, std::uint32_t vmta, std::uint64_t seed, Time start, Time end)
    : provider_(provider), rng_(seed), drifted_(start), filled_(start) {
  own_ = 1.0 - provider.spread + 2 * provider.spread * rng_.unit();
  points_.push_back({start, 1, 1});
  std::vector<Step> steps;
  for (const Step& step : provider.steps) {
    if (step.vmtas.empty() || std::find(step.vmtas.begin(), step.vmtas.end(), vmta) != step.vmtas.end()) {
      steps.push_back(step);
    }
  }
  if (provider.random.every > Duration::zero()) {
    for (Time at = start; at < end;) {
      at +=
          Duration{static_cast<std::int64_t>(static_cast<double>(provider.random.every.count()) * (0.5 + rng_.unit()))};
      const double range = std::log(provider.random.factor_max / provider.random.factor_min);
      const double factor = provider.random.factor_min * std::exp(range * rng_.unit());
      Step step;
      step.at = at - start;
      if (provider.rate > 0) step.rate_factor = factor;
      if (provider.connections > 0) step.connection_factor = factor;
      steps.push_back(step);
    }
  }
  std::stable_sort(steps.begin(), steps.end(), [](const Step& a, const Step& b) { return a.at < b.at; });
  for (const Step& step : steps) {
    const Time at = start + step.at;
    Point last = points_.back();
    const double before = last.rate_factor;
    const double was = last.connection_factor;
    last.connection_factor = step.connection_factor.value_or(last.connection_factor);
    const double after = step.rate_factor.value_or(before);
    const int parts = step.ramp > Duration::zero() ? static_cast<int>(std::max(1.0, seconds(step.ramp))) : 1;
    for (int i = 1; i <= parts; ++i) {
      last.at = at + step.ramp * (parts == 1 ? 0 : i) / parts;
      last.rate_factor = before + (after - before) * i / parts;
      points_.push_back(last);
    }
    if (after != before || last.connection_factor != was) {
      changes_.push_back(at + step.ramp);
    }
    if (step.complaints) {
      const double share = complaint_steps_.empty() ? provider.complaints : complaint_steps_.back().second;
      complaint_steps_.emplace_back(at, *step.complaints);
      if (provider.rate > 0 && left_by(*step.complaints) != left_by(share)) changes_.push_back(at);
    }
    if (step.block > Duration::zero()) {
      blocks_.push_back({at, at + step.block});
      changes_.push_back(at + step.block);
    }
  }
  std::sort(changes_.begin(), changes_.end());
  changes_.erase(std::unique(changes_.begin(), changes_.end()), changes_.end());
  tokens_ = std::max(1.0, provider.rate * own_ * provider.burst_seconds);
}

Time Receiver::blocked_until(Time now) const {
  for (const Block& block : blocks_) {
    if (now >= block.from && now < block.until) return block.until;
  }
  return Time{};
}

const Receiver::Point& Receiver::point(Time now) {
  while (point_ + 1 < points_.size() && points_[point_ + 1].at <= now) ++point_;
  return points_[point_];
}

// The share wanders slowly around what the scenario says.
double Receiver::complaints(Time now) {
  while (drifted_ + kDriftEach <= now) {
    drifted_ += kDriftEach;
    drift_ += -drift_ * 0.01 + (rng_.unit() - 0.5) * 0.12;
  }
  double share = provider_.complaints;
  for (const auto& [at, value] : complaint_steps_) {
    if (now >= at) share = value;
  }
  return share * std::max(0.0, 1 + drift_ * provider_.complaints_drift);
}

double Receiver::hidden_rate(Time now) {
  double rate = provider_.rate * own_ * point(now).rate_factor;
  if (provider_.complaints > 0 || !complaint_steps_.empty()) rate *= left_by(complaints(now));
  return rate;
}

std::uint32_t Receiver::hidden_connections(Time now) {
  if (provider_.connections == 0) return 0;
  return std::max(1U,
                  static_cast<std::uint32_t>(std::lround(provider_.connections * own_ * point(now).connection_factor)));
}

// Of a connection: three round trips and the receiver's work for each message; three to open it, one to end it.
double Receiver::allowed(Time now) {
  if (blocked(now)) return 0;
  const std::uint32_t connections = hidden_connections(now);
  const double rate = hidden_rate(now);
  if (connections == 0) return rate;
  std::uint32_t messages = provider_.messages_per_connection;
  if (provider_.ours.messages_per_connection != 0) {
    messages = messages == 0 ? provider_.ours.messages_per_connection
                             : std::min(messages, provider_.ours.messages_per_connection);
  }
  const double each = 3 * seconds(provider_.rtt) + seconds(provider_.service) +
                      (messages == 0 ? 0 : 4 * seconds(provider_.rtt) / messages);
  const double by_connections = connections / each;
  return provider_.rate > 0 ? std::min(rate, by_connections) : by_connections;
}

Receiver::Answer Receiver::refuse(model::Step step, OutcomeClass outcome_class, std::uint16_t code,
                                  const char* words) const {
  Answer answer;
  answer.closes = code == 421 || code == 0;
  answer.outcome = {model::OutcomeKind::Deferred, step, outcome_class, {code, {}, words}};
  if (code != 0) answer.outcome.reply.enhanced = {4, 7, 0};
  answer.outcome.scope = outcome_class == OutcomeClass::Network ? Scope::ReceivingHost : Scope::SourceIp;
  return answer;
}

Receiver::Answer Receiver::connect(Time now) {
  if (const Time until = blocked_until(now); until > now) {
    Answer answer = refuse(model::Step::Banner, OutcomeClass::RateLimit, 421,
                           "[TSS04] Messages temporarily deferred due to unexpected volume or user complaints");
    answer.outcome.wait = until - now;
    answer.outcome.wait_told = true;
    return answer;
  }
  const std::uint32_t limit = hidden_connections(now);
  if (limit != 0 && open_ >= limit) {
    if (provider_.personality == Personality::Apple) {
      return refuse(model::Step::Connect, OutcomeClass::Network, 0, "connection refused");
    }
    return refuse(model::Step::Banner, OutcomeClass::TooManyConnections, 421,
                  "Too many concurrent connections from your address");
  }
  ++open_;
  Answer answer;
  answer.taken = true;
  return answer;
}

Receiver::Answer Receiver::mail(std::uint32_t carried, Time now) {
  if (const Time until = blocked_until(now); until > now) {
    Answer answer = refuse(model::Step::Mail, OutcomeClass::RateLimit, 421,
                           "[TSS04] Messages temporarily deferred due to unexpected volume or user complaints");
    answer.outcome.wait = until - now;
    answer.outcome.wait_told = true;
    return answer;
  }
  if (provider_.messages_per_connection != 0 && carried >= provider_.messages_per_connection) {
    Answer answer = refuse(model::Step::Mail, OutcomeClass::Network, 0, "connection closed");
    answer.silent = true;
    return answer;
  }
  const std::uint32_t limit = hidden_connections(now);
  if (limit != 0 && open_ > limit) {
    return refuse(model::Step::Mail, OutcomeClass::TooManyConnections, 421,
                  "Too many concurrent connections from your address");
  }
  const double rate = hidden_rate(now);
  if (provider_.rate > 0) {
    const double most = std::max(1.0, rate * provider_.burst_seconds);
    tokens_ = std::min(most, tokens_ + rate * seconds(now - filled_));
    filled_ = now;
    if (tokens_ < 1) {
      const bool gmail = provider_.personality == Personality::Gmail;
      return refuse(
          model::Step::Mail, OutcomeClass::RateLimit, gmail ? 421 : 451,
          gmail ? "unusual rate of unsolicited mail originating from your IP address" : "temporarily rate limited");
    }
    tokens_ -= 1;
  }
  Answer answer;
  answer.taken = true;
  answer.outcome = {model::OutcomeKind::Delivered, model::Step::EndOfData, OutcomeClass::None, {250, {2, 0, 0}, "ok"}};
  return answer;
}

}  // namespace penstock::bench
