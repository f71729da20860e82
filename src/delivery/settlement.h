// SPDX-License-Identifier: Apache-2.0
// Settlement: what follows from outcomes: the spool's record, the event, the next try, the notice to the sender.
//
// Use:  settlement.settle(batch, outcomes, attempted);
// A recipient is marked final in the spool only after its notice, if one is due, is durable: a crash in between sends
// the notice twice rather than never. Likewise an address that its bounce suppresses: first the suppression is durable,
// then the bounce is an event and the recipient final.
// Threads: the shard's.   Errors: none; a failure notice that cannot be stored puts its recipients back into the queue,
// a notice of success is left out then: nobody gets a message twice for it.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "delivery/attempted.h"
#include "delivery/flight_log.h"
#include "delivery/plan.h"
#include "delivery/shard_parts.h"
#include "delivery/suppressing.h"
#include "model/outcome.h"
#include "report/dsn.h"
#include "report/notice.h"

namespace penstock::delivery {

class Settlement {
 public:
  // Bits of QueuedRecipient::flags. They are kept in the spool (docs/formats/spool.md), so they keep their meaning.
  static constexpr std::uint8_t kDelayTold = 1;     // the sender was told of the delay
  static constexpr std::uint8_t kNoDomainOnce = 2;  // added for each "no such domain"; see recipient_flags.h

  // Where recipients go that are to be tried again, and messages of our own.
  class Queue {
   public:
    virtual ~Queue() = default;
    virtual void wait_until(const queue::QueuedRecipient& recipient, Time due) = 0;
    // The message is durable: queue its recipients.
    virtual void admit(const model::Envelope& envelope) = 0;
  };

  // All must outlive it. Recipients that wait for something durable are in `flights`.
  Settlement(ShardParts& parts, Queue& queue, FlightLog& flights);
  void set_plan(PlanPtr plan) { plan_ = std::move(plan); }

  // The first thing to do with outcomes: who was delivered is remembered even if we are killed before settle(). May be
  // called while later outcomes are not known yet: begins at `from`, and returns from where to go on.
  std::size_t note(const Batch& batch, std::span<const model::Outcome> outcomes, std::size_t from = 0);
  // Bounces whose suppressions are being written.
  [[nodiscard]] std::size_t learning() const { return learning_; }
  // One outcome per recipient of the batch, in its order. The recipients are in no queue and not counted afterwards.
  void settle(const Batch& batch, std::span<const model::Outcome> outcomes, const Attempted& attempted);
  // It has been waiting for so long that its sender wants to know.
  [[nodiscard]] static bool is_late(const queue::QueuedRecipient& recipient, const Stream& stream, Time now);
  // That is told, and marked in the batch, for recipients that wait without having been attempted. They stay where they
  // are, and are the caller's to record.
  void tell_delay(Batch& batch, const model::Outcome& why);

 private:
  // A recipient that is marked final once its notice is durable.
  struct Final {
    queue::QueuedRecipient recipient;
    bool delivered = false;
  };
  struct Notice {
    std::vector<report::DsnRecipient> recipients;
    std::vector<Final> finals;
  };
  struct Context;

  void settle_one(Context& context, std::size_t position);
  void finish(Context& context);
  void conclude(Context& context, const queue::QueuedRecipient& recipient, const model::Outcome& outcome);
  void learn(std::shared_ptr<Lesson> lesson);
  void learned(const Lesson& lesson, bool durable);
  void delivered(Context& context, const queue::QueuedRecipient& recipient, const model::Outcome& outcome);
  void deferred(Context& context, queue::QueuedRecipient recipient, const model::Outcome& outcome);
  void failed(Context& context, const queue::QueuedRecipient& recipient, const model::Outcome& outcome);
  void add_notice(Context& context, const queue::QueuedRecipient& recipient, const model::Outcome& outcome,
                  report::DsnAction action, bool is_final);
  void send_notice(const Batch& batch, const Stream& stream, const Attempted& attempted, Notice notice);
  void notice_stored(std::uint64_t flight, const std::vector<Final>& finals, const model::Envelope& envelope,
                     const Result<model::MessageId>& stored);
  void record(model::EventType type, const Context& context, const queue::QueuedRecipient& recipient,
              const model::Outcome& outcome, Time next_attempt);

  ShardParts& parts_;
  Queue& queue_;
  FlightLog& flights_;
  PlanPtr plan_;
  std::size_t learning_ = 0;
};

}  // namespace penstock::delivery
