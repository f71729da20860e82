// SPDX-License-Identifier: Apache-2.0
#include "shaping/limiter.h"

#include <algorithm>

#include "base/check.h"

namespace penstock::shaping {
namespace {

bool is_connection_trouble(const model::Outcome& outcome) {
  if (outcome.kind == model::OutcomeKind::Delivered) return false;
  return outcome.step == model::Step::Connect || outcome.step == model::Step::Banner ||
         outcome.step == model::Step::Ehlo;
}

}  // namespace

Limiter::Limiter(std::string scope, const Limits& limits, std::optional<TroublePolicy> trouble)
    : scope_(std::move(scope)),
      limits_(limits),
      connection_rate_(limits.connection_rate),
      message_rate_(limits.message_rate) {
  if (trouble) trouble_.emplace(*trouble);
}

std::uint32_t Limiter::connection_limit(Time now) const {
  const std::uint32_t configured = limits_.connections == 0 ? Explanation::kNoLimit : limits_.connections;
  return trouble_ ? std::min(configured, trouble_->allowed(now)) : configured;
}

bool Limiter::can_open(Time now) const {
  return connections_ < connection_limit(now) && connection_rate_.has(1, now);
}

void Limiter::open(Time now) {
  PENSTOCK_CHECK(connections_ < connection_limit(now));
  PENSTOCK_CHECK(connection_rate_.try_take(1, now));
  ++connections_;
}

void Limiter::close() {
  PENSTOCK_CHECK(connections_ > 0);
  --connections_;
}

std::optional<Time> Limiter::next_open(Time now) const {
  const Time by_rate = connection_rate_.next_available(1, now);
  const std::uint32_t limit = connection_limit(now);
  if (limit == 0) return std::max(by_rate, trouble_->suspended_until());
  if (connections_ >= limit) return std::nullopt;
  return by_rate;
}

bool Limiter::can_send(std::uint32_t recipients, Time now) const {
  return message_rate_.has(recipients, now);
}

void Limiter::send(std::uint32_t recipients, Time now) {
  PENSTOCK_CHECK(message_rate_.try_take(recipients, now));
}

Time Limiter::next_send(std::uint32_t recipients, Time now) const {
  return message_rate_.next_available(recipients, now);
}

void Limiter::observe(const model::Outcome& outcome, Time now, Rng& rng) {
  if (!trouble_ || !is_connection_trouble(outcome)) return;
  const std::string cause = outcome.reply.code != 0 ? outcome.reply.to_string() : outcome.reply.text;
  trouble_->failed(cause, now, rng);
}

void Limiter::connected(Time now) {
  if (!trouble_) return;
  trouble_->succeeded(now);
  // Once recovery allows as much as the configuration does, there is nothing left to recover.
  const std::uint32_t allowed = trouble_->allowed(now);
  if (limits_.connections != 0 && allowed > 1 && allowed >= limits_.connections) trouble_->reset();
}

State Limiter::state(Time now) const {
  return trouble_ ? trouble_->state(now) : State::Normal;
}

Explanation Limiter::explain(Time now) const {
  Explanation what = trouble_ ? trouble_->explain(now) : Explanation{};
  what.scope = scope_;
  what.connections = connections_;
  what.connection_limit = connection_limit(now);
  return what;
}

void Limiter::reset() {
  if (trouble_) trouble_->reset();
}

void Limiter::set_limits(const Limits& limits, Time now) {
  if (limits.connection_rate != limits_.connection_rate) connection_rate_.set_rate(limits.connection_rate, 0, now);
  if (limits.message_rate != limits_.message_rate) message_rate_.set_rate(limits.message_rate, 0, now);
  limits_ = limits;
}

bool Limiter::idle(Time now) const {
  return connections_ == 0 && state(now) == State::Normal && connection_rate_.full(now) && message_rate_.full(now);
}

}  // namespace penstock::shaping
