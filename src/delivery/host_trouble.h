// SPDX-License-Identifier: Apache-2.0
// HostTrouble: addresses that could not be used lately, so that a dead host is tried last and not first each time.
//
// Only the order of a host's addresses changes; nothing is left out, and no limit depends on it (see shaping for that).
// Threads: the shard's.   Limits: kKept addresses.
#pragma once

#include <string_view>

#include "base/clock.h"
#include "dns/expiring_cache.h"

namespace penstock::delivery {

class HostTrouble {
 public:
  static constexpr std::size_t kKept = 10'000;
  static constexpr Duration kRemembered{std::chrono::minutes{2}};

  void failed(std::string_view address, Time now) { known_.put(address, 1, now + kRemembered, now); }
  void worked(std::string_view address) {
    if (known_.size() != 0) known_.erase(address);
  }
  [[nodiscard]] bool in_trouble(std::string_view address, Time now) {
    return known_.size() != 0 && known_.find(address, now) != nullptr;
  }

 private:
  dns::ExpiringCache<char> known_{kKept};
};

}  // namespace penstock::delivery
