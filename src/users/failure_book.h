// SPDX-License-Identifier: Apache-2.0
// FailureBook: failed sign-ins by address: how long the answer to the next one is held back, and who is banned.
//
// Use:  if (const auto until = book.banned_until(peer, now)) turn away;
//       auto attempt = book.begin(peer, now, policy);   if (!attempt) wait, and ask again
//       … wrong: const Duration wait = book.failed(peer, now, policy);   attempt.reset();   wait, then say so
//       … right: book.succeeded(peer)
// The first failure costs `delay`, each further one twice as long, up to `delay_max`. `failures_max` of them within
// `window` ban the address for `ban`. No more passwords of one address are looked at side by side than may still be
// wrong before that: guesses made at once are as many as those made one after the other.
// IPv6 counts by /64: that is what one customer has.
// A success takes back one failure and not all: whoever has one good password must not use it to try others.
// Pure: time comes in.   Threads: any; one lock, taken at a sign-in only.   Ownership: outlives its attempts.
// Limits: kKept addresses; then those heard of longest ago are forgotten.
#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <utility>

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

  // The right to try one password. Move-only.
  class Attempt {
   public:
    Attempt(FailureBook& book, std::uint64_t key) : book_(&book), key_(key) {}
    Attempt(Attempt&& other) noexcept : book_(std::exchange(other.book_, nullptr)), key_(other.key_) {}
    Attempt& operator=(Attempt&&) = delete;
    ~Attempt() {
      if (book_ != nullptr) book_->end(key_);
    }

   private:
    FailureBook* book_;
    std::uint64_t key_;
  };

  // Nothing while as many are under way as may still fail.
  [[nodiscard]] std::optional<Attempt> begin(const IpAddress& address, Time now, const FailurePolicy& policy);
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
  void end(Key key);

  mutable std::mutex mutex_;
  boost::unordered_flat_map<Key, Failures> failures_;        // guarded by mutex_
  boost::unordered_flat_map<Key, std::uint32_t> under_way_;  // guarded by mutex_
};

}  // namespace penstock::users
