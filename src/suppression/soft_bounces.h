// SPDX-License-Identifier: Apache-2.0
// SoftBounces: counts messages to an address that failed for good although each refusal said "later": several over
// several days mean that nobody is there. Kept in state.db; a filter in memory tells who has any.
//
// Threads: note() on the writer's thread, within its transaction; published() there after the commit; delivered() any.
// Limits: an address is forgotten config::SoftBounces::forget after its last failure, or at a delivery. A failure that
//   is being written while a delivery to the same address ends may outlive it.
#pragma once

#include <memory>
#include <optional>
#include <string_view>

#include "config/config.h"
#include "state/database.h"
#include "suppression/filter.h"
#include "suppression/suppression.h"

namespace penstock::suppression {

class SoftBounces {
 public:
  explicit SoftBounces(Suppression& list);

  // Counts one. The number of messages when that is enough to suppress; the count is cleared then.
  [[nodiscard]] Result<std::optional<std::uint64_t>> note(state::Database& db, std::string_view canonical, Time wall,
                                                          const config::SoftBounces& limits);
  void published(std::string_view canonical) { known_->add(hash_address(canonical)); }
  void delivered(std::string_view address);

 private:
  Suppression& list_;
  std::unique_ptr<Filter> known_;
};

}  // namespace penstock::suppression
