// SPDX-License-Identifier: Apache-2.0
#include "sim/receiver.h"

#include <algorithm>

namespace penstock::sim {

bool SourceGate::enter(const std::string& source, std::uint32_t max) {
  const std::lock_guard lock(mutex_);
  Client& client = clients_[source];
  if (max != 0 && client.connections >= max) return false;
  ++client.connections;
  return true;
}

void SourceGate::leave(const std::string& source) {
  const std::lock_guard lock(mutex_);
  --clients_[source].connections;
}

bool SourceGate::take_message(const std::string& source, const Rate& rate, Instant now) {
  const double per_second = rate.per_second();
  const double capacity = std::max(1.0, per_second);
  const std::lock_guard lock(mutex_);
  Client& client = clients_[source];
  if (client.tokens < 0) {
    client.tokens = capacity;
  } else {
    const double elapsed = std::chrono::duration<double>(now - client.filled).count();
    client.tokens = std::min(capacity, client.tokens + elapsed * per_second);
  }
  client.filled = now;
  if (client.tokens < 1) return false;
  client.tokens -= 1;
  return true;
}

Receiver::Receiver(std::uint32_t number, ReceiverSpec spec, std::uint64_t seed)
    : number_(number),
      spec_(std::move(spec)),
      seed_(seed ^ std::hash<std::string>{}(spec_.name)),
      base_(spec_.behaviour) {
  publish();
}

// With mutex_ held, or before anyone else knows the receiver.
void Receiver::publish() {
  auto made = std::make_shared<Behaviour>(base_);
  made->reactions.insert(made->reactions.begin(), added_.begin(), added_.end());
  current_ = std::move(made);
  version_.fetch_add(1, std::memory_order_release);
}

std::shared_ptr<const Behaviour> Receiver::behaviour() const {
  const std::lock_guard lock(mutex_);
  return current_;
}

void Receiver::replace(const Behaviour* behaviour) {
  const std::lock_guard lock(mutex_);
  base_ = behaviour ? *behaviour : spec_.behaviour;
  base_.lmtp = spec_.behaviour.lmtp;
  publish();
}

void Receiver::change(const std::function<void(Behaviour&)>& edit) {
  const std::lock_guard lock(mutex_);
  edit(base_);
  publish();
}

void Receiver::add(Reaction reaction) {
  const std::lock_guard lock(mutex_);
  added_.insert(added_.begin(), std::move(reaction));
  publish();
}

void Receiver::clear_added() {
  const std::lock_guard lock(mutex_);
  added_.clear();
  publish();
}

std::uint64_t Receiver::next_seed() {
  return seed_ + connections_.fetch_add(1, std::memory_order_relaxed) * 0xD1B54A32D192ED03ULL;
}

}  // namespace penstock::sim
