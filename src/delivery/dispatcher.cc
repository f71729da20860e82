// SPDX-License-Identifier: Apache-2.0
// Arrival, waiting and routing. Paths and connections: dispatcher_paths.cc; what operators do: dispatcher_control.cc.
#include "delivery/dispatcher.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/check.h"
#include "base/log.h"
#include "delivery/descriptors.h"
#include "delivery/recipient_flags.h"

namespace penstock::delivery {
namespace {

constexpr Duration kLastAttempt{std::chrono::seconds{10}};
constexpr unsigned kInLineEach = 8;         // housekeepings until mail in line is looked through
constexpr std::size_t kDueEach = 4096;      // recipients taken from the calendar at a time
constexpr std::size_t kReleaseEach = 2048;  // held recipients looked at at a time

// Names are numbered from zero and far fewer than 2^30.
std::uint64_t waiting_key(model::NameId domain, const queue::LabelSet& labels) {
  return (std::uint64_t{domain.value} << 32) | (std::uint64_t{static_cast<std::uint8_t>(labels.tls)} << 30) |
         labels.stream.value;
}

}  // namespace

Dispatcher::Dispatcher(ShardParts parts, std::unique_ptr<DestinationTable> destinations)
    : parts_(parts),
      destinations_(std::move(destinations)),
      settlement_(parts_, *this, flights_),
      judge_(parts_.clock, parts_.probe),
      hold_log_(parts_),
      calendar_(pool_, parts.clock.now()),
      held_(pool_),
      actions_(pool_),
      limits_(parts_.limits, pool_, parts_.names, parts_.clock),
      path_rules_(parts_.names),
      outboxes_(parts.peers.count()) {}

Dispatcher::~Dispatcher() = default;

void Dispatcher::set_plan(PlanPtr plan) {
  plan_ = std::move(plan);
  destinations_->set_plan(plan_);
  path_rules_.set_plan(plan_);
  settlement_.set_plan(plan_);
  tls_memory_.forget_sessions();
  meters_.clear();
  judge_.set_classifier(plan_->classifier);
  let_out(limits_.set_rules(plan_->limit_rules));
  actions_.set_rules(plan_->action_rules ? *plan_->action_rules : shaping::shipped_action_rules());
  release(queue::HoldReason::NoPath, "its vMTA or pool is usable again");
  reroute_ready();
}

void Dispatcher::start() {
  PENSTOCK_CHECK(plan_ != nullptr);
  parts_.shard.every(kTick, [this] { tick(); });
}

void Dispatcher::take(std::span<const queue::QueuedRecipient> recipients) {
  given_back(recipients);
  for (const queue::QueuedRecipient& recipient : recipients) place(recipient);
  flush_outboxes();
}

void Dispatcher::admit(const model::Envelope& envelope) {
  std::vector<queue::QueuedRecipient> recipients;
  append_descriptors(envelope, parts_.clock, parts_.names, parts_.labels, recipients);
  settle_suppressed(envelope, recipients);
  take(recipients);
}

// Accepted all the same, to be recorded: at once, whatever the state of their path. Mail for later is looked at then.
void Dispatcher::settle_suppressed(const model::Envelope& envelope, std::vector<queue::QueuedRecipient>& recipients) {
  if (parts_.guard == nullptr || recipients.empty()) return;
  if (queue::time_of(recipients.front().due) > parts_.clock.now()) return;
  const bool perhaps = std::any_of(recipients.begin(), recipients.end(), [&](const queue::QueuedRecipient& one) {
    return parts_.guard->list().may_be_listed(envelope.recipients[one.index].address);
  });
  if (!perhaps) return;
  Batch batch;
  batch.recipients = std::move(recipients);
  batch.envelope = std::make_shared<const model::Envelope>(envelope);
  if (auto cached = parts_.spool.find_cached(envelope.id)) batch.body = std::move(cached->body);
  Suppressed dropped = take_suppressed(parts_, batch);
  recipients = std::move(batch.recipients);
  // Those of whom nobody knows are asked about again when they are attempted.
  for (std::size_t i = dropped.outcomes.size(); i-- > 0;) {
    if (dropped.outcomes[i].kind == model::OutcomeKind::Bounced) continue;
    recipients.push_back(dropped.batch.recipients[i]);
    dropped.batch.recipients.erase(dropped.batch.recipients.begin() + static_cast<std::ptrdiff_t>(i));
    dropped.outcomes.erase(dropped.outcomes.begin() + static_cast<std::ptrdiff_t>(i));
  }
  if (dropped.outcomes.empty()) return;
  const Attempted not_attempted;
  settlement_.settle(dropped.batch, dropped.outcomes, not_attempted);
}

void Dispatcher::place(const queue::QueuedRecipient& recipient) {
  if (recipient.hold != queue::HoldReason::None) return hold(recipient, recipient.hold);
  if (queue::time_of(recipient.due) > parts_.clock.now()) return wait_until(recipient, queue::time_of(recipient.due));
  totals_.entered(queue::Whereabouts::Active);
  route(recipient);
}

void Dispatcher::wait_until(const queue::QueuedRecipient& recipient, Time due) {
  wait_as(queue::HoldReason::None, recipient, due);
}

void Dispatcher::wait_as(queue::HoldReason mark, queue::QueuedRecipient waiting, Time due) {
  waiting.due = queue::due_second(due);
  const auto where = waiting.attempts == 0 ? queue::Whereabouts::Scheduled : queue::Whereabouts::Deferred;
  if (!watches_.empty() && is_met(waiting, where, place_of(waiting))) return;
  totals_.entered(where);
  waiting.hold = mark;
  calendar_.push(waiting);
}

void Dispatcher::hold(queue::QueuedRecipient recipient, queue::HoldReason reason) {
  recipient.hold = reason;
  if (!watches_.empty() && is_met(recipient, queue::Whereabouts::Held, place_of(recipient))) return;
  totals_.entered(queue::Whereabouts::Held);
  held_.push(recipient, reason);
}

void Dispatcher::hold_anew(const queue::QueuedRecipient& recipient, queue::HoldReason reason, std::string_view cause) {
  // A million of them need not be told of once more.
  if (!is_recovered(recipient)) hold_log_.add(model::EventType::Held, recipient, cause);
  hold(recipient, reason);
}

void Dispatcher::release(queue::HoldReason reason, std::string_view cause) {
  if (held_.size(reason) == 0) return;
  std::erase_if(releasing_, [reason](const Releasing& each) { return each.reason == reason; });
  releasing_.push_back({reason, std::string(cause), {}});
  if (!release_posted_) release_slice();
}

void Dispatcher::release_slice() {
  if (stopping_ || releasing_.empty() || !hold_log_.has_room(2 * kReleaseEach)) return;  // tick() comes back to it
  Releasing& mine = releasing_.front();
  std::vector<queue::QueuedRecipient> freed;
  held_.scan(mine.cursor, kReleaseEach, [&](const queue::QueuedRecipient& recipient) {
    if (recipient.hold != mine.reason || still_held(recipient)) return queue::Visit::Keep;
    freed.push_back(recipient);
    return queue::Visit::Take;
  });
  for (queue::QueuedRecipient& recipient : freed) {
    totals_.left(queue::Whereabouts::Held);
    recipient.hold = queue::HoldReason::None;
    hold_log_.add(model::EventType::Released, recipient, mine.cause);
  }
  if (mine.cursor.done()) releasing_.pop_front();
  take(freed);
  post_release();
}

void Dispatcher::post_release() {
  if (releasing_.empty() || std::exchange(release_posted_, true)) return;
  parts_.shard.post([this] {
    release_posted_ = false;
    release_slice();
  });
}

bool Dispatcher::still_held(const queue::QueuedRecipient& recipient) const {
  if (recipient.hold == queue::HoldReason::NoPath) return !has_vmta(recipient);
  return recipient.hold == queue::HoldReason::Paused && !pauses_.empty() &&
         pauses_.find(recipient, parts_.labels, place_of(recipient)) != nullptr;
}

void Dispatcher::tick() {
  const Time now = parts_.clock.now();
  if (stopping_) return;
  due_.clear();
  // Who may be held at once, as a pause wants it, has to be told of.
  const bool has_room = hold_log_.has_room(kDueEach);
  const std::size_t count = has_room ? calendar_.pop_due(now, kDueEach, due_) : 0;
  for (queue::QueuedRecipient& recipient : due_) {
    recipient.hold = queue::HoldReason::None;
    totals_.moved(recipient.attempts == 0 ? queue::Whereabouts::Scheduled : queue::Whereabouts::Deferred,
                  queue::Whereabouts::Active);
    route(recipient);
  }
  flush_outboxes();
  // A large backlog is worked off without waiting for the next tick, but other work of the shard gets its turn.
  if (count == kDueEach) parts_.shard.post([this] { tick(); });
  while (!wakes_.empty() && wakes_.begin()->first <= now) {
    const auto path = paths_.find(wakes_.begin()->second);
    wakes_.erase(wakes_.begin());
    if (path == paths_.end()) continue;
    path->second->scheduled = false;
    schedule_pump(*path->second);
  }
  if (const auto next = pauses_.next_expiry(); next && *next <= now) {
    pauses_.expire(now);
    pauses_changed();
  }
  post_release();
  post_bring_back();
  if (has_room) nudge_stalled();
  if (limits_.someone_waits()) let_out(limits_.let_out());
  if (actions_.next_due() <= now) end_actions();
  serve_roomless();
  end_idle_for_room();
  if (now < next_housekeep_) return;
  next_housekeep_ = now + Path::kSampleEvery;
  housekeep();
}

void Dispatcher::route(const queue::QueuedRecipient& recipient) {
  const Time now = parts_.clock.now();
  const queue::LabelSet& labels = parts_.labels.view(recipient.labels);
  const Stream& stream = plan_->stream_or_default(labels.stream);
  if (is_over(recipient, stream, now)) return expire(recipient);
  if (const Time opens = stream.window.opens(now); opens > now) {
    totals_.left(queue::Whereabouts::Active);
    return wait_until(recipient, opens);
  }
  if (const auto known = destinations_->find(recipient.domain, stream, labels.tls)) return handle(recipient, *known);
  look_up(recipient, stream);
}

// The last attempt falls on the moment of expiry (RetryPlan::next_due). It is made, so that the notice can say what the
// receiver said; an attempt that comes later than this is not.
bool Dispatcher::is_over(const queue::QueuedRecipient& recipient, const Stream& stream, Time now) {
  const Duration grace = recipient.attempts > 0 ? kLastAttempt : Duration::zero();
  return stream.retry.expired(queue::time_of(recipient.received), now - grace);
}

void Dispatcher::look_up(const queue::QueuedRecipient& recipient, const Stream& stream) {
  const queue::LabelSet& labels = parts_.labels.view(recipient.labels);
  const std::uint64_t key = waiting_key(recipient.domain, labels);
  auto& waiting = waiting_routes_[key];  // visit_in_flight() finds them here
  waiting.push_back(recipient);
  if (waiting.size() > 1) return;
  ++in_flight_;
  // Not within this turn, or the first recipient of a message might leave before the others are here.
  const std::uint64_t flight = flights_.begin({}, {});
  parts_.shard.post([this, domain = recipient.domain, route = stream.route, tls = labels.tls, key, flight] {
    parts_.shard.spawn("route", look_up_task(*this, domain, route, tls, key, flight));
  });
}

net::Task<> Dispatcher::look_up_task(Dispatcher& self, model::NameId domain, Route route, model::TlsWish wish,
                                     std::uint64_t key, std::uint64_t flight) {
  const Resolved resolved = co_await self.destinations_->look_up(domain, route, wish);
  const auto entry = self.waiting_routes_.find(key);
  const std::vector<queue::QueuedRecipient> waiting = std::move(entry->second);
  self.waiting_routes_.erase(entry);
  --self.in_flight_;
  for (const queue::QueuedRecipient& recipient : waiting) self.handle(recipient, resolved);
  self.flush_outboxes();
  self.flights_.end(flight);
}

void Dispatcher::handle(const queue::QueuedRecipient& recipient, const Resolved& resolved) {
  if (const auto* trouble = std::get_if<RouteTroublePtr>(&resolved)) return fail_unrouted(recipient, *trouble);
  if (!has_vmta(recipient)) {
    totals_.left(queue::Whereabouts::Active);
    return hold_anew(recipient, queue::HoldReason::NoPath, why_no_vmta(*plan_, parts_, recipient));
  }
  queue::QueuedRecipient found = recipient;
  // "No such domain" counts when it is said several times in a row.
  found.flags &= static_cast<std::uint8_t>(~kNoDomain);
  send_on(found, std::get<DestinationPtr>(resolved));
}

std::size_t Dispatcher::owner_of(model::NameId home) const {
  return std::hash<model::NameId>()(home) % outboxes_.size();
}

void Dispatcher::send_on(const queue::QueuedRecipient& recipient, const DestinationPtr& destination) {
  const std::size_t owner = owner_of(destination->home);
  if (owner == parts_.shard.index()) return enter({recipient, destination});
  outboxes_[owner].push_back({recipient, destination});
  totals_.left(queue::Whereabouts::Active);
}

void Dispatcher::flush_outboxes() {
  for (std::size_t i = 0; i < outboxes_.size(); ++i) {
    if (outboxes_[i].empty()) continue;
    Dispatcher& peer = parts_.peers.dispatcher(i);
    peer.parts_.shard.post(
        [&peer, batch = std::exchange(outboxes_[i], {})]() mutable { peer.arrive(std::move(batch)); });
  }
}

void Dispatcher::arrive(std::vector<Routed> routed) {
  for (Routed& one : routed) {
    totals_.entered(queue::Whereabouts::Active);
    enter(std::move(one));
  }
}

void Dispatcher::fail_unrouted(const queue::QueuedRecipient& recipient, const RouteTroublePtr& trouble) {
  auto& entry = unrouted_[trouble.get()];
  if (!entry.first) entry.first = trouble;
  entry.second.push_back(recipient);
  post_process();
}

void Dispatcher::expire(const queue::QueuedRecipient& recipient) {
  expired_.push_back(recipient);
  post_process();
}

// What piled up during one turn of the shard is settled together.
void Dispatcher::post_process() {
  if (post_process_flight_ != 0) return;
  post_process_flight_ = flights_.begin({}, {});  // visit_in_flight() knows unrouted_ and expired_
  parts_.shard.post([this] { process(); });
}

void Dispatcher::process() {
  const std::uint64_t flight = std::exchange(post_process_flight_, 0);
  const auto spawn = [this](std::vector<queue::QueuedRecipient> recipients, const model::Outcome& outcome,
                            const Attempted& attempted) {
    if (recipients.empty()) return;
    ++in_flight_;
    parts_.shard.spawn("settle", settle_unattempted(*this, std::move(recipients), outcome, attempted));
  };
  Attempted looked_up;
  looked_up.looked_up = true;
  for (auto& [key, entry] : std::exchange(unrouted_, {})) {
    auto& [trouble, recipients] = entry;
    if (!trouble->no_such_domain) {
      spawn(std::move(recipients), trouble->outcome, looked_up);
      continue;
    }
    // A name that is gone for a moment must not cost anybody's mail: several attempts have to agree.
    const auto confirmed = [this](const queue::QueuedRecipient& recipient) {
      return (recipient.flags & kNoDomain) / Settlement::kNoDomainOnce + 1U >= plan_->nxdomain_confirmations;
    };
    const auto middle = std::partition(recipients.begin(), recipients.end(), confirmed);
    std::vector<queue::QueuedRecipient> again(middle, recipients.end());
    recipients.erase(middle, recipients.end());
    for (queue::QueuedRecipient& recipient : again) {
      recipient.flags += Settlement::kNoDomainOnce;
      destinations_->forget(recipient.domain);  // what we remember confirms nothing
    }
    model::Outcome later = trouble->outcome;
    later.kind = model::OutcomeKind::Deferred;
    spawn(std::move(recipients), trouble->outcome, looked_up);
    spawn(std::move(again), later, looked_up);
  }
  model::Outcome expiry;
  expiry.kind = model::OutcomeKind::Bounced;
  expiry.outcome_class = model::OutcomeClass::Expired;
  expiry.reply = {0, {5, 4, 7}, "delivery time expired"};
  spawn(std::exchange(expired_, {}), expiry, {});
  flights_.end(flight);
}

net::Task<> Dispatcher::settle_unattempted(Dispatcher& self, std::vector<queue::QueuedRecipient> recipients,
                                           model::Outcome outcome, Attempted attempted) {
  const Flight flight(self.flights_, recipients, {});
  self.given_back(recipients);
  const auto key = [](const queue::QueuedRecipient& r) { return std::tuple(r.message, r.labels.value, r.index); };
  std::sort(recipients.begin(), recipients.end(), [&](const auto& a, const auto& b) { return key(a) < key(b); });
  for (auto first = recipients.begin(); first != recipients.end();) {
    const auto last = std::find_if(first, recipients.end(), [&](const queue::QueuedRecipient& other) {
      return other.message != first->message || other.labels != first->labels;
    });
    auto batch = co_await self.load({first, last});
    if (batch) {
      for (auto each = first; each != last; ++each) self.totals_.left(queue::Whereabouts::Active);
      const std::vector<model::Outcome> outcomes(batch->recipients.size(), outcome);
      self.settlement_.settle(*batch, outcomes, attempted);
    }
    first = last;
  }
  --self.in_flight_;
}

net::Task<std::optional<Batch>> Dispatcher::load(std::vector<queue::QueuedRecipient> recipients) {
  Batch batch;
  batch.recipients = std::move(recipients);
  const model::MessageId id = batch.recipients.front().message;
  if (auto cached = parts_.spool.find_cached(id)) {
    batch.envelope = std::move(cached->envelope);
    batch.body = std::move(cached->body);
    co_return batch;
  }
  spool::Spool& spool = parts_.spool;
  auto stored = co_await parts_.readers.run([&spool, id] { return spool.read(id); });
  if (stored) {
    batch.envelope = std::move(stored->envelope);
    batch.body = std::move(stored->body);
    co_return batch;
  }
  for (std::size_t i = 0; i < batch.recipients.size(); ++i) totals_.left(queue::Whereabouts::Active);
  // Finished meanwhile by somebody else, which is no trouble; or it cannot be read: a person has to look.
  if (!(stored.error() == make_error_code(spool::Errc::UnknownMessage))) {
    log::error("delivery", "message {} is set aside, it cannot be read: {}", model::format_id(id),
               stored.error().to_string());
    for (const queue::QueuedRecipient& recipient : batch.recipients) {
      hold_anew(recipient, queue::HoldReason::Operator, "the message cannot be read from the spool");
    }
  }
  co_return std::nullopt;
}

void Dispatcher::stop() {
  stopping_ = true;
  for (const auto& [key, path] : paths_) {
    for (const auto& [site, lane] : path->lanes()) {
      while (!lane->idle.empty()) lane->idle.front().wake(true);
      while (!lane->pacing.empty()) lane->pacing.front().wake(true);
    }
  }
}

// Who waits for a vMTA has a time-out as well. What a person holds or pauses is that person's to let go.
void Dispatcher::expire_held() {
  if (held_.size(queue::HoldReason::NoPath) == 0) return;
  const Time now = parts_.clock.now();
  std::vector<queue::QueuedRecipient> over;
  queue::HeldQueue::Cursor cursor;
  while (!cursor.done()) {
    held_.scan(cursor, 4096, [&](const queue::QueuedRecipient& recipient) {
      const Stream& stream = plan_->stream_or_default(parts_.labels.view(recipient.labels).stream);
      const bool expired =
          recipient.hold == queue::HoldReason::NoPath && stream.retry.expired(queue::time_of(recipient.received), now);
      if (!expired) return queue::Visit::Keep;
      over.push_back(recipient);
      return queue::Visit::Take;
    });
  }
  for (queue::QueuedRecipient& recipient : over) {
    totals_.moved(queue::Whereabouts::Held, queue::Whereabouts::Active);
    recipient.hold = queue::HoldReason::None;
    expire(recipient);
  }
}

void Dispatcher::housekeep() {
  const Time now = parts_.clock.now();
  boost::unordered::erase_if(paths_, [](const auto& entry) {
    entry.second->drop_unused_lanes();
    return entry.second->idle() && !entry.second->scheduled;
  });
  path_rules_.forget_unless([this](const shaping::PathKey& key) { return paths_.contains(key); });
  for (const auto& [key, path] : paths_) path->sample(now);
  limiters_.each([this](const shaping::PathKey& key, shaping::Limiter& limiter) { tell_state(key, limiter, nullptr); });
  limiters_.drop_unused(now);
  expire_held();
  actions_.forget_old(now);
  limits_.drop_unused();
  const auto over = limits_.take_expired([this](const queue::QueuedRecipient& recipient) {
    const Stream& stream = plan_->stream_or_default(parts_.labels.view(recipient.labels).stream);
    return stream.retry.expires_at(queue::time_of(recipient.received));
  });
  for (const queue::QueuedRecipient& recipient : over) expire(recipient);
  boost::unordered::erase_if(avoided_, [now](const auto& entry) { return entry.second <= now; });
  if (++housekept_ % kInLineEach == 0) expire_in_line();
  parts_.probe.paths.set(static_cast<std::int64_t>(paths_.size()));
}

}  // namespace penstock::delivery
