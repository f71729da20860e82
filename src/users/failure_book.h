// SPDX-License-Identifier: Apache-2.0
// FailureBook: failed sign-ins by address: how long the answer to the next one is held back, and who is banned.
//
// Use:  if (const auto until = book.banned_until(peer, now)) turn away;
//       … wrong: const Duration wait = book.failed(peer, now, policy);   wait, then say so
//       … right: book.succeeded(peer)
// The first failure costs `delay`, each further one twice as long, up to `delay_max`. `failures_max` of them within
// `window` ban the address for `ban`. IPv6 counts by /64: that is what one customer has.
// A success takes back one failure and not all: whoever has one good password must not use it to try others.
// Pure: time comes in.   Threads: any; one lock, taken at a sign-in only.
// Limits: kKept addresses; then those heard of longest ago are forgotten.
#pragma once

#include <cstdint>
#include <mutex>
#include <optional>

#include <boost/unordered/unordered_flat_map.hpp>

#include "base/clock.h"
#include "base/ip_network.h"

namespace penstock::users {

struct FailurePolicy {
  std::uint32_t failures_max = 10;
  Duration window{std::chrono::minutes{10}};
  Duration ban{std::chrono::minutes{15}};
  Duration delay{std::chrono::seconds{1}};
  Duration delay_max{std::chrono::seconds{10}};
};

class FailureBook {
 public:
  static constexpr std::size_t kKept = 50'000;

  // Counts it; how long the refusal is to be held back.
  Duration failed(const IpAddress& address, Time now, const FailurePolicy& policy);
  void succeeded(const IpAddress& address);
  [[nodiscard]] std::optional<Time> banned_until(const IpAddress& address, Time now) const;
  [[nodiscard]] std::size_t banned(Time now) const;

 private:
  using Key = std::uint64_t;
  struct Failures {
    std::uint32_t count = 0;
    Time last;
    Time banned_until;
  };
  [[nodiscard]] static Key key_of(const IpAddress& address);
  void make_room(Time now, Duration window);

  mutable std::mutex mutex_;
  boost::unordered_flat_map<Key, Failures> failures_;  // guarded by mutex_
};

}  // namespace penstock::users
