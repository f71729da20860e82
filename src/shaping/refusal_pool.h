// SPDX-License-Identifier: Apache-2.0
// RefusalPool: refusals that some paths may cause because others caused fewer than they were allowed.
//
// Each answer is worth a part of a refusal (AdaptivePolicy::refused_share). A receiver that takes hundreds a second
// needs few of those until its limit is known; one that takes three a second would have to wait for minutes from one
// look for more to the next. So what the first leaves over is put here, and the second looks sooner while there is
// some. The share of all that is refused stays the same. Pure.   Threads: that of the paths which share it.
#pragma once

#include <algorithm>

namespace penstock::shaping {

class RefusalPool {
 public:
  // Negative: refusals nobody had saved for.
  void add(double refusals) { balance_ = std::clamp(balance_ + refusals, -kOwedMost, kSavedMost); }
  // 0: whoever needs more pays for it himself; 1: there is enough for everybody.
  [[nodiscard]] double help() const { return std::clamp(balance_ / kEnough, 0.0, 1.0); }
  // For one refusal: the part of it that the pool pays.
  [[nodiscard]] double pay() {
    const double part = help();
    balance_ -= part;
    return part;
  }
  [[nodiscard]] double balance() const { return balance_; }

 private:
  static constexpr double kEnough = 20;
  static constexpr double kSavedMost = 200;
  static constexpr double kOwedMost = 20;
  double balance_ = 0;
};

}  // namespace penstock::shaping
