// SPDX-License-Identifier: Apache-2.0
#include "http/workers.h"

#include <pthread.h>

#include "base/check.h"

namespace penstock::http {

Workers::Workers(std::size_t threads, const std::string& name) {
  PENSTOCK_CHECK(threads >= 1);
  for (std::size_t i = 0; i < threads; ++i) {
    threads_.emplace_back([this] { work(); });
    ::pthread_setname_np(threads_.back().native_handle(), (name + std::to_string(i)).substr(0, 15).c_str());
  }
}

Workers::~Workers() {
  stop();
}

void Workers::submit(std::function<void()> job) {
  {
    const std::lock_guard lock(mutex_);
    waiting_.push_back(std::move(job));
  }
  wake_.notify_one();
}

void Workers::work() {
  while (true) {
    std::function<void()> job;
    {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
      if (stopping_) return;
      job = std::move(waiting_.front());
      waiting_.pop_front();
    }
    job();
  }
}

void Workers::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
  // Dropping a job ends the coroutine that waits for it; the shards have been stopped, so no thread runs it.
  waiting_.clear();
}

}  // namespace penstock::http
