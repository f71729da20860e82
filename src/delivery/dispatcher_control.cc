// SPDX-License-Identifier: Apache-2.0
// What operators see and do: scans in slices, pauses, bounces.
#include <algorithm>

#include "delivery/dispatcher.h"
#include "delivery/scan.h"

namespace penstock::delivery {
namespace {

constexpr std::size_t kLearnAtOnce = 50;  // look-ups for a command

}  // namespace

void Dispatcher::recover(std::span<const queue::QueuedRecipient> recipients) {
  const Time now = parts_.clock.now();
  recovered_due_ = queue::due_second(now);
  for (const queue::QueuedRecipient& recipient : recipients) {
    if (recipient.hold != queue::HoldReason::None) {
      hold(recipient, recipient.hold);
    } else {
      wait_until(recipient, std::max(queue::time_of(recipient.due), now));
    }
  }
}

std::shared_ptr<Dispatcher::Scan> Dispatcher::begin_scan() {
  auto scan = std::make_shared<Scan>();
  scan->stopped = actions_.tuples();
  scan->rooms = limits_.lines();
  for (const auto& [key, path] : paths_) {
    for (const auto& [site, lane] : path->lanes()) {
      if (!lane->ready.empty()) scan->lanes.emplace_back(key, site);
    }
  }
  return scan;
}

bool Dispatcher::scan_slice(Scan& scan, std::size_t max, const Visitor& visit) {
  const auto show = [&](const queue::QueuedRecipient& recipient, queue::Whereabouts where, const queue::Place& place) {
    const queue::Visit wanted = visit(recipient, Sighting{where, place});
    if (wanted == queue::Visit::Take) {
      totals_.left(where);
      handed_out(recipient, place);
    }
    return wanted;
  };
  if (!scan.calendar.done()) {
    calendar_.scan(scan.calendar, max, [&](queue::QueuedRecipient recipient) {
      recipient.hold = queue::HoldReason::None;  // PutOff is nobody else's matter
      const auto where = recipient.attempts == 0 ? queue::Whereabouts::Scheduled : queue::Whereabouts::Deferred;
      return show(recipient, where, place_of(recipient));
    });
    return true;
  }
  if (!scan.held.done()) {
    held_.scan(scan.held, max, [&](const queue::QueuedRecipient& recipient) {
      return show(recipient, queue::Whereabouts::Held, place_of(recipient));
    });
    return true;
  }
  while (!scan.stopped.empty()) {
    queue::HeldQueue* held = actions_.queue_of(scan.stopped.back());
    if (held != nullptr) {
      held->scan(scan.stopped_at, max, [&](const queue::QueuedRecipient& recipient) {
        return show(recipient, queue::Whereabouts::Held, place_of(recipient));
      });
    }
    if (held == nullptr || scan.stopped_at.done()) scan.next_stopped();
    if (held != nullptr) return true;
  }
  while (!scan.rooms.empty()) {
    const bool more = limits_.scan(scan.rooms.back(), scan.room_at, static_cast<std::uint32_t>(max),
                                   [&](const queue::QueuedRecipient& recipient) {
                                     return show(recipient, queue::Whereabouts::Active, place_of(recipient));
                                   });
    if (!more) scan.next_room();
    return true;
  }
  while (!scan.lanes.empty()) {
    const auto [key, site] = scan.lanes.back();
    const auto path = paths_.find(key);
    const auto lane = path == paths_.end() ? decltype(path->second->lanes().end()){} : path->second->lanes().find(site);
    if (path == paths_.end() || lane == path->second->lanes().end()) {
      scan.next_lane();
      continue;
    }
    const queue::Place place = place_of(*lane->second);
    lane->second->ready.scan(scan.lane, max, [&](const queue::QueuedRecipient& recipient) {
      return show(recipient, queue::Whereabouts::Active, place);
    });
    if (scan.lane.done()) scan.next_lane();
    return !scan.lanes.empty();
  }
  return false;
}

void Dispatcher::visit_in_flight(const FlightLog::Visitor& visitor) const {
  flights_.visit(visitor);
  const auto show = [&](const queue::QueuedRecipient& recipient) { visitor(recipient, place_of(recipient)); };
  for (const auto& [key, waiting] : waiting_routes_) std::for_each(waiting.begin(), waiting.end(), show);
  for (const auto& [key, entry] : unrouted_) std::for_each(entry.second.begin(), entry.second.end(), show);
  std::for_each(expired_.begin(), expired_.end(), show);
  for (const Rerouting& each : rerouting_) {
    std::for_each(each.stale.begin() + static_cast<std::ptrdiff_t>(each.done), each.stale.end(), show);
  }
}

void Dispatcher::remove_watch(const Watch* watch) {
  std::erase_if(watches_, [watch](const auto& each) { return each.get() == watch; });
}

bool Dispatcher::is_met(const queue::QueuedRecipient& recipient, queue::Whereabouts where, const queue::Place& place) {
  const bool met = std::any_of(watches_.begin(), watches_.end(), [&](const auto& watch) {
    return watch->meets(parts_.shard.index(), recipient, {where, place});
  });
  if (met) handed_out(recipient, place);
  return met;
}

void Dispatcher::handed_out(const queue::QueuedRecipient& recipient, const queue::Place& place) {
  handed_out_.insert_or_assign(recipient.id(), flights_.begin({&recipient, 1}, place));
}

void Dispatcher::given_back(std::span<const queue::QueuedRecipient> recipients) {
  if (handed_out_.empty()) return;
  for (const queue::QueuedRecipient& recipient : recipients) {
    const auto entry = handed_out_.find(recipient.id());
    if (entry == handed_out_.end()) continue;
    flights_.end(entry->second);
    handed_out_.erase(entry);
  }
}

queue::Place Dispatcher::place_of(const queue::QueuedRecipient& recipient) const {
  const Stream& stream = plan_->stream_or_default(parts_.labels.view(recipient.labels).stream);
  const PlaceTable::Known known = destinations_->place_of(recipient.domain, stream);
  return {known.provider, certain_vmta(recipient), known.group};
}

struct Dispatcher::Learning {
  std::vector<model::NameId> domains;
  std::function<bool()> wanted;
  std::function<void()> learned;
  std::size_t next = 0;
  std::size_t tasks = 0;
};

void Dispatcher::learn_places(std::vector<model::NameId> domains, std::function<bool()> wanted,
                              std::function<void()> learned) {
  if (domains.empty()) return learned();
  auto learning = std::make_shared<Learning>(Learning{std::move(domains), std::move(wanted), std::move(learned)});
  learning->tasks = std::min(learning->domains.size(), kLearnAtOnce);
  for (std::size_t i = learning->tasks; i > 0; --i) parts_.shard.spawn("learn", learn_task(*this, learning));
}

net::Task<> Dispatcher::learn_task(Dispatcher& self, std::shared_ptr<Learning> learning) {
  while (learning->next < learning->domains.size() && learning->wanted()) {
    co_await self.destinations_->learn_place(learning->domains[learning->next++]);
  }
  if (--learning->tasks == 0) learning->learned();
}

Result<> Dispatcher::add_pause(queue::Pause pause) {
  return pauses_.add(std::move(pause));
}

void Dispatcher::remove_pause(queue::PauseId id) {
  if (pauses_.remove(id)) pauses_changed();
}

void Dispatcher::pauses_changed() {
  release(queue::HoldReason::Paused, "a pause has ended");
  for (const auto& [key, path] : paths_) {
    for (const auto& [site, lane] : path->lanes()) nudge(*lane, lane->ready.size());
  }
}

void Dispatcher::reset_trouble(const std::function<bool(const Path&)>& selected) {
  // They were to be looked at when what is forgotten here would have ended.
  std::erase_if(wakes_, [&](const auto& wake) {
    const auto found = paths_.find(wake.second);
    if (found == paths_.end() || !selected(*found->second)) return false;
    found->second->scheduled = false;
    return true;
  });
  for (const auto& [key, path] : paths_) {
    if (!selected(*path)) continue;
    for (const auto& scope : path->limiter().scopes()) scope->reset(parts_.clock.now());
    for (const shaping::PathKey& scope : path->scope_keys()) avoided_.erase(scope);
    for (const auto& [site, lane] : path->lanes()) nudge(*lane, lane->ready.size());
  }
}

void Dispatcher::bounce(std::vector<queue::QueuedRecipient> recipients, model::Outcome outcome) {
  if (recipients.empty()) return;
  for (std::size_t i = 0; i < recipients.size(); ++i) totals_.entered(queue::Whereabouts::Active);
  ++in_flight_;
  parts_.shard.spawn("bounce", settle_unattempted(*this, std::move(recipients), std::move(outcome), {}));
}

void Dispatcher::persist(std::span<const queue::QueuedRecipient> recipients) {
  std::vector<spool::AttemptRecord> records;
  records.reserve(recipients.size());
  for (const queue::QueuedRecipient& recipient : recipients) {
    spool::AttemptRecord record;
    record.recipient = recipient.id();
    record.attempts = recipient.attempts;
    record.flags = recipient.flags;
    if (recipient.due != 0) record.next_due = parts_.clock.to_wall(queue::time_of(recipient.due));
    record.hold = static_cast<std::uint8_t>(recipient.hold);
    record.pinned_vmta = parts_.names.view(recipient.pinned_vmta);
    record.stream = parts_.names.view(parts_.labels.view(recipient.labels).stream);
    records.push_back(std::move(record));
  }
  parts_.spool.record_attempts(records);
}

}  // namespace penstock::delivery
