// SPDX-License-Identifier: Apache-2.0
#include "delivery/suppressing.h"

namespace penstock::delivery {
namespace {

model::Outcome outcome_of(const suppression::Entry& entry) {
  model::Outcome outcome;
  outcome.kind = model::OutcomeKind::Bounced;
  outcome.step = model::Step::Mail;
  outcome.outcome_class = model::OutcomeClass::Suppressed;
  outcome.reply = {0, {5, 7, 1}, suppression::describe(entry)};
  return outcome;
}

model::Outcome unknown_outcome() {
  model::Outcome outcome;
  outcome.kind = model::OutcomeKind::Deferred;
  outcome.step = model::Step::Mail;
  outcome.outcome_class = model::OutcomeClass::ServerTrouble;
  outcome.reply = {0, {4, 3, 0}, "the suppression list cannot be read"};
  return outcome;
}

}  // namespace

Suppressed take_suppressed(const ShardParts& parts, Batch& batch) {
  Suppressed taken;
  if (parts.guard == nullptr) return taken;
  std::vector<queue::QueuedRecipient> others;
  for (std::size_t i = 0; i < batch.recipients.size(); ++i) {
    const queue::QueuedRecipient& recipient = batch.recipients[i];
    const queue::LabelSet& labels = parts.labels.view(recipient.labels);
    const suppression::Where where{parts.names.view(labels.tenant), parts.names.view(labels.stream),
                                   batch.envelope->labels.list};
    const auto hit = parts.guard->check(batch.envelope->recipients[recipient.index].address, where);
    if (hit && !*hit) {
      if (!taken.outcomes.empty()) others.push_back(recipient);
      continue;
    }
    if (taken.outcomes.empty()) {
      others.assign(batch.recipients.begin(), batch.recipients.begin() + static_cast<std::ptrdiff_t>(i));
    }
    taken.batch.recipients.push_back(recipient);
    taken.outcomes.push_back(hit ? outcome_of(**hit) : unknown_outcome());
  }
  if (taken.outcomes.empty()) return taken;
  batch.recipients = std::move(others);
  taken.batch.envelope = batch.envelope;
  taken.batch.body = batch.body;
  return taken;
}

suppression::Bounce bounce_of(const ShardParts& parts, const model::Envelope& envelope,
                              const queue::QueuedRecipient& recipient, const model::Outcome& outcome) {
  const queue::LabelSet& labels = parts.labels.view(recipient.labels);
  suppression::Bounce bounce;
  bounce.address = envelope.recipients[recipient.index].address;
  bounce.outcome_class = outcome.outcome_class;
  bounce.reason = outcome.reply.to_string();
  bounce.source = model::format_id(envelope.id) + "/" + std::to_string(recipient.index);
  bounce.who = "delivery";
  bounce.stream = parts.names.view(labels.stream);
  bounce.tenant = parts.names.view(labels.tenant);
  bounce.answered = outcome.reply.code != 0;
  return bounce;
}

KeptAttempted::KeptAttempted(const Attempted& from)
    : source_address_(from.source_address),
      peer_address_(from.peer_address),
      peer_host_(from.peer_host),
      extensions_(from.extensions),
      dkim_domain_(from.dkim_domain),
      facts_(from) {
  facts_.source_address = source_address_;
  facts_.peer_address = peer_address_;
  facts_.peer_host = peer_host_;
  facts_.extensions = extensions_;
  facts_.dkim_domain = dkim_domain_;
}

}  // namespace penstock::delivery
