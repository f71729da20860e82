// SPDX-License-Identifier: Apache-2.0
#include "shaping/path_limiter.h"

#include <algorithm>

#include "base/check.h"

namespace penstock::shaping {
namespace {

// For a connection that opens now.
std::uint32_t take_messages(const std::vector<std::shared_ptr<Limiter>>& scopes, Time now) {
  Limits all;
  for (const auto& scope : scopes) {
    all = stricter(all, scope->limits());
    all = stricter(all, {.messages_per_connection = scope->message_cap().take(now)});
  }
  return all.messages_per_connection;
}

}  // namespace

ConnectionPermit& ConnectionPermit::operator=(ConnectionPermit&& other) noexcept {
  if (this == &other) return *this;
  release();
  held_ = std::exchange(other.held_, {});
  limits_ = std::exchange(other.limits_, {});
  messages_max_ = other.messages_max_;
  messages_ = other.messages_;
  return *this;
}

void ConnectionPermit::release() {
  for (const auto& limiter : held_) limiter->close();
  held_.clear();
  limits_.clear();
}

void ConnectionPermit::hold(HeldLimits limits, std::uint32_t messages_max) {
  if (messages_max != 0) messages_max_ = messages_max_ == 0 ? messages_max : std::min(messages_max_, messages_max);
  if (!limits.empty()) limits_.push_back(std::move(limits));
}

PathLimiter::PathLimiter(std::vector<std::shared_ptr<Limiter>> scopes) : scopes_(std::move(scopes)) {
  PENSTOCK_CHECK(!scopes_.empty());
  // A scope that stood twice would be asked once and charged twice.
  for (auto scope = scopes_.begin(); scope != scopes_.end(); ++scope) {
    PENSTOCK_CHECK(*scope != nullptr && std::find(scope + 1, scopes_.end(), *scope) == scopes_.end());
  }
}

std::optional<ConnectionPermit> PathLimiter::try_open(Time now) {
  const auto allows = [now](const auto& scope) { return scope->can_open(now); };
  if (!std::all_of(scopes_.begin(), scopes_.end(), allows)) return std::nullopt;
  for (const auto& scope : scopes_) scope->open(now);
  return ConnectionPermit(scopes_, take_messages(scopes_, now));
}

std::optional<Time> PathLimiter::next_open(Time now) const {
  Time latest = now;
  for (const auto& scope : scopes_) {
    const std::optional<Time> at = scope->next_open(now);
    if (!at) return std::nullopt;
    latest = std::max(latest, *at);
  }
  return latest;
}

bool PathLimiter::try_message(std::uint32_t recipients, Time now, std::uint64_t bytes) {
  const auto allows = [=](const auto& scope) { return scope->can_send(recipients, now, bytes); };
  if (!std::all_of(scopes_.begin(), scopes_.end(), allows)) return false;
  for (const auto& scope : scopes_) scope->send(recipients, now, bytes);
  return true;
}

Time PathLimiter::next_message(std::uint32_t recipients, Time now, std::uint64_t bytes) const {
  Time latest = now;
  for (const auto& scope : scopes_) latest = std::max(latest, scope->next_send(recipients, now, bytes));
  return latest;
}

void PathLimiter::give_back(std::uint32_t recipients, Time now) {
  for (const auto& scope : scopes_) scope->give_back(recipients, now);
}

std::uint32_t PathLimiter::recipients_per_message(std::uint32_t otherwise) const {
  Limits all;
  for (const auto& scope : scopes_) all = stricter(all, scope->limits());
  return all.recipients_per_message == 0 ? otherwise : all.recipients_per_message;
}

Limiter::Observed PathLimiter::observe(const model::Outcome& outcome, Time now, Rng& rng, const AttemptFacts& facts) {
  Limiter::Observed observed = Limiter::Observed::Undecided;
  for (const auto& scope : scopes_) observed = std::max(observed, scope->observe(outcome, now, rng, facts));
  return observed;
}

void PathLimiter::carried(std::uint32_t messages, Time now) {
  for (const auto& scope : scopes_) scope->message_cap().carried(messages, now);
}

void PathLimiter::ended(std::uint32_t messages, Time now) {
  for (const auto& scope : scopes_) scope->message_cap().ended(messages, now);
}

bool PathLimiter::refused(std::uint32_t messages, Time now) {
  bool tried_more = false;
  for (const auto& scope : scopes_) tried_more = scope->message_cap().refused(messages, now) || tried_more;
  return tried_more;
}

void PathLimiter::connected(Time now) {
  for (const auto& scope : scopes_) scope->connected(now);
}

void PathLimiter::abandoned(Time now) {
  for (const auto& scope : scopes_) scope->abandoned(now);
}

State PathLimiter::state(Time now) const {
  State worst = State::Normal;
  for (const auto& scope : scopes_) worst = std::max(worst, scope->state(now));
  return worst;
}

std::vector<Explanation> PathLimiter::explain(Time now) const {
  std::vector<Explanation> all;
  for (const auto& scope : scopes_) {
    if (scope->state(now) != State::Normal) all.push_back(scope->explain(now));
  }
  if (all.empty()) all.push_back(scopes_.front()->explain(now));
  return all;
}

}  // namespace penstock::shaping
