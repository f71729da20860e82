// SPDX-License-Identifier: Apache-2.0
#include "shaping/shared_limit.h"

#include <algorithm>
#include <limits>

#include "base/check.h"

namespace penstock::shaping {
namespace {

constexpr double kSliceSeconds = 0.02;
constexpr double kBurstForSlices = 0.5;  // of a second, over all shards
constexpr std::uint32_t kMost = 1'000'000'000;

double flow_rate(const Limits& limits, SharedLimit::Flow flow) {
  switch (flow) {
    case SharedLimit::Flow::Recipients: return limits.message_rate.per_second();
    case SharedLimit::Flow::Messages: return limits.transaction_rate.per_second();
    case SharedLimit::Flow::Bytes: return limits.byte_rate.per_second();
  }
  PENSTOCK_UNREACHABLE();
}

std::uint32_t bytes_in(std::uint64_t bytes) {
  return static_cast<std::uint32_t>(std::min<std::uint64_t>(bytes, kMost));
}

}  // namespace

SharedLimit::SharedLimit(std::string scope, const Limits& limits, std::size_t shards, Time now)
    : scope_(std::move(scope)), shards_(std::max<std::size_t>(1, shards)) {
  apply(limits, now);
}

// A burst is a second's worth, less what the shards may have in their purses.
void SharedLimit::apply(const Limits& limits, Time now) {
  limits_ = limits;
  connection_rate_.set_rate(limits.connection_rate, 0, now);
  const std::array<Rate, kFlows> rates{limits.message_rate, limits.transaction_rate, limits.byte_rate};
  for (std::size_t i = 0; i < kFlows; ++i) {
    const double second = rates[i].per_second();
    const double purses = static_cast<double>(slice_of(static_cast<Flow>(i))) * static_cast<double>(shards_);
    const double burst = std::clamp(second - purses, 1.0, static_cast<double>(kMost));
    flows_[i].set_rate(rates[i], static_cast<std::uint32_t>(burst), now);
  }
}

std::uint32_t SharedLimit::slice_of(Flow flow) const {
  const double seconds = std::min(kSliceSeconds, kBurstForSlices / static_cast<double>(shards_));
  return static_cast<std::uint32_t>(std::min(flow_rate(limits_, flow) * seconds, static_cast<double>(kMost)));
}

void SharedLimit::set_limits(const Limits& limits, Time now) {
  const std::lock_guard lock(mutex_);
  if (!(limits == limits_)) apply(limits, now);
}

Limits SharedLimit::limits() const {
  const std::lock_guard lock(mutex_);
  return limits_;
}

bool SharedLimit::take_slot(Time now) {
  const std::lock_guard lock(mutex_);
  const bool full = limits_.connections != 0 && slots_ >= limits_.connections;
  if (full || !connection_rate_.try_take(1, now)) {
    ++refused_;
    return false;
  }
  ++slots_;
  return true;
}

void SharedLimit::give_slot(bool used, Time now) {
  const std::lock_guard lock(mutex_);
  PENSTOCK_CHECK(slots_ > 0);
  --slots_;
  if (!used) connection_rate_.give_back(1, now);
}

std::optional<Time> SharedLimit::next_slot(Time now) const {
  const std::lock_guard lock(mutex_);
  if (limits_.connections != 0 && slots_ >= limits_.connections) return std::nullopt;
  return connection_rate_.next_available(1, now);
}

std::uint32_t SharedLimit::draw(Flow flow, std::uint32_t need, Time now) {
  const std::lock_guard lock(mutex_);
  TokenBucket& from = bucket(flow);
  if (from.unlimited()) return need;
  const std::uint32_t wanted = now < contested_until_ ? need : std::max(need, slice_of(flow));
  if (from.try_take(wanted, now)) return wanted;
  if (wanted > need && from.try_take(need, now)) return need;
  ++refused_;
  contested_until_ = now + kContested;
  return 0;
}

Time SharedLimit::next(Flow flow, std::uint32_t need, Time now) const {
  const std::lock_guard lock(mutex_);
  return bucket(flow).next_available(need, now);
}

std::uint32_t SharedLimit::available(Flow flow, Time now) const {
  const std::lock_guard lock(mutex_);
  return bucket(flow).unlimited() ? kUnlimited : bucket(flow).available(now);
}

std::uint32_t SharedLimit::free_slots() const {
  const std::lock_guard lock(mutex_);
  if (limits_.connections == 0) return kUnlimited;
  return limits_.connections - std::min(slots_, limits_.connections);
}

SharedLimit::View SharedLimit::view() const {
  const std::lock_guard lock(mutex_);
  return {limits_, slots_, refused_};
}

bool SharedLimit::idle(Time now) const {
  const std::lock_guard lock(mutex_);
  return slots_ == 0 && connection_rate_.full(now) &&
         std::all_of(flows_.begin(), flows_.end(), [now](const TokenBucket& one) { return one.full(now); });
}

LimitLease::LimitLease(std::shared_ptr<SharedLimit> limit, bool counts_transactions)
    : limit_(std::move(limit)), counts_transactions_(counts_transactions), limits_(limit_->limits()) {}

LimitLease::~LimitLease() {
  PENSTOCK_CHECK(in_use_ == 0);
  drop_spare(Time{});
}

bool LimitLease::can_open(Time now) {
  if (limits_.connections == 0 && limits_.connection_rate.count <= 0) return true;
  if (spare_ > 0) return true;
  if (!limit_->take_slot(now)) return false;
  ++spare_;
  return true;
}

bool LimitLease::open() {
  if (spare_ == 0) return false;
  --spare_;
  ++in_use_;
  return true;
}

void LimitLease::close(Time now) {
  PENSTOCK_CHECK(in_use_ > 0);
  --in_use_;
  limit_->give_slot(true, now);
}

void LimitLease::drop_spare(Time now) {
  for (; spare_ > 0; --spare_) limit_->give_slot(false, now);
}

std::optional<Time> LimitLease::next_open(Time now) const {
  if (spare_ > 0) return now;
  return limit_->next_slot(now);
}

bool LimitLease::have(SharedLimit::Flow flow, std::uint32_t need, Time now) {
  if (flow_rate(limits_, flow) <= 0) return true;
  std::uint32_t& purse = purse_[static_cast<std::size_t>(flow)];
  if (purse >= need) return true;
  const std::uint32_t drawn = limit_->draw(flow, need - purse, now);
  purse = std::min(kMost, purse + drawn);
  return purse >= need;
}

bool LimitLease::can_send(std::uint32_t recipients, std::uint64_t bytes, Time now) {
  return have(SharedLimit::Flow::Messages, 1, now) && have(SharedLimit::Flow::Recipients, recipients, now) &&
         have(SharedLimit::Flow::Bytes, bytes_in(bytes), now);
}

void LimitLease::send(std::uint32_t recipients, std::uint64_t bytes) {
  const std::array<std::uint32_t, SharedLimit::kFlows> amounts{recipients, 1, bytes_in(bytes)};
  for (std::size_t i = 0; i < amounts.size(); ++i) {
    if (flow_rate(limits_, static_cast<SharedLimit::Flow>(i)) <= 0) continue;
    PENSTOCK_CHECK(purse_[i] >= amounts[i]);
    purse_[i] -= amounts[i];
  }
}

// Into the purse: it was drawn, so the limit lets others have no more for it than before.
void LimitLease::give_back(std::uint32_t recipients, std::uint64_t bytes) {
  const std::array<std::uint32_t, SharedLimit::kFlows> amounts{recipients, 1, bytes_in(bytes)};
  for (std::size_t i = 0; i < amounts.size(); ++i) {
    if (flow_rate(limits_, static_cast<SharedLimit::Flow>(i)) > 0) purse_[i] = std::min(kMost, purse_[i] + amounts[i]);
  }
}

std::uint32_t LimitLease::room(std::uint64_t bytes, Time now) const {
  const std::array<std::uint32_t, SharedLimit::kFlows> each{1, 1, std::max(1U, bytes_in(bytes))};
  std::uint32_t room = limit_->free_slots();
  for (std::size_t i = 0; i < each.size(); ++i) {
    const auto flow = static_cast<SharedLimit::Flow>(i);
    if (flow_rate(limits_, flow) <= 0) continue;
    const std::uint64_t there = std::uint64_t{purse_[i]} + limit_->available(flow, now);
    // A message above the burst goes when the bucket is full.
    const std::uint32_t fit = static_cast<std::uint32_t>(std::min<std::uint64_t>(there / each[i], kMost));
    room = std::min(room, fit == 0 && limit_->next(flow, each[i], now) <= now ? 1U : fit);
  }
  return room;
}

Time LimitLease::next_send(std::uint32_t recipients, std::uint64_t bytes, Time now) const {
  const std::array<std::uint32_t, SharedLimit::kFlows> amounts{recipients, 1, bytes_in(bytes)};
  Time latest = now;
  for (std::size_t i = 0; i < amounts.size(); ++i) {
    const auto flow = static_cast<SharedLimit::Flow>(i);
    if (flow_rate(limits_, flow) <= 0 || purse_[i] >= amounts[i]) continue;
    latest = std::max(latest, limit_->next(flow, amounts[i] - purse_[i], now));
  }
  return latest;
}

void LimitLease::set_limits(const Limits& limits, Time now) {
  if (limits == limits_) return;
  limits_ = limits;
  limit_->set_limits(limits, now);
  purse_ = {};
}

HeldLimits& HeldLimits::operator=(HeldLimits&& other) noexcept {
  if (this == &other) return *this;
  release();
  clock_ = other.clock_;
  held_ = std::exchange(other.held_, {});
  return *this;
}

bool HeldLimits::take(const std::vector<LeasePtr>& leases, const Clock& clock) {
  clock_ = &clock;
  const Time now = clock.now();
  const bool all = std::all_of(leases.begin(), leases.end(), [now](const LeasePtr& one) { return one->can_open(now); });
  for (const LeasePtr& lease : leases) {
    if (!all) {
      lease->drop_spare(now);
    } else if (lease->open()) {
      held_.push_back(lease);
    }
  }
  return all;
}

void HeldLimits::release() {
  for (const LeasePtr& lease : held_) lease->close(clock_->now());
  held_.clear();
}

}  // namespace penstock::shaping
