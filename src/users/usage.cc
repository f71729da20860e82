// SPDX-License-Identifier: Apache-2.0
#include "users/usage.h"

#include <algorithm>

namespace penstock::users {

std::int64_t day_of(Time wall) {
  return std::chrono::floor<std::chrono::days>(wall).time_since_epoch().count();
}

std::optional<Usage::Place> Usage::connect(const User& user) {
  const std::lock_guard lock(mutex_);
  One& one = users_[user.name];
  if (user.connections != 0 && one.connections >= user.connections) return std::nullopt;
  ++one.connections;
  return std::optional<Place>(std::in_place, *this, user.name);
}

void Usage::disconnect(const std::string& name) {
  const std::lock_guard lock(mutex_);
  const auto found = users_.find(name);
  if (found != users_.end() && found->second.connections > 0) --found->second.connections;
}

Duration Usage::begin_message(const User& user, Time now) {
  if (user.message_rate.count <= 0) return Duration::zero();
  const std::lock_guard lock(mutex_);
  One& one = users_[user.name];
  if (!(one.rate == user.message_rate)) {
    one.rate = user.message_rate;
    one.bucket = shaping::TokenBucket(one.rate);
  }
  if (one.bucket.try_take(1, now)) return Duration::zero();
  return std::max(one.bucket.next_available(1, now) - now, Duration{1});
}

bool Usage::has_recipients(const User& user, std::uint64_t count, Time wall) const {
  return user.recipients_per_day == 0 || recipients_today(user.name, wall) + count <= user.recipients_per_day;
}

bool Usage::take_recipients(const User& user, std::uint64_t count, Time wall) {
  const std::lock_guard lock(mutex_);
  One& one = users_[user.name];
  if (one.day != day_of(wall)) {
    one.day = day_of(wall);
    one.recipients = 0;
  }
  if (user.recipients_per_day != 0 && one.recipients + count > user.recipients_per_day) return false;
  one.recipients += count;
  one.changed = true;
  return true;
}

void Usage::give_back(const User& user, std::uint64_t count, Time wall) {
  const std::lock_guard lock(mutex_);
  const auto found = users_.find(user.name);
  if (found == users_.end() || found->second.day != day_of(wall)) return;
  found->second.recipients -= std::min(count, found->second.recipients);
  found->second.changed = true;
}

std::uint64_t Usage::recipients_today(const std::string& name, Time wall) const {
  const std::lock_guard lock(mutex_);
  const auto found = users_.find(name);
  return found == users_.end() || found->second.day != day_of(wall) ? 0 : found->second.recipients;
}

std::uint32_t Usage::connections(const std::string& name) const {
  const std::lock_guard lock(mutex_);
  const auto found = users_.find(name);
  return found == users_.end() ? 0 : found->second.connections;
}

std::vector<DayCount> Usage::take_changed() {
  const std::lock_guard lock(mutex_);
  std::vector<DayCount> changed;
  for (auto& [name, one] : users_) {
    if (std::exchange(one.changed, false)) changed.push_back({name, one.day, one.recipients});
  }
  return changed;
}

void Usage::restore(const DayCount& count) {
  const std::lock_guard lock(mutex_);
  One& one = users_[count.name];
  one.day = count.day;
  one.recipients = count.recipients;
}

// One who is connected is remembered until he has gone: his places count down.
void Usage::forget(const std::string& name) {
  const std::lock_guard lock(mutex_);
  const auto found = users_.find(name);
  if (found == users_.end()) return;
  if (found->second.connections == 0) {
    users_.erase(found);
  } else {
    found->second.recipients = 0;
    found->second.changed = false;
  }
}

}  // namespace penstock::users
