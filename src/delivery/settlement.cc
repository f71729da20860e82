// SPDX-License-Identifier: Apache-2.0
#include "delivery/settlement.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/ascii.h"
#include "base/check.h"
#include "base/log.h"
#include "delivery/recipient_flags.h"
#include "model/class_policy.h"

namespace penstock::delivery {
namespace {

// A notice that could not be stored is tried again with its recipients after this.
constexpr Duration kAfterFullSpool{std::chrono::minutes{2}};

// The receiver answered, or knew from MAIL on that there was something to answer.
bool knows_us(const model::Outcome& outcome, const Attempted& attempted) {
  return outcome.reply.code != 0 || (attempted.asked && outcome.step >= model::Step::Mail);
}

// Else it was decided in the queue: it was suppressed, its time was over, an operator returned it.
bool was_attempt(const Attempted& attempted) {
  return attempted.destination || attempted.looked_up;
}

// Some classes are given up before the stream's schedule ends: a mailbox that stays full.
bool is_limited(const TryLimit& limit) {
  return limit.tries > 0 || limit.within > Duration::zero();
}

std::uint8_t with_one_more_try(std::uint8_t flags) {
  const bool full = flags / kTriedOnce == kTriesMost;
  return full ? flags : static_cast<std::uint8_t>(flags + kTriedOnce);
}

// Only tries that met the class count: who was greylisted twice has not been found full three times. They are spread
// over `within` (least_wait), so where their number is limited the message's age says nothing more.
bool tried_enough(const TryLimit& limit, std::uint32_t tries, Duration age) {
  if (limit.tries > 0) return tries >= limit.tries;
  return limit.within > Duration::zero() && age >= limit.within;
}

// How fast we may send is for the path to keep: whom a probe of it met waits no longer than this for a rule's sake, nor
// does urgent mail whatever it is about the path.
constexpr Duration kPaceWait{std::chrono::minutes{5}};

bool is_of_pace(const model::Outcome& outcome) {
  return outcome.outcome_class == model::OutcomeClass::RateLimit ||
         outcome.outcome_class == model::OutcomeClass::TooManyConnections;
}

// Until the next try at least: the few tries of such a class are spread over their time, and a receiver that says how
// long to wait is believed. A wait that only a rule knows counts too, where it is no matter of the path's pace. Whether
// the path waits is for its controller to say.
Duration least_wait(const TryLimit& limit, const model::Outcome& outcome, const Stream& stream) {
  if (limit.tries > 1) return limit.within / (limit.tries - 1);
  const Duration wait = outcome.wait.value_or(Duration::zero());
  const bool short_one =
      model::speaks_of_path(outcome) && (is_of_pace(outcome) || stream.priority == queue::Priority::Urgent);
  return outcome.wait_told || !short_one ? wait : std::min(wait, kPaceWait);
}

// Whether the reply has this very address in its words.
bool names_address(const model::Outcome& outcome, std::string_view address) {
  const std::string text = ascii::lower(outcome.reply.text);
  const std::size_t at = text.find(ascii::lower(address));
  if (at == std::string::npos) return false;
  return at == 0 || !(ascii::is_alnum(text[at - 1]) || text[at - 1] == '.' || text[at - 1] == '-');
}

// The answer to the data, or to the command for it.
bool answers_the_data(const model::Outcome& outcome) {
  return outcome.kind != model::OutcomeKind::Delivered &&
         (outcome.step == model::Step::Data || outcome.step == model::Step::EndOfData);
}

}  // namespace

struct Settlement::Context {
  const Batch& batch;
  std::span<const model::Outcome> outcomes;
  const Attempted& attempted;
  const Stream& stream;
  Time now, wall;
  std::vector<model::RecipientId> finals;
  std::vector<spool::AttemptRecord> attempts;
  Notice notice;
  std::shared_ptr<Lesson> lesson{};
  // Recipients whom one answer to the data refused together: which of them it speaks of is not told.
  std::size_t refused_together = 0;
  // What the failure in hand says of the address, where that is not its own class.
  std::optional<model::OutcomeClass> cause{};
};

Settlement::Settlement(ShardParts& parts, Queue& queue, FlightLog& flights)
    : parts_(parts), queue_(queue), flights_(flights) {}

std::size_t Settlement::note(const Batch& batch, std::span<const model::Outcome> outcomes, std::size_t from) {
  std::size_t next = from;
  for (std::size_t i = from; i < outcomes.size(); ++i) {
    if (outcomes[i].kind != model::OutcomeKind::Delivered) continue;
    next = i + 1;
    const model::RecipientId id = batch.recipients[i].id();
    // Who wants a notice of success is finished once that is durable.
    if ((batch.envelope->recipients[id.index].notify & model::kNotifySuccess) == 0) parts_.spool.note_final(id);
  }
  return next;
}

void Settlement::settle(const Batch& batch, std::span<const model::Outcome> outcomes, const Attempted& attempted) {
  PENSTOCK_CHECK(!batch.recipients.empty() && batch.recipients.size() == outcomes.size());
  const auto& labels = parts_.labels.view(batch.recipients.front().labels);
  Context context{
      batch, outcomes, attempted, plan_->stream_or_default(labels.stream), parts_.clock.now(), parts_.clock.wall(),
      {},    {},       {}};
  const bool answers_each = attempted.destination && attempted.destination->kind == RouteKind::Lmtp;
  if (!answers_each)
    context.refused_together = static_cast<std::size_t>(std::ranges::count_if(outcomes, answers_the_data));
  for (std::size_t i = 0; i < outcomes.size(); ++i) settle_one(context, i);
  finish(context);
  if (context.lesson) learn(std::move(context.lesson));
}

void Settlement::finish(Context& context) {
  // Before the Attempt that says it was sent: they go into one batch of the spool, or the notice into an earlier one.
  if (!context.notice.recipients.empty()) {
    send_notice(context.batch, context.stream, context.attempted, std::move(context.notice));
  }
  if (!context.attempts.empty()) {
    parts_.spool.record_attempts(context.attempts);
    parts_.spool.release_cached(context.batch.envelope->id);
  }
  if (!context.finals.empty()) parts_.spool.record_finals(context.finals);
}

void Settlement::learn(std::shared_ptr<Lesson> lesson) {
  ++learning_;
  std::vector<suppression::Bounce> bounces = std::move(lesson->bounces);
  const std::uint64_t flight = flights_.begin(lesson->batch.recipients, {});
  parts_.guard->learn(std::move(bounces), [this, lesson, flight](const Result<suppression::Added>& added) {
    if (!added) log::warn("delivery", "a bounce waits for its suppression: {}", added.error().to_string());
    parts_.shard.post([this, lesson, flight, durable = added.has_value()] {
      learned(*lesson, durable);
      flights_.end(flight);
    });
  });
}

void Settlement::learned(const Lesson& lesson, bool durable) {
  --learning_;
  if (!durable) {
    for (const queue::QueuedRecipient& recipient : lesson.batch.recipients) {
      queue_.wait_until(recipient, parts_.clock.now() + kAfterFullSpool);
    }
    return;
  }
  const auto& labels = parts_.labels.view(lesson.batch.recipients.front().labels);
  Context context{lesson.batch,
                  lesson.outcomes,
                  lesson.attempted.facts(),
                  plan_->stream_or_default(labels.stream),
                  parts_.clock.now(),
                  parts_.clock.wall(),
                  {},
                  {},
                  {}};
  for (std::size_t i = 0; i < lesson.outcomes.size(); ++i) {
    conclude(context, lesson.batch.recipients[i], lesson.outcomes[i]);
  }
  finish(context);
}

void Settlement::settle_one(Context& context, std::size_t position) {
  const queue::QueuedRecipient& recipient = context.batch.recipients[position];
  const model::Outcome& outcome = context.outcomes[position];
  parts_.probe.attempt(outcome.kind).add();
  switch (outcome.kind) {
    case model::OutcomeKind::Delivered: return delivered(context, recipient, outcome);
    case model::OutcomeKind::Deferred: return deferred(context, recipient, outcome);
    case model::OutcomeKind::Bounced: return failed(context, recipient, outcome);
  }
  PENSTOCK_UNREACHABLE();
}

void Settlement::delivered(Context& context, const queue::QueuedRecipient& recipient, const model::Outcome& outcome) {
  record(model::EventType::Delivered, context, recipient, outcome, {});
  if (parts_.guard != nullptr) parts_.guard->delivered(context.batch.envelope->recipients[recipient.index].address);
  const auto& to = context.attempted.destination;
  const bool into_box = to && to->kind == RouteKind::Lmtp;
  const auto occasion = into_box                       ? report::NoticeOccasion::DeliveredToBox
                        : context.attempted.passes_dsn ? report::NoticeOccasion::RelayedWithDsn
                                                       : report::NoticeOccasion::RelayedWithoutDsn;
  const auto& envelope = *context.batch.envelope;
  const auto action = report::notice_due(envelope.sender, envelope.recipients[recipient.index].notify, occasion);
  if (action && context.stream.dsn.enabled) {
    add_notice(context, recipient, outcome, *action, true);
  } else {
    context.finals.push_back(recipient.id());
  }
}

void Settlement::deferred(Context& context, queue::QueuedRecipient recipient, const model::Outcome& outcome) {
  if (recipient.attempts < UINT16_MAX) ++recipient.attempts;
  const Time received = queue::time_of(recipient.received);
  const TryLimit& limit = plan_->try_limits.of(outcome.outcome_class);
  if (is_limited(limit)) recipient.flags = with_one_more_try(recipient.flags);
  if (context.stream.retry.expired(received, context.now)) {
    model::Outcome expiry = outcome;
    expiry.kind = model::OutcomeKind::Bounced;
    expiry.outcome_class = model::OutcomeClass::Expired;
    --recipient.attempts;  // failed() counts this attempt
    // A stream that gives up sooner than the class leaves it the last word on the address.
    if (is_limited(limit)) context.cause = outcome.outcome_class;
    failed(context, recipient, expiry);
    context.cause.reset();
    return;
  }
  if (tried_enough(limit, recipient.flags / kTriedOnce, context.now - received)) {
    model::Outcome last = outcome;
    last.kind = model::OutcomeKind::Bounced;
    --recipient.attempts;  // as above
    return failed(context, recipient, last);
  }
  // A receiver that has answered, or cut the link from MAIL on, knows this address of ours: only the same one may ask
  // again (never dodge). Trouble before that says nothing about us. A list that names that address is an exception
  // where the pool says so.
  const queue::LabelSet& labels = parts_.labels.view(recipient.labels);
  if (plan_->pool_of(labels).lets_move(outcome)) {
    recipient.pinned_vmta = {};
  } else if (knows_us(outcome, context.attempted) && context.attempted.vmta) {
    recipient.pinned_vmta = context.attempted.vmta;
  }
  const Time expires = context.stream.retry.expires_at(received);
  const Time due = std::max(context.stream.retry.next_due(recipient.attempts, received, context.now, parts_.rng),
                            std::min(context.now + least_wait(limit, outcome, context.stream), expires));
  const auto& envelope = *context.batch.envelope;
  if (is_late(recipient, context.stream, context.now) &&
      report::notice_due(envelope.sender, envelope.recipients[recipient.index].notify,
                         report::NoticeOccasion::Delayed)) {
    recipient.flags |= kDelayTold;
    add_notice(context, recipient, outcome, report::DsnAction::Delayed, false);
  }
  const std::string_view stream = parts_.names.view(labels.stream);
  spool::AttemptRecord attempt;
  attempt.recipient = recipient.id();
  attempt.attempts = recipient.attempts;
  attempt.flags = recipient.flags;
  attempt.next_due = parts_.clock.to_wall(due);
  attempt.pinned_vmta = parts_.names.view(recipient.pinned_vmta);
  if (stream != context.batch.envelope->labels.stream) attempt.stream = stream;
  attempt.last_reply = outcome.reply.to_string();
  context.attempts.push_back(std::move(attempt));
  record(model::EventType::Deferred, context, recipient, outcome, parts_.clock.to_wall(due));

  queue_.wait_until(recipient, due);
}

bool Settlement::is_late(const queue::QueuedRecipient& recipient, const Stream& stream, Time now) {
  return stream.dsn.enabled && stream.dsn.delay && (recipient.flags & kDelayTold) == 0 &&
         now - queue::time_of(recipient.received) >= *stream.dsn.delay;
}

void Settlement::tell_delay(Batch& batch, const model::Outcome& why) {
  const Attempted not_attempted;
  const auto& labels = parts_.labels.view(batch.recipients.front().labels);
  Context context{
      batch, {}, not_attempted, plan_->stream_or_default(labels.stream), parts_.clock.now(), parts_.clock.wall(), {},
      {},    {}};
  for (queue::QueuedRecipient& recipient : batch.recipients) {
    recipient.flags |= kDelayTold;
    const model::Recipient& to = batch.envelope->recipients[recipient.index];
    if (!report::notice_due(batch.envelope->sender, to.notify, report::NoticeOccasion::Delayed)) continue;
    add_notice(context, recipient, why, report::DsnAction::Delayed, false);
  }
  finish(context);
}

void Settlement::failed(Context& context, const queue::QueuedRecipient& recipient, const model::Outcome& outcome) {
  // A reply about our address, our domain or this message says nothing of the recipient.
  const bool of_another = context.refused_together > 1 && answers_the_data(outcome) &&
                          !names_address(outcome, context.batch.envelope->recipients[recipient.index].address);
  const bool of_recipient =
      !of_another && (outcome.scope == model::Scope::Recipient || outcome.scope == model::Scope::None);
  if (parts_.guard != nullptr && of_recipient) {
    suppression::Bounce bounce = bounce_of(parts_, *context.batch.envelope, recipient, outcome);
    bounce.outcome_class = context.cause.value_or(outcome.outcome_class);
    if (parts_.guard->concerns(bounce)) {
      if (!context.lesson) {
        context.lesson = std::make_shared<Lesson>(context.attempted);
        context.lesson->batch.envelope = context.batch.envelope;
        context.lesson->batch.body = context.batch.body;
      }
      context.lesson->batch.recipients.push_back(recipient);
      context.lesson->outcomes.push_back(outcome);
      context.lesson->bounces.push_back(std::move(bounce));
      return;
    }
  }
  conclude(context, recipient, outcome);
}

void Settlement::conclude(Context& context, const queue::QueuedRecipient& recipient, const model::Outcome& outcome) {
  const bool expired = outcome.outcome_class == model::OutcomeClass::Expired;
  if (expired) parts_.probe.expired.add();
  queue::QueuedRecipient counted = recipient;
  if (was_attempt(context.attempted) && counted.attempts < UINT16_MAX) ++counted.attempts;
  const bool suppressed = outcome.outcome_class == model::OutcomeClass::Suppressed;
  const auto type = expired      ? model::EventType::Expired
                    : suppressed ? model::EventType::Suppressed
                                 : model::EventType::Bounced;
  record(type, context, counted, outcome, {});
  const auto& envelope = *context.batch.envelope;
  const auto action =
      report::notice_due(envelope.sender, envelope.recipients[recipient.index].notify, report::NoticeOccasion::Bounced);
  if (action && context.stream.dsn.enabled) {
    add_notice(context, recipient, outcome, *action, true);
  } else {
    context.finals.push_back(recipient.id());
  }
}

void Settlement::add_notice(Context& context, const queue::QueuedRecipient& recipient, const model::Outcome& outcome,
                            report::DsnAction action, bool is_final) {
  report::DsnRecipient reported;
  reported.index = recipient.index;
  reported.action = action;
  reported.outcome = outcome;
  reported.remote_host = context.attempted.peer_host;
  if (was_attempt(context.attempted)) reported.last_attempt = context.wall;
  if (action == report::DsnAction::Delayed) {
    reported.will_retry_until =
        parts_.clock.to_wall(context.stream.retry.expires_at(queue::time_of(recipient.received)));
  }
  context.notice.recipients.push_back(std::move(reported));
  if (is_final) context.notice.finals.push_back({recipient, outcome.kind == model::OutcomeKind::Delivered});
}

void Settlement::send_notice(const Batch& batch, const Stream& stream, const Attempted&, Notice notice) {
  const model::Envelope& original = *batch.envelope;
  const model::MessageId id = parts_.spool.make_id();
  const report::BuiltDsn dsn = report::build_dsn({.envelope = original,
                                                  .reporting_host = plan_->node,
                                                  .from = stream.dsn.sender,
                                                  .recipients = notice.recipients,
                                                  .original = batch.body ? std::string_view(*batch.body) : "",
                                                  .id = model::format_id(id),
                                                  .time = parts_.clock.wall(),
                                                  .boundary_seed = parts_.rng()});
  spool::AcceptRequest request;
  model::Envelope& envelope = request.envelope;
  envelope.id = id;
  envelope.labels.stream = stream.dsn.stream.empty() ? stream.name : stream.dsn.stream;
  envelope.labels.tenant = original.labels.tenant;
  envelope.received = parts_.clock.wall();
  envelope.peer = "internal";
  envelope.body_kind = dsn.body_kind;
  envelope.smtputf8 = dsn.smtputf8;
  // What was to stay secret is to stay so on its way back (RFC 8689 §5).
  if (original.tls == model::TlsWish::Required) envelope.tls = model::TlsWish::Required;
  envelope.recipients.push_back({original.sender, "", model::kNotifyNever});
  request.body = std::make_shared<const std::string>(dsn.message);
  envelope.body_bytes = request.body->size();
  model::Envelope stored = envelope;
  request.port = &parts_.port;
  const std::uint64_t flight = flights_.begin({}, {});
  request.done = spool::AcceptHandler([this, flight, finals = std::move(notice.finals),
                                       stored = std::move(stored)](const Result<model::MessageId>& result) {
    notice_stored(flight, finals, stored, result);
  });
  parts_.spool.accept(std::move(request));
}

void Settlement::notice_stored(std::uint64_t flight, const std::vector<Final>& finals, const model::Envelope& envelope,
                               const Result<model::MessageId>& stored) {
  std::vector<model::RecipientId> ids;
  ids.reserve(finals.size());
  for (const Final& each : finals) {
    if (stored || each.delivered) {
      ids.push_back(each.recipient.id());
    } else {
      queue_.wait_until(each.recipient, parts_.clock.now() + kAfterFullSpool);
    }
  }
  flights_.end(flight);
  parts_.spool.record_finals(ids);
  if (!stored) {
    return log::warn("delivery", "a notice to {} could not be stored: {}", envelope.recipients.front().address,
                     stored.error().to_string());
  }
  parts_.probe.notices.add();
  queue_.admit(envelope);
}

void Settlement::record(model::EventType type, const Context& context, const queue::QueuedRecipient& recipient,
                        const model::Outcome& outcome, Time next_attempt) {
  const model::Envelope& envelope = *context.batch.envelope;
  const model::Recipient& to = envelope.recipients[recipient.index];
  const Attempted& attempted = context.attempted;
  const auto& labels = parts_.labels.view(recipient.labels);
  model::Event event;
  event.type = type;
  event.time = context.wall;
  event.message = envelope.id;
  event.recipient_index = recipient.index;
  event.has_recipient = true;
  event.stream = parts_.names.view(labels.stream);
  event.tenant = parts_.names.view(labels.tenant);
  event.campaign = parts_.names.view(labels.campaign);
  event.list = envelope.labels.list;
  event.sender = envelope.sender;
  event.recipient = to.address;
  event.original_recipient = to.original;
  event.envelope_id = envelope.envelope_id;
  event.domain = parts_.names.view(recipient.domain);
  event.vmta = parts_.names.view(attempted.vmta);
  event.pool = plan_->pool_of(labels).name;
  if (attempted.destination) {
    event.provider = parts_.names.view(attempted.destination->provider);
    event.site = parts_.names.view(attempted.destination->site);
    event.route = to_string(attempted.destination->kind);
    if (attempted.destination->kind != RouteKind::Null) {
      event.tls_policy = attempted.tls_policy.empty() ? to_string(attempted.destination->tls) : attempted.tls_policy;
    }
  }
  event.source_address = attempted.source_address;
  event.peer_address = attempted.peer_address;
  event.peer_host = attempted.peer_host;
  event.client = envelope.peer;
  event.protocol = envelope.peer == "pickup" || envelope.peer == "internal" ? std::string_view(envelope.peer) : "smtp";
  event.extensions = attempted.extensions;
  event.tls_protocol = attempted.tls_protocol;
  event.tls_cipher = attempted.tls_cipher;
  event.tls_verified = attempted.tls_verified;
  event.step = outcome.step;
  event.has_step = was_attempt(attempted);
  event.reply = outcome.reply;
  event.outcome_class = outcome.outcome_class;
  event.rule = outcome.rule;
  event.scope = outcome.scope;
  event.blocklist = outcome.blocklist;
  event.attempt = recipient.attempts + (type == model::EventType::Delivered ? 1U : 0U);
  event.bytes = envelope.body_bytes;
  event.queued = std::max(context.wall - envelope.received, Duration::zero());  // the descriptor knows seconds only
  event.took = attempted.took;
  event.next_attempt = next_attempt;
  event.connection = attempted.connection;
  event.dkim_domain = attempted.dkim_domain;
  parts_.events.record(event);
}

}  // namespace penstock::delivery
