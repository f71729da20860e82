// SPDX-License-Identifier: Apache-2.0
// Current<T>: the one constant object in force, which a reload replaces while others still read the one before.
//
// Use:  Current<Policy> policy(std::make_shared<const Policy>(…));
//       const auto seen = policy.load();      // kept for one piece of work: it sees one policy from beginning to end
//       policy.store(std::make_shared<const Policy>(…));
// Instead of std::atomic<std::shared_ptr>: in libstdc++ of GCC 12 a load() lets go of its lock without release order,
// so the read of the pointer races with the next store(), and TSan tells (github.com/google/sanitizers issue 1558). A
// mutex costs the same two atomic operations.
//
// Threads: any may load and store.   Ownership: shared with those who have loaded it.   Limits, errors: none.
#pragma once

#include <memory>
#include <mutex>
#include <utility>

namespace penstock {

template <class T>
class Current {
 public:
  using Ptr = std::shared_ptr<const T>;

  explicit Current(Ptr object = nullptr) : object_(std::move(object)) {}

  [[nodiscard]] Ptr load() const {
    const std::lock_guard lock(mutex_);
    return object_;
  }
  void store(Ptr object) {
    const std::lock_guard lock(mutex_);
    object_.swap(object);  // the one before ends after the lock: a parameter outlives what is local
  }

 private:
  mutable std::mutex mutex_;
  Ptr object_;  // guarded by mutex_
};

}  // namespace penstock
