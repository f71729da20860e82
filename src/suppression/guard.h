// SPDX-License-Identifier: Apache-2.0
// Guard: what delivery and intake ask of the suppression list: may this recipient be mailed, and what follows from a
// bounce. Puts the list and the policy in force together, and counts failures that pass (soft bounces).
//
// Use:  const auto hit = guard.check(address, {.tenant = …, .stream = …});
//       if (guard.concerns(bounce)) guard.learn({bounce}, [](const Result<Added>& learned) { … then mark it final … });
// Threads: any. check(): see suppression.h. learn() never blocks; its callback runs on the writer's thread once all is
//   durable, or with an error when nothing is.
// Ownership: `list` outlives it.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "base/current.h"
#include "suppression/policy.h"
#include "suppression/soft_bounces.h"
#include "suppression/suppression.h"

namespace penstock::suppression {

class Guard {
 public:
  Guard(Suppression& list, std::shared_ptr<const Policy> policy);

  void set_policy(std::shared_ptr<const Policy> policy) { policy_.store(std::move(policy)); }
  [[nodiscard]] std::shared_ptr<const Policy> policy() const { return policy_.load(); }
  [[nodiscard]] Suppression& list() { return list_; }

  [[nodiscard]] Result<std::optional<Entry>> check(std::string_view address, const Where& where) const {
    return list_.check(address, where);
  }
  // Whether learn() would write something for it.
  [[nodiscard]] bool concerns(const Bounce& bounce) const;
  void learn(std::vector<Bounce> bounces, Suppression::AddDone done);
  // Somebody took delivery for this address: what failed before no longer counts. Nanoseconds, mostly.
  void delivered(std::string_view address) { soft_.delivered(address); }

 private:
  Suppression& list_;
  SoftBounces soft_;
  Current<Policy> policy_;
};

}  // namespace penstock::suppression
