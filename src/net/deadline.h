// SPDX-License-Identifier: Apache-2.0
// Deadline: the moment by which something must be here that may come in pieces: a reply, a command, a message.
//
// A time-out given to each read anew would start again with each byte, and a peer that drips would never be late.
// Use:  const Deadline deadline(timeout);   while (…) co_await stream.read_some(buffer, deadline.left());
// Threads: any.   Costs: a look at the steady clock when made and at each left(); no timer.
#pragma once

#include <chrono>

#include "base/clock.h"

namespace penstock::net {

class Deadline {
 public:
  using Instant = std::chrono::steady_clock::time_point;

  explicit Deadline(Duration timeout, Instant now = std::chrono::steady_clock::now()) : at_(now + timeout) {}
  // Zero or less: it has passed. Stream::read_some then times out at once, whatever there is to read.
  [[nodiscard]] Duration left(Instant now = std::chrono::steady_clock::now()) const {
    return std::chrono::duration_cast<Duration>(at_ - now);
  }

 private:
  Instant at_;
};

}  // namespace penstock::net
