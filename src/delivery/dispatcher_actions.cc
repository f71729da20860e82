// SPDX-License-Identifier: Apache-2.0
// What follows from replies for others than the path: sender domains, DKIM domains, campaigns, … (ActionDesk).
#include <fmt/format.h>

#include "base/ascii.h"
#include "base/log.h"
#include "delivery/dispatcher.h"

namespace penstock::delivery {
namespace {

using shaping::Action;
using shaping::Dimension;

std::string in_words(const Action& action, const model::NameTable& names) {
  std::string text = fmt::format("{} {}", to_string(action.kind), describe(action.key, names));
  if (action.rate > 0) text += fmt::format(" to {:.3g} recipients a second", action.rate);
  if (action.pinned) return text + (action.rule.empty() ? "" : ": " + action.rule);
  return text + fmt::format(": rule {}, {} of {} answers within a minute, the last one \"{}\"; {}", action.rule,
                            action.replies, action.answers, action.reply, action.next());
}

std::string why_held(const Action& action, const model::NameTable& names) {
  const std::string what = describe(action.key, names);
  const char* how = action.kind == shaping::ActionKind::Stop ? "stopped" : "suspended";
  if (!action.pinned) return fmt::format("{} is {}: {} ({})", what, how, action.rule, action.reply);
  return fmt::format("{} is {} by {}{}", what, how, action.by, action.rule.empty() ? "" : ": " + action.rule);
}

}  // namespace

shaping::LimitKey Dispatcher::facts_of(const Lane& lane, const queue::QueuedRecipient& recipient) const {
  const queue::LabelSet& labels = parts_.labels.view(recipient.labels);
  shaping::LimitKey facts;
  facts[Dimension::Vmta] = lane.path.key().vmta;
  facts[Dimension::Provider] = lane.destination->provider ? lane.destination->provider : lane.destination->home;
  facts[Dimension::Site] = lane.destination->site;
  facts[Dimension::Stream] = labels.stream;
  facts[Dimension::Tenant] = labels.tenant;
  facts[Dimension::Campaign] = labels.campaign;
  facts[Dimension::Pool] = plan_->pool_of(labels).id;
  return facts;
}

shaping::LimitKey Dispatcher::facts_of(const Lane& lane, const Batch& batch, std::string_view dkim_domain) const {
  shaping::LimitKey facts = facts_of(lane, batch.recipients.front());
  const std::string& sender = batch.envelope->sender;
  if (const std::size_t at = sender.rfind('@'); at != std::string::npos) {
    facts[Dimension::SenderDomain] = parts_.names.intern(ascii::lower(sender.substr(at + 1)));
  }
  if (!dkim_domain.empty()) facts[Dimension::DkimDomain] = parts_.names.intern(dkim_domain);
  return facts;
}

std::optional<Dispatcher::Transaction> Dispatcher::may_send(Lane& lane, const Batch& batch,
                                                            const shaping::LimitKey& facts) {
  const Time now = parts_.clock.now();
  const auto count = static_cast<std::uint32_t>(batch.recipients.size());
  const ActionDesk::Answer answer = actions_.empty() ? ActionDesk::Answer{} : actions_.ask(facts, count, now);
  LimitDesk::Taken taken;
  if (answer.what == ActionDesk::Answer::What::Go) {
    if (limits_.empty()) return Transaction{};
    taken = limits_.take(facts, count, batch.body ? batch.body->size() : 0);
    if (taken.granted) return Transaction{std::move(taken.slots), std::move(taken.leases)};
  }
  left_delivery(lane, count, 0);
  for (const queue::QueuedRecipient& recipient : batch.recipients) {
    if (taken.refused != nullptr) {
      wait_in(*taken.refused, recipient);
    } else if (answer.what == ActionDesk::Answer::What::Hold) {
      hold_for(*answer.action, recipient);
    } else {
      totals_.left(queue::Whereabouts::Active);
      wait_until(recipient, answer.until);
    }
  }
  return std::nullopt;
}

void Dispatcher::hold_for(const Action& action, const queue::QueuedRecipient& recipient) {
  const Stream& stream = plan_->stream_or_default(parts_.labels.view(recipient.labels).stream);
  queue::QueuedRecipient held = recipient;
  held.hold = queue::HoldReason::Action;
  if (!watches_.empty() && is_met(held, queue::Whereabouts::Held, place_of(held))) {
    return totals_.left(queue::Whereabouts::Active);
  }
  totals_.moved(queue::Whereabouts::Active, queue::Whereabouts::Held);
  if (!is_recovered(recipient)) hold_log_.add(model::EventType::Held, recipient, why_held(action, parts_.names));
  actions_.hold(recipient, action, stream.retry.expires_at(queue::time_of(recipient.received)));
}

void Dispatcher::observe(const model::Outcome& outcome, const shaping::LimitKey& facts) {
  const Action* begun = actions_.observe(outcome, facts, parts_.clock.now());
  if (begun == nullptr) return;
  parts_.probe.action(begun->kind).add();
  const std::string words = in_words(*begun, parts_.names);
  log::warn("delivery", "{}{}", words, begun->alarm ? "; somebody has to look at it" : "");
  model::Event event;
  event.type = model::EventType::Action;
  event.time = parts_.clock.wall();
  event.reply = outcome.reply;
  event.step = outcome.step;
  event.has_step = true;
  event.outcome_class = outcome.outcome_class;
  event.rule = begun->rule;
  event.scope = outcome.scope;
  event.provider = parts_.names.view(begun->key[Dimension::Provider]);
  event.vmta = parts_.names.view(begun->key[Dimension::Vmta]);
  event.stream = parts_.names.view(begun->key[Dimension::Stream]);
  event.tenant = parts_.names.view(begun->key[Dimension::Tenant]);
  event.campaign = parts_.names.view(begun->key[Dimension::Campaign]);
  event.dkim_domain = parts_.names.view(begun->key[Dimension::DkimDomain]);
  event.detail = words;
  parts_.events.record(event);
}

void Dispatcher::end_actions() {
  const Time now = parts_.clock.now();
  ActionDesk::Due due = actions_.due(now, [&](const queue::QueuedRecipient& recipient) {
    const Stream& stream = plan_->stream_or_default(parts_.labels.view(recipient.labels).stream);
    return stream.retry.expires_at(queue::time_of(recipient.received));
  });
  for (ActionDesk::Due::Group& group : due.released) {
    const std::string cause = "the hold of " + describe(group.key, parts_.names) + " has ended";
    model::Event event;
    event.type = model::EventType::Action;
    event.time = parts_.clock.wall();
    event.detail = cause;
    parts_.events.record(event);
    for (queue::QueuedRecipient& recipient : group.recipients) {
      totals_.left(queue::Whereabouts::Held);
      recipient.hold = queue::HoldReason::None;
      hold_log_.add(model::EventType::Released, recipient, cause);
    }
    take(group.recipients);
  }
  for (queue::QueuedRecipient& recipient : due.expired) {
    totals_.moved(queue::Whereabouts::Held, queue::Whereabouts::Active);
    recipient.hold = queue::HoldReason::None;
    expire(recipient);
  }
}

void Dispatcher::pin_action(Action action) {
  actions_.pin(std::move(action));
  end_actions();
}

bool Dispatcher::clear_action(const shaping::LimitKey& key) {
  const bool was_there = actions_.clear(key);
  end_actions();
  return was_there;
}

}  // namespace penstock::delivery
