// SPDX-License-Identifier: Apache-2.0
// Paths of a shard: what enters them, when connections are opened, and what connections take from them.
#include <fmt/format.h>

#include <algorithm>

#include "delivery/connection.h"
#include "delivery/dispatcher.h"

namespace penstock::delivery {
namespace {

const shaping::AdaptivePolicy kUsualPolicy;
constexpr std::size_t kFlushEach = 512;     // recipients deferred at a time when a lane's hosts cannot be reached
constexpr std::size_t kRerouteEach = 4096;  // recipients that were ready, routed anew at a time after a reload
constexpr std::size_t kAsideEach = 4096;    // recipients found ready and put aside at a time, by a pause for one

}  // namespace

void Dispatcher::enter(Routed routed) {
  const Stream& stream = plan_->stream_or_default(parts_.labels.view(routed.recipient.labels).stream);
  const Choice choice = choose_vmta(routed.recipient, stream, *routed.destination);
  if (choice.vmta == nullptr) {
    totals_.left(queue::Whereabouts::Active);
    if (choice.again != Time{}) return put_off(routed.recipient, choice.again);
    return hold_anew(routed.recipient, queue::HoldReason::NoPath, why_no_vmta(*plan_, parts_, routed.recipient));
  }
  const Vmta& vmta = with_room(routed.recipient, *choice.vmta, stream, *routed.destination);
  if (plan_->paths_say_tls) {
    const std::string_view domain = parts_.names.view(routed.recipient.domain);
    const TlsSaid said = path_rules_.tls_of(vmta.name, stream, *routed.destination, domain);
    if (said != routed.destination->said) {
      routed.destination = destinations_->at_level(routed.destination, level_of(said));
    }
  }
  Path& path =
      find_path({vmta.name, path_rules_.group_of(vmta.name, stream, *routed.destination)}, *routed.destination);
  Lane& lane = path.lane_to(routed.destination, pool_, parts_.labels);
  if (const queue::Pause* pause = pause_of(routed.recipient, lane)) {
    totals_.left(queue::Whereabouts::Active);
    return hold_anew(routed.recipient, queue::HoldReason::Paused, why_paused(*pause));
  }
  if (!actions_.empty()) {
    const shaping::Action* action = actions_.barrier(facts_of(lane, routed.recipient), parts_.clock.now());
    if (action != nullptr) return hold_for(*action, routed.recipient);
  }
  if (!watches_.empty() && is_met(routed.recipient, queue::Whereabouts::Active, place_of(lane))) {
    return totals_.left(queue::Whereabouts::Active);
  }
  lane.push(routed.recipient, stream.priority);
  if (path.warmup()) path.warmup().set_in_line(path.ready());
  nudge(lane);
}

const queue::Pause* Dispatcher::pause_of(const queue::QueuedRecipient& recipient, const Lane& lane) const {
  return pauses_.empty() ? nullptr : pauses_.find(recipient, parts_.labels, place_of(lane));
}

queue::Place Dispatcher::place_of(const Lane& lane) const {
  return {lane.destination->provider, lane.path.key().vmta, lane.destination->group};
}

TimeoutsPtr Dispatcher::timeouts_of(const Lane& lane) {
  const TimeoutsPtr own = path_rules_.timeouts_of(lane.path.key(), *lane.destination);
  return own ? own : TimeoutsPtr(plan_, &plan_->timeouts);
}

shaping::PathLimiter Dispatcher::make_limiter(const PathScopes& scopes) {
  const Time now = parts_.clock.now();
  std::vector<std::shared_ptr<shaping::Limiter>> limiters;
  for (const PathScopes::Scope& scope : scopes) {
    const std::string name =
        fmt::format("{}/{}", parts_.names.view(scope.key.vmta), parts_.names.view(scope.key.group));
    limiters.push_back(limiters_.obtain(scope.key, name, scope.limits, plan_->trouble, *scope.policy, now));
  }
  for (const shaping::PathKey& recalled : limiters_.take_recalled()) {
    for (std::size_t i = 0; i < parts_.peers.count(); ++i) {
      Dispatcher& peer = parts_.peers.dispatcher(i);
      if (&peer != this) peer.parts_.shard.post([&peer, recalled] { peer.limiters_.forget(recalled); });
    }
  }
  return shaping::PathLimiter(std::move(limiters));
}

Path& Dispatcher::find_path(const shaping::PathKey& key, const Destination& destination) {
  const PathScopes scopes = path_rules_.scopes_of(key, destination);
  const auto keys = [&scopes] {
    std::vector<shaping::PathKey> all;
    for (const PathScopes::Scope& scope : scopes) all.push_back(scope.key);
    return all;
  };
  auto& slot = paths_[key];
  if (!slot) {
    slot = std::make_unique<Path>(key, destination.home, make_limiter(scopes), keys(), parts_.clock.now());
  }
  // A plan that comes later holds for paths that are there.
  if (!slot->warmup()) {
    if (const warmup::MeterPtr& meter = meter_of(key.vmta, destination)) slot->set_warmup(warmup::Share(meter));
  }
  // A reload gave other limits: the limiters are the same objects, told of the new numbers.
  const auto is_as = [](const shaping::Limiter& limiter, const PathScopes::Scope& scope) {
    const shaping::AdaptivePolicyPtr& policy = *scope.policy;
    return limiter.limits() == scope.limits &&
           (policy ? limiter.policy() == *policy : limiter.policy() == kUsualPolicy);
  };
  const auto& limiters = slot->limiter().scopes();
  bool as_before = limiters.size() == scopes.count;
  for (std::size_t i = 0; as_before && i < scopes.count; ++i) {
    as_before = slot->scope_keys()[i] == scopes.all[i].key && is_as(*limiters[i], scopes.all[i]);
  }
  if (!as_before) slot->set_limiter(make_limiter(scopes), keys());
  return *slot;
}

// What is ready goes by the new plan's routes and limits at once, as what comes later does.
void Dispatcher::reroute_ready() {
  std::vector<queue::QueuedRecipient> stale;
  for (const auto& [key, path] : paths_) {
    for (const auto& [site, lane] : path->lanes()) {
      queue::FairQueue::Cursor cursor;
      while (!lane->ready.empty() && !cursor.done()) {
        lane->ready.scan(cursor, kRerouteEach, [&](const queue::QueuedRecipient& recipient) {
          stale.push_back(recipient);
          return queue::Visit::Take;
        });
      }
    }
  }
  if (stale.empty()) return;
  reroute_slice(begin_reroute(std::move(stale)));
}

std::list<Dispatcher::Rerouting>::iterator Dispatcher::begin_reroute(std::vector<queue::QueuedRecipient> stale) {
  rerouting_.push_back({std::move(stale), 0, flights_.begin({}, {})});  // visit_in_flight() finds them there
  return std::prev(rerouting_.end());
}

void Dispatcher::reroute_slice(std::list<Rerouting>::iterator rerouting) {
  const std::size_t end = std::min(rerouting->stale.size(), rerouting->done + kRerouteEach);
  while (rerouting->done < end) route(rerouting->stale[rerouting->done++]);
  flush_outboxes();
  if (rerouting->done < rerouting->stale.size()) {
    return parts_.shard.post([this, rerouting] { reroute_slice(rerouting); });
  }
  flights_.end(rerouting->flight);
  rerouting_.erase(rerouting);
}

void Dispatcher::nudge(Lane& lane, std::size_t recipients) {
  if (!stopping_ && lane.path.warmup().limits()) {
    lane.path.want(lane);
    return schedule_pump(lane.path);
  }
  for (; recipients > 0 && !lane.idle.empty(); --recipients) lane.idle.back().wake(false);
  if (stopping_ || recipients == 0) return;
  if (!lane.lacks_connections()) return;
  lane.path.want(lane);
  schedule_pump(lane.path);
}

void Dispatcher::schedule_pump(Path& path) {
  if (path.scheduled) return;
  path.scheduled = true;
  parts_.shard.post([this, key = path.key()] {
    const auto found = paths_.find(key);
    if (found == paths_.end()) return;
    found->second->scheduled = false;
    pump(*found->second);
  });
}

void Dispatcher::pump(Path& path) {
  const Time now = parts_.clock.now();
  look_at_state(path);
  const bool limited = path.warmup().limits();
  std::uint64_t room = limited ? use_room(path) : UINT64_MAX;
  while (!stopping_) {
    Lane* lane = path.next_wanting();
    if (lane == nullptr) return;
    if (!lane->lacks_connections() || !lane->ready.ready(pauses_)) continue;
    if (room == 0) {
      path.want_first(*lane);
      return wait_for_room(path);
    }
    shaping::HeldLimits held;
    std::uint32_t messages = 0;
    if (limits_.has(shaping::LimitBook::Part::Path) && path.limiter().next_open(now).value_or(Time::max()) <= now &&
        !take_path_limits(path, *lane, held, messages)) {
      return path.want_first(*lane);
    }
    --room;
    auto place = take_place();
    if (!place && path.limiter().next_open(now).value_or(Time::max()) <= now) {
      path.want_first(*lane);
      return wait_for_place(path);
    }
    auto permit = place ? path.limiter().try_open(now) : std::nullopt;
    if (permit) {
      permit->hold(std::move(held), messages);
      open_connection(*lane, std::move(*place), std::move(*permit));
      if (lane->lacks_connections()) path.want(*lane);
      // It may have ended already, because its hosts are full: then the path is woken when to look again.
      if (path.scheduled) return;
      continue;
    }
    path.want_first(*lane);
    if (const auto at = path.limiter().next_open(now)) {
      path.scheduled = true;
      wakes_.emplace(std::max(*at, now + Duration{1000}), path.key());
    } else {
      // All slots are taken. An idle one of another lane gives way; its end pumps again. So does the end of any
      // connection that shares a limit with this path.
      path.free_idle_slot(*lane);
      auto& blocked = blocked_[{path.key().vmta, path.home()}];
      if (std::find(blocked.begin(), blocked.end(), path.key()) == blocked.end()) blocked.push_back(path.key());
    }
    return;
  }
}

void Dispatcher::open_connection(Lane& lane, ConnectionRoom::Place place, shaping::ConnectionPermit permit) {
  ++lane.connections;
  ++lane.opening;
  ++in_flight_;
  parts_.probe.open_connections.add(1);
  auto connection = std::make_shared<Connection>(*this, lane, std::move(place), std::move(permit));
  parts_.shard.spawn("connection", Connection::run(std::move(connection)));
}

void Dispatcher::connection_usable(Lane& lane) {
  --lane.opening;
  lane.path.limiter().connected(parts_.clock.now());
}

void Dispatcher::connection_failed(Lane& lane, const model::Outcome& outcome) {
  const Time now = parts_.clock.now();
  const shaping::AttemptFacts about{.host_serves = lane.connections > lane.opening};
  const auto observed = lane.path.limiter().observe(outcome, now, parts_.rng, about);
  parts_.probe.connection_failures.add();
  look_at_state(lane.path, &outcome);
  // The receiver serves our other connections, or may yet: what is ready goes with those.
  if (observed != shaping::Limiter::Observed::Counted) return;
  if (lane.flushing || lane.ready.empty()) return;
  lane.trouble = outcome;
  lane.flushing = true;
  ++in_flight_;
  parts_.shard.spawn("flush", flush_lane(*this, lane));
}

void Dispatcher::connection_ended(Lane& lane, bool was_opening) {
  if (was_opening) --lane.opening;
  --lane.connections;
  --in_flight_;
  parts_.probe.open_connections.add(-1);
  Path& path = lane.path;
  pump_blocked(path);
  post_serve();
  if (!lane.ready.empty() && !lane.flushing) path.want(lane);
  if (path.someone_wants()) schedule_pump(path);
}

// The other paths go first, or a busy path would take its slots back each time.
void Dispatcher::pump_blocked(const Path& path) {
  const auto entry = blocked_.find({path.key().vmta, path.home()});
  if (entry == blocked_.end()) return;
  const std::vector<shaping::PathKey> keys = std::move(entry->second);
  blocked_.erase(entry);
  for (const shaping::PathKey& key : keys) {
    const auto found = paths_.find(key);
    if (found != paths_.end() && key != path.key()) schedule_pump(*found->second);
  }
}

bool Dispatcher::another_waits(const Lane& lane) const {
  if (lane.path.another_wants(lane) || parts_.room.someone_waits()) return true;
  const auto blocked = blocked_.find({lane.path.key().vmta, lane.path.home()});
  return blocked != blocked_.end() && std::any_of(blocked->second.begin(), blocked->second.end(),
                                                  [&](const auto& key) { return key != lane.path.key(); });
}

// After a connection came to nothing: one batch is deferred for it, and everything that is ready when the scope is
// suspended for it, so that retry, expiry and notices go their way while the host is down.
net::Task<> Dispatcher::flush_lane(Dispatcher& self, Lane& lane) {
  bool any_done = false;
  std::size_t since_pause = 0;
  while (!self.stopping_) {
    const bool suspended = lane.path.limiter().state(self.parts_.clock.now()) == shaping::State::Suspended;
    // TLS that cannot be as it must be is so for all of the lane.
    if (any_done && !suspended && lane.trouble.step != model::Step::StartTls) break;
    std::vector<queue::QueuedRecipient> recipients = self.next_batch(lane);
    if (recipients.empty()) break;
    const std::size_t count = recipients.size();
    any_done = true;
    since_pause += count;
    const Flight flight(self.flights_, recipients, self.place_of(lane));
    auto batch = co_await self.load(std::move(recipients));
    self.left_delivery(lane, count, 0);
    if (!batch) continue;
    for (std::size_t i = 0; i < count; ++i) self.totals_.left(queue::Whereabouts::Active);
    lane.path.count(lane.trouble.kind, count);
    const std::vector<model::Outcome> outcomes(count, lane.trouble);
    Attempted attempted;
    attempted.destination = lane.destination;
    attempted.vmta = lane.path.key().vmta;
    if (!lane.destination->host_tls.empty()) attempted.tls_policy = lane.destination->host_tls.front().policy;
    self.settlement_.settle(*batch, outcomes, attempted);
    if (since_pause < kFlushEach) continue;
    since_pause = 0;
    co_await net::sleep_for(Duration{0});
  }
  lane.flushing = false;
  --self.in_flight_;
  self.nudge(lane, lane.ready.size());
}

bool Dispatcher::may_go(const queue::QueuedRecipient& recipient, const Lane& lane) {
  const Time now = parts_.clock.now();
  const Stream& stream = plan_->stream_or_default(parts_.labels.view(recipient.labels).stream);
  if (is_over(recipient, stream, now)) {
    expire(recipient);
    return false;
  }
  if (const Time opens = stream.window.opens(now); opens > now) {
    totals_.left(queue::Whereabouts::Active);
    wait_until(recipient, opens);
    return false;
  }
  if (const queue::Pause* pause = pause_of(recipient, lane)) {
    totals_.left(queue::Whereabouts::Active);
    hold_anew(recipient, queue::HoldReason::Paused, why_paused(*pause));
    return false;
  }
  if (!actions_.empty()) {
    if (const shaping::Action* action = actions_.barrier(facts_of(lane, recipient), now)) {
      move_or_hold(*action, recipient);
      return false;
    }
  }
  if (!limits_.empty() && limits_.someone_waits()) {
    if (LimitDesk::Room* room = limits_.queue_for(facts_of(lane, recipient))) {
      wait_in(*room, recipient);
      return false;
    }
  }
  const Vmta* vmta = plan_->find_vmta(lane.path.key().vmta);
  if (vmta == nullptr || !vmta->usable) {  // gone since a reload: chosen anew
    route(recipient);
    return false;
  }
  return true;
}

std::vector<queue::QueuedRecipient> Dispatcher::next_batch(Lane& lane) {
  std::vector<queue::QueuedRecipient> batch;
  warmup::Share& share = lane.path.warmup();
  if (!pauses_.empty() && !lane.ready.empty() && !hold_log_.has_room(kAsideEach)) {
    stall(lane);
    return batch;
  }
  for (std::size_t looked = 0; !stopping_ && batch.empty(); ++looked) {
    if (looked == kAsideEach) {
      stall(lane);
      return batch;
    }
    if (share.reserve(1) == 0) {
      lane.path.want(lane);
      wait_for_room(lane.path);
      return batch;
    }
    const auto first = lane.ready.pop(pauses_);
    if (first && lane.groups > 0) --lane.groups;
    if (!first || !may_go(*first, lane)) {
      share.settle(1, 0);
      if (!first) return batch;
      continue;
    }
    const Stream& stream = plan_->stream_or_default(parts_.labels.view(first->labels).stream);
    const std::uint32_t max = lane.path.limiter().recipients_per_message(kRecipientsPerMessage);
    batch.push_back(*first);
    const std::uint32_t limit = stream.recipients_per_message == 0 ? max : std::min(max, stream.recipients_per_message);
    if (limit == 1) break;
    const std::uint32_t more = share.reserve(limit - 1);
    const std::size_t taken = more == 0 ? 0 : lane.ready.pop_same_message(*first, more, batch);
    share.settle(more - taken, 0);
  }
  if (share) share.set_in_line(lane.path.ready());
  lane.in_delivery += static_cast<std::uint32_t>(batch.size());
  in_delivery_ += batch.size();
  if (!outboxes_.empty()) flush_outboxes();
  return batch;
}

void Dispatcher::stall(const Lane& lane) {
  const std::pair at{lane.path.key(), lane.destination->lane.value};
  if (std::find(stalled_.begin(), stalled_.end(), at) == stalled_.end()) stalled_.push_back(at);
}

void Dispatcher::nudge_stalled() {
  for (const auto& [key, site] : std::exchange(stalled_, {})) {
    const auto path = paths_.find(key);
    if (path == paths_.end()) continue;
    const auto lane = path->second->lanes().find(site);
    if (lane != path->second->lanes().end()) nudge(*lane->second, lane->second->ready.size());
  }
}

void Dispatcher::left_delivery(Lane& lane, std::size_t recipients, std::size_t taken) {
  lane.in_delivery -= static_cast<std::uint32_t>(recipients);
  in_delivery_ -= recipients;
  lane.path.warmup().settle(recipients, taken);
}

void Dispatcher::settled(Lane& lane, std::size_t recipients, std::size_t taken) {
  left_delivery(lane, recipients, taken);
  for (std::size_t i = 0; i < recipients; ++i) totals_.left(queue::Whereabouts::Active);
  // Limits that grow with success open connections without one having ended.
  Path& path = lane.path;
  if (!path.someone_wants() || path.scheduled) return;
  const Time now = parts_.clock.now();
  if (const auto at = path.limiter().next_open(now); at && *at <= now) schedule_pump(path);
}

void Dispatcher::lost(Lane& lane, std::size_t recipients) {
  left_delivery(lane, recipients, 0);
}

void Dispatcher::put_back(Lane& lane, std::span<const queue::QueuedRecipient> recipients) {
  left_delivery(lane, recipients.size(), 0);
  for (const queue::QueuedRecipient& recipient : recipients) route(recipient);
  flush_outboxes();
}

void Dispatcher::put_back_here(Lane& lane, std::vector<queue::QueuedRecipient> recipients) {
  for (queue::QueuedRecipient& recipient : recipients) recipient.pinned_vmta = lane.path.key().vmta;
  persist(recipients);
  put_back(lane, recipients);
}

}  // namespace penstock::delivery
