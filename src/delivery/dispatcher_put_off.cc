// SPDX-License-Identifier: Apache-2.0
// Who is put off because every vMTA that he may take is suspended at his receiver: he waits in the calendar for the end
// of the first suspension, marked, and costs nothing meanwhile. An operator may end it sooner.
#include "delivery/dispatcher.h"

namespace penstock::delivery {
namespace {

constexpr std::size_t kBringBackEach = 4096;  // recipients looked at at a time

}  // namespace

void Dispatcher::put_off(const queue::QueuedRecipient& recipient, Time until) {
  wait_as(queue::HoldReason::PutOff, recipient, until);
}

// Whether it would be put off once more, and no sooner than it is due now. Where it goes may have to be looked up: then
// that tells. What is put off anew is due later than the slice has come to, or is known by then.
bool Dispatcher::stays_put_off(const queue::QueuedRecipient& recipient) {
  const queue::LabelSet& labels = parts_.labels.view(recipient.labels);
  const Stream& stream = plan_->stream_or_default(labels.stream);
  const auto known = destinations_->find(recipient.domain, stream, labels.tls);
  const auto* to = known ? std::get_if<DestinationPtr>(&*known) : nullptr;
  if (to == nullptr) return false;
  const Choice choice = choose_vmta(recipient, stream, **to);
  return choice.vmta == nullptr && choice.again != Time{} && queue::due_second(choice.again) >= recipient.due;
}

void Dispatcher::bring_back() {
  if (calendar_.size() == 0) return;
  bringing_back_.emplace();
  post_bring_back();
}

void Dispatcher::bring_back_slice() {
  // Who may be held at once, as a pause wants it, has to be told of; tick() comes back to it.
  if (stopping_ || !bringing_back_ || !hold_log_.has_room(kBringBackEach + 16)) return;
  std::vector<queue::QueuedRecipient> freed;
  calendar_.scan(*bringing_back_, kBringBackEach, [&](const queue::QueuedRecipient& recipient) {
    if (recipient.hold != queue::HoldReason::PutOff || stays_put_off(recipient)) return queue::Visit::Keep;
    freed.push_back(recipient);
    return queue::Visit::Take;
  });
  if (bringing_back_->done()) bringing_back_.reset();
  for (queue::QueuedRecipient& recipient : freed) {
    const auto was = recipient.attempts == 0 ? queue::Whereabouts::Scheduled : queue::Whereabouts::Deferred;
    totals_.moved(was, queue::Whereabouts::Active);
    recipient.hold = queue::HoldReason::None;
    recipient.due = 0;  // it is due, as after `penstock retry`
    route(recipient);
  }
  flush_outboxes();
  post_bring_back();
}

void Dispatcher::post_bring_back() {
  if (!bringing_back_ || std::exchange(bring_back_posted_, true)) return;
  parts_.shard.post([this] {
    bring_back_posted_ = false;
    bring_back_slice();
  });
}

}  // namespace penstock::delivery
