// SPDX-License-Identifier: Apache-2.0
// Backlog: what the spool finds when it is opened, as descriptors, until the engine takes them over.
//
// Use:  Backlog backlog(clock, names, labels, shards);   Spool::open(…, backlog);   Engine engine(…,
// std::move(backlog)); Times on disk are wall times; here they become times of the schedule. Threads: the one that
// opens the spool.   Memory: 40 bytes a recipient until the engine has taken it.
#pragma once

#include <vector>

#include "base/clock.h"
#include "model/name_table.h"
#include "queue/label_set.h"
#include "queue/queued_recipient.h"
#include "spool/records.h"

namespace penstock::delivery {

class Backlog final : public spool::RecoverySink {
 public:
  // All must outlive it.
  Backlog(const Clock& clock, model::NameTable& names, queue::LabelSetTable& labels, std::size_t shards)
      : clock_(clock), names_(names), labels_(labels), by_shard_(shards) {}
  void recovered(const spool::RecoveredRecipient& recipient) override;

  // What shard `index` is to take, leaving nothing.
  [[nodiscard]] std::vector<queue::QueuedRecipient> take(std::size_t index) { return std::move(by_shard_[index]); }
  [[nodiscard]] std::size_t size() const;

 private:
  const Clock& clock_;
  model::NameTable& names_;
  queue::LabelSetTable& labels_;
  std::vector<std::vector<queue::QueuedRecipient>> by_shard_;
};

}  // namespace penstock::delivery
