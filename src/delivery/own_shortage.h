// SPDX-License-Identifier: Apache-2.0
// OwnShortage: this machine had nothing left to open a connection with: descriptors, ports, memory. No receiver's
// fault, so no path is slowed for it and no attempt is counted; the operator has to know.
//
// Threads: any; one lock, taken when the system refuses.
#pragma once

#include <mutex>
#include <string>
#include <system_error>

#include "base/clock.h"

namespace penstock::delivery {

// Whether a failed connect says more of this machine than of the receiver. Ports that are all in use are told as
// address_not_available, as an address is that the machine does not have; the caller has to tell them apart.
[[nodiscard]] bool is_own_shortage(const std::error_code& error);

class OwnShortage {
 public:
  static constexpr Duration kLasts{std::chrono::minutes{1}};

  struct State {
    std::string words;  // of the last refusal
    Time since{};       // wall clock; of the first without a pause of kLasts
    Time last{};
    std::uint64_t count = 0;
  };
  // True: the first for a while, which the log should have.
  bool note(std::string words, Time wall);
  [[nodiscard]] State state() const;

 private:
  mutable std::mutex mutex_;
  State state_;
};

}  // namespace penstock::delivery
