// SPDX-License-Identifier: Apache-2.0
#include "dns/one_shot.h"

#include <algorithm>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>

namespace penstock::dns {

namespace asio = net::asio;

// A timer that never expires by itself; fire() cancels it.
struct OneShot::Waiter {
  using Clock = std::chrono::steady_clock;
  Waiter(std::shared_ptr<OneShot> to, const net::Executor& executor)
      : one_shot(std::move(to)), timer(executor, Clock::time_point::max()) {
    one_shot->waiters_.push_back(this);
  }
  ~Waiter() { std::erase(one_shot->waiters_, this); }
  Waiter(const Waiter&) = delete;
  Waiter& operator=(const Waiter&) = delete;

  std::shared_ptr<OneShot> one_shot;
  asio::basic_waitable_timer<Clock, asio::wait_traits<Clock>, net::Executor> timer;
};

net::Task<> OneShot::wait(std::shared_ptr<OneShot> self) {
  if (self->fired_) co_return;
  Waiter waiter(std::move(self), co_await asio::this_coro::executor);
  co_await waiter.timer.async_wait(net::kAwait);
}

void OneShot::fire() {
  fired_ = true;
  for (Waiter* waiter : waiters_) waiter->timer.cancel();
}

}  // namespace penstock::dns
