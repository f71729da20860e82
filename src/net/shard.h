// SPDX-License-Identifier: Apache-2.0
// Shard: one thread with one io_context, owner of everything that lives on it. ShardSet: all of a process.
//
// State that belongs to a shard is touched on that shard only; others hand it work with post(). Nothing on a shard may
// block for long: queries of operators run on threads of their own.
//
// Use:  ShardSet shards(2);  shards[0].spawn("greeter", serve(shards[0]));  shards.start();  …  shards.stop();
// Threads: post() and spawn() from any; the rest on the shard, or before start().
// Errors: an exception that leaves a spawned task is logged with its name and counted; it ends that task alone.
#pragma once

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "net/task.h"
#include "net/watch.h"

namespace penstock::net {

class Shard {
 public:
  explicit Shard(std::size_t index);
  Shard(const Shard&) = delete;
  Shard& operator=(const Shard&) = delete;

  [[nodiscard]] std::size_t index() const { return index_; }
  [[nodiscard]] asio::io_context& io() { return io_; }
  [[nodiscard]] bool is_current() const { return thread_ == std::this_thread::get_id(); }
  // Deadlines of the streams that live here.
  [[nodiscard]] WatchList& watches() { return watches_; }

  // Runs `work` on the shard, in the order posted by one thread. Never blocks.
  template <class F>
  void post(F work) {
    asio::post(io_, std::move(work));
  }
  // Runs the task on the shard until it ends by itself.
  void spawn(std::string name, Task<> task);
  // Calls `work` on the shard every `interval`, from one interval from now until the shard stops.
  void every(Duration interval, std::function<void()> work);

 private:
  friend class ShardSet;
  void run();

  const std::size_t index_;
  WatchList watches_;  // outlives io_, whose suspended coroutines hold watches
  asio::io_context io_;
  asio::executor_work_guard<Executor> work_;
  std::thread::id thread_;
};

// Ends after `span` at the earliest; true if the wait was cut short because the shard stops.
Task<bool> sleep_for(Duration span);

class ShardSet {
 public:
  // `count` of at least 1. Nothing runs before start().
  explicit ShardSet(std::size_t count);
  // Stops and joins.
  ~ShardSet();
  ShardSet(const ShardSet&) = delete;
  ShardSet& operator=(const ShardSet&) = delete;

  void start();
  // Ends all threads; what is still running on a shard is abandoned there. Orderly ends come before, by each service.
  void stop();
  [[nodiscard]] std::size_t size() const { return shards_.size(); }
  // Between start() and stop(). For the thread that calls these.
  [[nodiscard]] bool runs() const { return !threads_.empty(); }
  [[nodiscard]] Shard& operator[](std::size_t index) { return *shards_[index]; }
  // The shard that owns what has this hash.
  [[nodiscard]] Shard& by_hash(std::size_t hash) { return *shards_[hash % shards_.size()]; }

 private:
  std::vector<std::unique_ptr<Shard>> shards_;
  std::vector<std::thread> threads_;
};

}  // namespace penstock::net
