// SPDX-License-Identifier: Apache-2.0
#include "queue/held_queue.h"

#include <algorithm>

#include "base/check.h"

namespace penstock::queue {

void HeldQueue::push(QueuedRecipient recipient, HoldReason reason) {
  PENSTOCK_CHECK(reason != HoldReason::None);
  recipient.hold = reason;
  list_.push(pool_, recipient);
  ++counts_[static_cast<std::size_t>(reason)];
}

std::size_t HeldQueue::scan(Cursor& cursor, std::size_t max, const Visitor& visit) {
  if (cursor.list_.scan == 0) cursor.list_.scan = pool_.next_scan();
  const Visitor count_taken = [&](const QueuedRecipient& recipient) {
    const Visit what = visit(recipient);
    if (what == Visit::Take) --counts_[static_cast<std::size_t>(recipient.hold)];
    return what;
  };
  return list_.scan(pool_, cursor.list_, static_cast<std::uint32_t>(std::min<std::size_t>(max, 1U << 30)), count_taken);
}

}  // namespace penstock::queue
