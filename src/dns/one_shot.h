// SPDX-License-Identifier: Apache-2.0
// OneShot: lets coroutines of one shard wait until something has happened.
//
// Use:  co_await one_shot->wait(one_shot);   …   one_shot->fire();     // on the same shard
// Ownership: hold it by shared_ptr; it keeps nothing of the shard, so it may outlive it.   Threads: the shard's.
// Limits: no deadline of its own. Whoever is to fire it must have one.
#pragma once

#include <memory>
#include <vector>

#include "net/task.h"

namespace penstock::dns {

class OneShot {
 public:
  // Returns at once if fired already. `self` keeps the object alive while waiting.
  static net::Task<> wait(std::shared_ptr<OneShot> self);
  // Wakes all who wait; they go on once the caller gives up control.
  void fire();
  [[nodiscard]] bool fired() const { return fired_; }

 private:
  struct Waiter;
  std::vector<Waiter*> waiters_;  // each lives in the frame of a waiting coroutine and takes itself out
  bool fired_ = false;
};

}  // namespace penstock::dns
