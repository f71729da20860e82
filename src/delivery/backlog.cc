// SPDX-License-Identifier: Apache-2.0
#include "delivery/backlog.h"

#include <algorithm>

namespace penstock::delivery {

void Backlog::recovered(const spool::RecoveredRecipient& found) {
  queue::QueuedRecipient recipient;
  recipient.message = found.id.message;
  recipient.index = found.id.index;
  recipient.domain = names_.intern(found.domain);
  recipient.labels =
      labels_.intern(queue::LabelSet{names_.intern(found.stream), names_.intern(found.tenant),
                                     names_.intern(found.campaign), names_.intern(found.vmta), found.tls});
  recipient.pinned_vmta = names_.intern(found.pinned_vmta);
  recipient.body_kib =
      static_cast<std::uint32_t>(std::min<std::uint64_t>((found.body_bytes + 1023) / 1024, UINT32_MAX));
  recipient.received = queue::second_of(clock_.from_wall(found.received));
  recipient.attempts = static_cast<std::uint16_t>(std::min(found.attempts, 65535U));
  const Time due = found.next_due != Time{} ? found.next_due : found.first_attempt;
  recipient.due = due == Time{} ? 0 : queue::due_second(clock_.from_wall(due));
  recipient.hold = static_cast<queue::HoldReason>(found.hold);
  recipient.flags = found.flags;
  by_shard_[recipient.domain.value % by_shard_.size()].push_back(recipient);
}

std::size_t Backlog::size() const {
  std::size_t sum = 0;
  for (const auto& list : by_shard_) sum += list.size();
  return sum;
}

}  // namespace penstock::delivery
