// SPDX-License-Identifier: Apache-2.0
// Runs coroutines of a shard on the test's own thread, so that a test decides when anything happens.
#pragma once

#include <boost/asio/co_spawn.hpp>
#include <exception>
#include <memory>
#include <optional>
#include <utility>

#include "net/shard.h"
#include "net/task.h"

namespace penstock::dns {

// Starts the task and runs what can run now. The result is empty while the task waits for something.
template <class T>
std::shared_ptr<std::optional<T>> start(net::Shard& shard, net::Task<T> task) {
  auto result = std::make_shared<std::optional<T>>();
  net::asio::co_spawn(shard.io(), std::move(task), [result](const std::exception_ptr& problem, T value) {
    if (problem) std::rethrow_exception(problem);
    *result = std::move(value);
  });
  shard.io().poll();
  return result;
}

// Runs the task to its end. Waits for other threads where it must.
template <class T>
T run(net::Shard& shard, net::Task<T> task) {
  const auto result = start(shard, std::move(task));
  while (!*result) shard.io().run_one();
  return std::move(**result);
}

}  // namespace penstock::dns
