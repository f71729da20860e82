// SPDX-License-Identifier: Apache-2.0
// HoldLog: the events of recipients that a shard puts aside or lets go: for want of a vMTA, by a pause, unreadable.
//
// Use:  log.add(model::EventType::Held, recipient, "no vMTA of pool \"bulk\" is usable");
// Sender and address are in the envelope, which may have to be read from disk: readers do that in slices, the shard
// records what they bring. Events of one recipient keep their order.
// Threads: the shard's.   Limits: kWaitingMax recipients wait, 40 bytes each. Whoever moves many asks has_room() and
// goes on later; what is added above it all the same is counted and told of in one `admin` event.
#pragma once

#include <cstddef>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "delivery/plan.h"
#include "delivery/shard_parts.h"
#include "model/envelope.h"
#include "net/task.h"
#include "queue/pause_set.h"
#include "queue/queued_recipient.h"

namespace penstock::delivery {

class HoldLog {
 public:
  static constexpr std::size_t kWaitingMax = 100'000;
  static constexpr std::size_t kSlice = 64;

  // `parts` must outlive it, and it the shard's tasks.
  explicit HoldLog(ShardParts& parts) : parts_(parts) {}
  // `type` is Held or Released.
  void add(model::EventType type, const queue::QueuedRecipient& recipient, std::string_view cause);
  // So many more can be added. There is room for kSlice at least whenever it is not busy().
  [[nodiscard]] bool has_room(std::size_t recipients) const { return waiting_ + recipients <= kWaitingMax; }
  // Events still have to be recorded.
  [[nodiscard]] bool busy() const { return running_; }

 private:
  struct Group {
    model::EventType type;
    std::string cause;
    std::vector<queue::QueuedRecipient> recipients;
  };
  static net::Task<> work(HoldLog& self);
  void tell_left_out();

  ShardParts& parts_;
  std::deque<Group> groups_;
  std::size_t waiting_ = 0;
  std::size_t left_out_ = 0;
  bool running_ = false;
};

// What a hold or release is recorded with. Services say themselves which threads may use them.
struct HoldEventParts {
  const Clock& clock;
  model::EventSink& events;
  model::NameTable& names;
  queue::LabelSetTable& labels;
};
// Records one event now. `envelope`: nullptr when it cannot be read; sender and address are left out then.
void record_hold_event(const HoldEventParts& parts, model::EventType type, const queue::QueuedRecipient& recipient,
                       const model::Envelope* envelope, std::string_view cause);

// "paused by ann: the receiver asked for it"
[[nodiscard]] std::string why_paused(const queue::Pause& pause);
// Why Dispatcher found no vMTA for the recipient, in words.
[[nodiscard]] std::string why_no_vmta(const Plan& plan, const ShardParts& parts,
                                      const queue::QueuedRecipient& recipient);

}  // namespace penstock::delivery
