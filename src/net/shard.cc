// SPDX-License-Identifier: Apache-2.0
#include "net/shard.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/this_coro.hpp>
#include <exception>

#include "base/check.h"
#include "base/log.h"

namespace penstock::net {

// A concurrency hint of 1 lets Asio skip locks that only several threads in one context would need.
Shard::Shard(std::size_t index) : index_(index), io_(1), work_(asio::make_work_guard(io_)) {
  every(WatchList::kTick, [this] { watches_.tick(std::chrono::steady_clock::now()); });
}

void Shard::spawn(std::string name, Task<> task) {
  asio::co_spawn(io_, std::move(task), [name = std::move(name)](const std::exception_ptr& problem) {
    if (!problem) return;
    try {
      std::rethrow_exception(problem);
    } catch (const std::exception& e) {
      log::error("net", "task {} ended by an exception: {}", name, e.what());
    }
  });
}

void Shard::every(Duration interval, std::function<void()> work) {
  struct Repeat {
    asio::basic_waitable_timer<std::chrono::steady_clock, asio::wait_traits<std::chrono::steady_clock>, Executor> timer;
    Duration interval;
    std::function<void()> work;
    static void arm(const std::shared_ptr<Repeat>& self) {
      self->timer.expires_after(self->interval);
      self->timer.async_wait([self](boost::system::error_code error) {
        if (error) return;
        self->work();
        arm(self);
      });
    }
  };
  Repeat::arm(std::make_shared<Repeat>(decltype(Repeat::timer)(io_.get_executor()), interval, std::move(work)));
}

void Shard::run() {
  thread_ = std::this_thread::get_id();
  io_.run();
}

Task<bool> sleep_for(Duration span) {
  asio::basic_waitable_timer<std::chrono::steady_clock, asio::wait_traits<std::chrono::steady_clock>, Executor> timer(
      co_await asio::this_coro::executor);
  timer.expires_after(span);
  const auto [error] = co_await timer.async_wait(kAwait);
  co_return static_cast<bool>(error);
}

ShardSet::ShardSet(std::size_t count) {
  PENSTOCK_CHECK(count >= 1);
  for (std::size_t i = 0; i < count; ++i) shards_.push_back(std::make_unique<Shard>(i));
}

ShardSet::~ShardSet() {
  stop();
}

void ShardSet::start() {
  for (auto& shard : shards_) threads_.emplace_back([&shard] { shard->run(); });
}

void ShardSet::stop() {
  for (auto& shard : shards_) shard->io_.stop();
  for (auto& thread : threads_) thread.join();
  threads_.clear();
}

}  // namespace penstock::net
