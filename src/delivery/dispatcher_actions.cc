// SPDX-License-Identifier: Apache-2.0
// What follows from replies for others than the path: sender domains, DKIM domains, campaigns, … (ActionDesk).
#include <fmt/format.h>

#include <utility>

#include "base/log.h"
#include "delivery/dispatcher.h"
#include "delivery/referring.h"

namespace penstock::delivery {
namespace {

using shaping::Action;
using shaping::Dimension;

constexpr std::size_t kEndEach = 2048;  // of those held by actions, let go or looked at at a time

std::string in_words(const Action& action, const model::NameTable& names) {
  std::string text = fmt::format("{} {}", to_string(action.kind), describe(action.key, names));
  if (action.rate > 0) text += fmt::format(" to {:.3g} recipients a second", action.rate);
  if (action.pinned) return text + (action.rule.empty() ? "" : ": " + action.rule);
  return text + fmt::format(": rule {}, {} of {} answers within a minute, the last one \"{}\"; {}", action.rule,
                            action.replies, action.answers, action.reply, action.next());
}

// Of one that ended by itself, or whose ramp has.
std::string in_words(const shaping::ActionBook::Turn& turn, const model::NameTable& names) {
  const std::string what = describe(turn.key, names);
  if (turn.rate <= 0) return fmt::format("{} is no longer slowed; its usual limits hold", what);
  return fmt::format(
      "the {} of {} has ended; it begins again with {:.3g} recipients a second, more with each one taken",
      to_string(turn.kind), what, turn.rate);
}

std::string why_held(const Action& action, const model::NameTable& names) {
  const std::string what = describe(action.key, names);
  const char* how = action.kind == shaping::ActionKind::Stop ? "stopped" : "suspended";
  if (!action.pinned) return fmt::format("{} is {}: {} ({})", what, how, action.rule, action.reply);
  return fmt::format("{} is {} by {}{}", what, how, action.by, action.rule.empty() ? "" : ": " + action.rule);
}

}  // namespace

shaping::LimitKey Dispatcher::facts_of(const Lane& lane, const queue::QueuedRecipient& recipient) const {
  return facts_of(lane.path.key().vmta, *lane.destination, recipient);
}

shaping::LimitKey Dispatcher::facts_of(model::NameId vmta, const Destination& to,
                                       const queue::QueuedRecipient& recipient) const {
  const queue::LabelSet& labels = parts_.labels.view(recipient.labels);
  shaping::LimitKey facts;
  facts[Dimension::Vmta] = vmta;
  facts[Dimension::Provider] = to.provider ? to.provider : to.home;
  facts[Dimension::Site] = to.site;
  facts[Dimension::Stream] = labels.stream;
  facts[Dimension::Tenant] = labels.tenant;
  facts[Dimension::Campaign] = labels.campaign;
  facts[Dimension::Pool] = plan_->pool_of(labels).id;
  return facts;
}

shaping::LimitKey Dispatcher::facts_of(const Lane& lane, const Batch& batch, std::string_view dkim_domain) const {
  shaping::LimitKey facts = facts_of(lane, batch.recipients.front());
  const Stream& stream = plan_->stream_or_default(parts_.labels.view(batch.recipients.front().labels).stream);
  if (const std::string domain = sender_domain(parts_, batch, stream.name); !domain.empty()) {
    facts[Dimension::SenderDomain] = parts_.names.intern(domain);
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
    const std::uint64_t bytes = batch.body ? batch.body->size() : 0;
    taken = limits_.take(facts, count, bytes);
    if (taken.granted) return Transaction{std::move(taken.slots), std::move(taken.leases), count, bytes};
  }
  left_delivery(lane, count, 0);
  for (const queue::QueuedRecipient& recipient : batch.recipients) {
    if (taken.refused != nullptr) {
      wait_in(*taken.refused, recipient);
    } else if (answer.what == ActionDesk::Answer::What::Hold) {
      move_or_hold(*answer.action, recipient);
    } else {
      totals_.left(queue::Whereabouts::Active);
      wait_until(recipient, answer.until);
    }
  }
  if (!outboxes_.empty()) flush_outboxes();
  return std::nullopt;
}

// Who is new and happened to be given a vMTA that an action has since been taken against chooses again.
void Dispatcher::move_or_hold(const Action& action, const queue::QueuedRecipient& recipient) {
  const auto& members = plan_->pool_of(parts_.labels.view(recipient.labels)).members;
  if (!action.key[Dimension::Vmta] || members.size() < 2 || bound_to(recipient) != nullptr) {
    return hold_for(action, recipient);
  }
  route(recipient);
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
  state_changed_ = true;
  parts_.probe.action(begun->kind).add();
  const std::string words = in_words(*begun, parts_.names);
  log::warn("delivery", "{}{}", words, begun->alarm ? "; somebody has to look at it" : "");
  model::Event event = event_of(begun->key);
  event.reply = outcome.reply;
  event.step = outcome.step;
  event.has_step = true;
  event.outcome_class = outcome.outcome_class;
  event.rule = begun->rule;
  event.scope = outcome.scope;
  event.detail = words;
  parts_.events.record(event);
}

// In slices, between which other mail goes on.
void Dispatcher::end_actions() {
  if (stopping_ || !hold_log_.has_room(2 * kEndEach)) return;  // tick() comes back to it
  const Time now = parts_.clock.now();
  ActionDesk::Due due = actions_.due(now, kEndEach, [&](const queue::QueuedRecipient& recipient) {
    const Stream& stream = plan_->stream_or_default(parts_.labels.view(recipient.labels).stream);
    return stream.retry.expires_at(queue::time_of(recipient.received));
  });
  for (const auto& turn : due.turns) tell_end(turn.key, in_words(turn, parts_.names));
  for (ActionDesk::Due::Group& group : due.released) {
    const std::string cause = "the hold of " + describe(group.key, parts_.names) + " has ended";
    if (group.begins) tell_end(group.key, cause);
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
  if (actions_.next_due() > now || std::exchange(end_posted_, true)) return;
  parts_.shard.post([this] {
    end_posted_ = false;
    end_actions();
  });
}

void Dispatcher::tell_end(const shaping::LimitKey& key, const std::string& words) {
  state_changed_ = true;
  log::info("delivery", "{}", words);
  model::Event event = event_of(key);
  event.detail = words;
  parts_.events.record(event);
}

// About what it is.
model::Event Dispatcher::event_of(const shaping::LimitKey& key) const {
  model::Event event;
  event.type = model::EventType::Action;
  event.time = parts_.clock.wall();
  event.provider = parts_.names.view(key[Dimension::Provider]);
  event.vmta = parts_.names.view(key[Dimension::Vmta]);
  event.stream = parts_.names.view(key[Dimension::Stream]);
  event.tenant = parts_.names.view(key[Dimension::Tenant]);
  event.campaign = parts_.names.view(key[Dimension::Campaign]);
  event.dkim_domain = parts_.names.view(key[Dimension::DkimDomain]);
  return event;
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
