// SPDX-License-Identifier: Apache-2.0
#include "users/failure_book.h"

#include <algorithm>
#include <vector>

namespace penstock::users {

FailureBook::Key FailureBook::key_of(const IpAddress& address) {
  Key key = 0;
  for (std::size_t i = 0; i < 8; ++i) key = key << 8U | address.bytes[i];
  // An IPv4 address leaves the low half empty; no /64 of IPv6 in use looks like that.
  return address.v6 ? key : key | 1U;
}

std::optional<FailureBook::Attempt> FailureBook::begin(const IpAddress& address, Time now,
                                                       const FailurePolicy& policy) {
  const Key key = key_of(address);
  const std::lock_guard lock(mutex_);
  const auto found = failures_.find(key);
  const bool counts = found != failures_.end() && now - found->second.last <= policy.window;
  std::uint32_t& under_way = under_way_[key];
  if (under_way > 0 && under_way + (counts ? found->second.count : 0) >= policy.failures_max) return std::nullopt;
  ++under_way;
  return std::optional<Attempt>(std::in_place, *this, key);
}

void FailureBook::end(Key key) {
  const std::lock_guard lock(mutex_);
  const auto entry = under_way_.find(key);
  if (--entry->second == 0) under_way_.erase(entry);
}

Duration FailureBook::failed(const IpAddress& address, Time now, const FailurePolicy& policy) {
  const std::lock_guard lock(mutex_);
  if (failures_.size() >= kKept) make_room(now, policy.window);
  Failures& failures = failures_[key_of(address)];
  if (now - failures.last > policy.window) failures.count = 0;
  failures.last = now;
  ++failures.count;
  if (failures.count >= policy.failures_max) {
    failures.banned_until = now + policy.ban;
    failures.count = 0;
    return policy.delay_max;
  }
  Duration wait = policy.delay;
  for (std::uint32_t i = 1; i < failures.count && wait < policy.delay_max; ++i) wait *= 2;
  return std::min(wait, policy.delay_max);
}

void FailureBook::succeeded(const IpAddress& address) {
  const std::lock_guard lock(mutex_);
  const auto found = failures_.find(key_of(address));
  if (found != failures_.end() && found->second.count > 0) --found->second.count;
}

std::optional<Time> FailureBook::banned_until(const IpAddress& address, Time now) const {
  const std::lock_guard lock(mutex_);
  const auto found = failures_.find(key_of(address));
  if (found == failures_.end() || found->second.banned_until <= now) return std::nullopt;
  return found->second.banned_until;
}

std::size_t FailureBook::banned(Time now) const {
  const std::lock_guard lock(mutex_);
  return static_cast<std::size_t>(std::count_if(failures_.begin(), failures_.end(),
                                                [now](const auto& each) { return each.second.banned_until > now; }));
}

// What has no effect any more goes first; when all has, the older half.
void FailureBook::make_room(Time now, Duration window) {
  boost::unordered::erase_if(
      failures_, [&](const auto& each) { return each.second.banned_until <= now && now - each.second.last > window; });
  if (failures_.size() < kKept) return;
  std::vector<Time> heard;
  for (const auto& [key, failures] : failures_) heard.push_back(failures.last);
  const auto middle = heard.begin() + static_cast<std::ptrdiff_t>(heard.size() / 2);
  std::nth_element(heard.begin(), middle, heard.end());
  const Time limit = *middle;
  boost::unordered::erase_if(failures_, [limit](const auto& each) { return each.second.last <= limit; });
}

}  // namespace penstock::users
