// SPDX-License-Identifier: Apache-2.0
#include "delivery/hold_log.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <utility>

namespace penstock::delivery {

void HoldLog::add(model::EventType type, const queue::QueuedRecipient& recipient, std::string_view cause) {
  if (waiting_ >= kWaitingMax) {
    ++left_out_;
    return;
  }
  ++waiting_;
  const bool fits = !groups_.empty() && groups_.back().type == type && groups_.back().cause == cause &&
                    groups_.back().recipients.size() < kSlice;
  if (!fits) groups_.push_back({type, std::string(cause), {}});
  groups_.back().recipients.push_back(recipient);
  if (std::exchange(running_, true)) return;
  // Not at once: what follows in this turn of the shard comes into the same slice.
  parts_.shard.post([this] { parts_.shard.spawn("holds", work(*this)); });
}

net::Task<> HoldLog::work(HoldLog& self) {
  spool::Spool& spool = self.parts_.spool;
  const HoldEventParts parts{self.parts_.clock, self.parts_.events, self.parts_.names, self.parts_.labels};
  while (!self.groups_.empty()) {
    const Group group = std::move(self.groups_.front());
    self.groups_.pop_front();
    const auto envelopes = co_await self.parts_.readers.run([&spool, &group] {
      std::vector<std::shared_ptr<const model::Envelope>> read;
      for (const queue::QueuedRecipient& recipient : group.recipients) {
        auto envelope = spool.read_envelope(recipient.message);
        read.push_back(envelope ? std::move(*envelope) : nullptr);
      }
      return read;
    });
    for (std::size_t i = 0; i < group.recipients.size(); ++i) {
      record_hold_event(parts, group.type, group.recipients[i], envelopes[i].get(), group.cause);
    }
    self.waiting_ -= group.recipients.size();
    if (self.left_out_ > 0) self.tell_left_out();
  }
  self.running_ = false;
}

void HoldLog::tell_left_out() {
  const std::string detail =
      fmt::format("{} events of recipients held or released were left out: too many at once", left_out_);
  left_out_ = 0;
  model::Event event;
  event.type = model::EventType::Admin;
  event.time = parts_.clock.wall();
  event.detail = detail;
  parts_.events.record(event);
}

void record_hold_event(const HoldEventParts& parts, model::EventType type, const queue::QueuedRecipient& recipient,
                       const model::Envelope* envelope, std::string_view cause) {
  const queue::LabelSet& labels = parts.labels.view(recipient.labels);
  model::Event event;
  event.type = type;
  event.time = parts.clock.wall();
  event.message = recipient.message;
  event.recipient_index = recipient.index;
  event.has_recipient = true;
  event.domain = parts.names.view(recipient.domain);
  event.stream = parts.names.view(labels.stream);
  event.tenant = parts.names.view(labels.tenant);
  event.campaign = parts.names.view(labels.campaign);
  event.vmta = parts.names.view(recipient.pinned_vmta);
  event.attempt = recipient.attempts;
  event.queued = std::max(parts.clock.now() - queue::time_of(recipient.received), Duration::zero());
  event.detail = cause;
  if (envelope != nullptr && recipient.index < envelope->recipients.size()) {
    event.list = envelope->labels.list;
    event.sender = envelope->sender;
    event.recipient = envelope->recipients[recipient.index].address;
    event.bytes = envelope->body_bytes;
  }
  parts.events.record(event);
}

std::string why_paused(const queue::Pause& pause) {
  std::string words = "paused";
  if (!pause.by.empty()) words += " by " + pause.by;
  if (!pause.reason.empty()) words += ": " + pause.reason;
  return words;
}

std::string why_no_vmta(const Plan& plan, const ShardParts& parts, const queue::QueuedRecipient& recipient) {
  const queue::LabelSet& labels = parts.labels.view(recipient.labels);
  if (plan.find_vmta(recipient.pinned_vmta) != nullptr) {
    return fmt::format("vMTA \"{}\", which it was told to wait for, is not usable",
                       parts.names.view(recipient.pinned_vmta));
  }
  if (recipient.pinned_vmta) {
    return fmt::format(
        "vMTA \"{}\", which it was told to wait for, is no longer configured; `penstock reroute --to-vmta NAME "
        "--force` "
        "gives its mail to another",
        parts.names.view(recipient.pinned_vmta));
  }
  if (plan.find_vmta(labels.vmta) != nullptr) {
    return fmt::format("vMTA \"{}\", which the sender asked for, is not usable", parts.names.view(labels.vmta));
  }
  const auto named = plan.pool_by_name.find(labels.vmta.value);
  const std::uint32_t pool =
      named != plan.pool_by_name.end() ? named->second : plan.stream_or_default(labels.stream).pool;
  return fmt::format("no vMTA of pool \"{}\" is usable", plan.pools[pool].name);
}

}  // namespace penstock::delivery
