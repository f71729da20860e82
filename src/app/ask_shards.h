// SPDX-License-Identifier: Apache-2.0
// ask_shards: runs a question on every shard of the engine and gathers the answers. Blocks; from API threads only,
// never from a shard, and only while the shards run.
#pragma once

#include <exception>
#include <future>
#include <type_traits>
#include <utility>
#include <vector>

#include "delivery/engine.h"

namespace penstock::app {

// Runs `question(dispatcher)` on shard `index`.
template <class F>
auto ask_shard(delivery::Engine& engine, std::size_t index, F&& question) {
  using T = std::invoke_result_t<F&, delivery::Dispatcher&>;
  std::promise<T> answer;
  engine.shard(index).post([&] {
    try {
      if constexpr (std::is_void_v<T>) {
        question(engine.dispatcher(index));
        answer.set_value();
      } else {
        answer.set_value(question(engine.dispatcher(index)));
      }
    } catch (...) {
      answer.set_exception(std::current_exception());
    }
  });
  return answer.get_future().get();
}

// The answers in the order of the shards. `question` runs on one shard after the other, so it may gather into locals.
template <class F>
auto ask_shards(delivery::Engine& engine, F&& question) {
  using T = std::invoke_result_t<F&, delivery::Dispatcher&>;
  if constexpr (std::is_void_v<T>) {
    for (std::size_t i = 0; i < engine.count(); ++i) ask_shard(engine, i, question);
  } else {
    std::vector<T> answers;
    for (std::size_t i = 0; i < engine.count(); ++i) answers.push_back(ask_shard(engine, i, question));
    return answers;
  }
}

// Shows every queued recipient of every shard to `visit`, which runs on the shards, in slices between which mail goes
// on. `after_slice(shard)` runs on the caller's thread after each, and may ask that shard; when it returns false the
// scan ends.
template <class Visit, class After>
void scan_queues(delivery::Engine& engine, const Visit& visit, const After& after_slice) {
  constexpr std::size_t kSlice = 2000;
  for (std::size_t i = 0; i < engine.count(); ++i) {
    auto scan = ask_shard(engine, i, [](delivery::Dispatcher& dispatcher) { return dispatcher.begin_scan(); });
    bool more = true;
    while (more) {
      more = ask_shard(engine, i,
                       [&](delivery::Dispatcher& dispatcher) { return dispatcher.scan_slice(*scan, kSlice, visit); });
      if (!after_slice(i)) return;
    }
  }
}

}  // namespace penstock::app
