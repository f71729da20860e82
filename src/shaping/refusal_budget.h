// SPDX-License-Identifier: Apache-2.0
// RefusalBudget: how many refusals one path may still cause. Each look for a higher limit costs one; who has some left
// looks sooner, who owes some looks later.
//
// Use:  budget.answered(share);  budget.refused();     wait for attempts × budget.price() until the next look
// Pure.   Threads: one owner.
#pragma once

#include <algorithm>
#include <memory>
#include <utility>

#include "shaping/refusal_pool.h"

namespace penstock::shaping {

class RefusalBudget {
 public:
  // `pool`: takes what is left over, and pays a part of each refusal while it has something; may be null.
  explicit RefusalBudget(std::shared_ptr<RefusalPool> pool = nullptr) : pool_(std::move(pool)) {}

  // `share`: what an answer is worth, in refusals.
  void answered(double share) {
    saved_ += share;
    if (saved_ <= kSavedMost) return;
    if (pool_) pool_->add(saved_ - kSavedMost);
    saved_ = kSavedMost;
  }
  void refused() { saved_ = std::max(saved_ - 1 + (pool_ ? pool_->pay() : 0), -kOwedMost); }

  // Negative: owed.
  [[nodiscard]] double saved() const { return saved_; }
  // Of a look, in those of a path that neither saved nor owes.
  [[nodiscard]] double price() const {
    return std::clamp(1 - saved_ * (saved_ < 0 ? kOwedEach : kSavedEach), kSoonest, kLatest);
  }
  // How far others help: 0 not at all, 1 with all it takes.
  [[nodiscard]] double help() const { return pool_ ? pool_->help() : 0; }

 private:
  static constexpr double kSavedEach = 0.1;
  static constexpr double kOwedEach = 0.2;
  static constexpr double kSoonest = 0.4;
  static constexpr double kLatest = 3;
  static constexpr double kSavedMost = 12;
  static constexpr double kOwedMost = 10;
  std::shared_ptr<RefusalPool> pool_;
  double saved_ = 0;
};

}  // namespace penstock::shaping
