// SPDX-License-Identifier: Apache-2.0
// WriteTime: how long a peer may take for what is written to it: some bytes within each time-out, and all of them
// within one time-out and what they take at kLeastWriteRate. Else a peer that takes a byte now and then would hold a
// connection, and the message, for as long as it likes. Private to net.
//
// Use:  const WriteTime time(bytes, timeout);   while (…) { watch.set(time.left()); … }
// Threads: any.   Costs: as of Deadline.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "net/deadline.h"

namespace penstock::net {

inline constexpr std::size_t kLeastWriteRate = 4096;  // bytes a second

class WriteTime {
 public:
  using Instant = Deadline::Instant;

  WriteTime(std::size_t bytes, Duration timeout, Instant now = std::chrono::steady_clock::now())
      : timeout_(timeout), whole_(timeout + time_for(bytes), now) {}
  // For the next bytes; zero or less: the whole has taken too long.
  [[nodiscard]] Duration left(Instant now = std::chrono::steady_clock::now()) const {
    return std::min(timeout_, whole_.left(now));
  }

 private:
  static Duration time_for(std::size_t bytes) {
    return Duration{static_cast<std::int64_t>(bytes) * 1'000'000 / static_cast<std::int64_t>(kLeastWriteRate)};
  }

  Duration timeout_;
  Deadline whole_;
};

}  // namespace penstock::net
