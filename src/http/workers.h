// SPDX-License-Identifier: Apache-2.0
// Workers: a few threads for what may block (file reads, look-ups of an operator), so that no shard does.
//
// Use:  Workers workers(2, "api");
//       Response r = co_await workers.run([&] { return slow_answer(request); });   // goes on on the caller's shard
// Threads: run() from any shard. `work` runs on a worker and may refer to locals of the awaiting coroutine.
//   stop() from elsewhere, after the shards have stopped and before they are destroyed.
// Errors: an exception of `work` comes out of the co_await.
// Limits: work waits in line without bound; the callers are bounded (ServerOptions::connections_max).
#pragma once

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <condition_variable>
#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <type_traits>
#include <vector>

#include "net/task.h"

namespace penstock::http {

class Workers {
 public:
  // `threads` of at least 1; `name` and a number are what tools such as top show, cut to 15 characters.
  Workers(std::size_t threads, const std::string& name);
  ~Workers();
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;

  // Runs work() on a worker and gives its result, which cannot be void. The coroutine goes on where it was.
  template <class F>
  net::Task<std::invoke_result_t<F&>> run(F work);
  // Finishes what has begun, drops what waits and the coroutines that wait for it, joins.
  void stop();

 private:
  void submit(std::function<void()> job);
  void work();

  std::mutex mutex_;
  std::condition_variable wake_;
  // Guarded by mutex_.
  std::deque<std::function<void()>> waiting_;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

template <class F>
net::Task<std::invoke_result_t<F&>> Workers::run(F work) {
  using T = std::invoke_result_t<F&>;
  std::optional<T> result;
  std::exception_ptr problem;
  // Called once the coroutine is suspended, with the handler that resumes it.
  auto initiate = [&](auto handler) {
    // std::function wants copies; the handler can only be moved.
    auto shared = std::make_shared<decltype(handler)>(std::move(handler));
    auto executor = net::asio::get_associated_executor(*shared);
    submit([&work, &result, &problem, shared, guard = net::asio::make_work_guard(executor), executor] {
      try {
        result.emplace(work());
      } catch (...) {
        problem = std::current_exception();
      }
      // Resumes on the shard; if that has stopped, the handler is destroyed with it.
      net::asio::post(executor, [shared] { std::move (*shared)(); });
    });
  };
  co_await net::asio::async_initiate<const net::asio::use_awaitable_t<net::Executor>, void()>(
      initiate, net::asio::use_awaitable_t<net::Executor>{});
  if (problem) std::rethrow_exception(problem);
  co_return std::move(*result);
}

}  // namespace penstock::http
