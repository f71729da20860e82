// SPDX-License-Identifier: Apache-2.0
// Watch: somebody who is shown every recipient that is about to enter a queue of a shard: a command over queued
// recipients that wants those too that were in no queue when it looked.
//
// Use:  dispatcher.add_watch(watch);   … dispatcher.remove_watch(watch.get());
// Threads: meets() is called on each shard it was added to. It must be quick: it is asked for every recipient that
// comes to rest, and must not call the dispatcher.
#pragma once

#include <cstddef>

#include "queue/queue_stats.h"
#include "queue/queued_recipient.h"
#include "queue/selection.h"

namespace penstock::delivery {

// Where a recipient was seen, and where it would go.
struct Sighting {
  queue::Whereabouts where{};
  queue::Place place;
};

class Watch {
 public:
  virtual ~Watch() = default;
  // True: it enters no queue and is counted nowhere. It is the watch's to give back to that shard by take().
  [[nodiscard]] virtual bool meets(std::size_t shard, const queue::QueuedRecipient& recipient, const Sighting& at) = 0;
};

}  // namespace penstock::delivery
