// SPDX-License-Identifier: Apache-2.0
// Watch: a deadline on something that may hang. WatchList: all deadlines of one shard, looked at once a tick.
//
// A timer per read would cost a heap operation each; a deadline here is one store. In exchange a deadline fires up to
// one tick late (kTick), which is nothing to an SMTP time-out.
//
// Threads: the shard's.   Ownership: a Watch is a member of what it watches and unlinks itself when destroyed.
#pragma once

#include <boost/intrusive/list.hpp>
#include <chrono>
#include <functional>

namespace penstock::net {

class Watch : public boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
 public:
  using Instant = std::chrono::steady_clock::time_point;
  // `on_expiry` runs once per set deadline; it may destroy the watch.
  explicit Watch(std::function<void()> on_expiry) : on_expiry_(std::move(on_expiry)) {}

  void set(std::chrono::microseconds from_now) {
    deadline_ = std::chrono::steady_clock::now() + from_now;
    expired_ = false;
  }
  void clear() { deadline_ = Instant::max(); }
  // True from the moment the deadline passed until the next set().
  [[nodiscard]] bool expired() const { return expired_; }

 private:
  friend class WatchList;
  std::function<void()> on_expiry_;
  Instant deadline_ = Instant::max();
  bool expired_ = false;
};

class WatchList {
 public:
  static constexpr std::chrono::milliseconds kTick{200};
  void add(Watch& watch) { watches_.push_back(watch); }
  // Fires what is due.
  void tick(Watch::Instant now);

 private:
  boost::intrusive::list<Watch, boost::intrusive::constant_time_size<false>> watches_;
};

}  // namespace penstock::net
