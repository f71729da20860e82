// SPDX-License-Identifier: Apache-2.0
#include "app/job_runner.h"

#include <algorithm>
#include <boost/unordered/unordered_flat_set.hpp>

#include "api/errc.h"
#include "api/words.h"
#include "app/ask_shards.h"
#include "delivery/hold_log.h"

namespace penstock::app {
namespace {

// A call waits this long for its job: enough for some hundred thousand recipients.
constexpr std::chrono::milliseconds kWaitForSmall{300};

std::uint64_t key_of(const queue::QueuedRecipient& recipient) {
  // Message ids are consecutive and recipients few: collisions would need both to wrap.
  return recipient.message.value * 0x9E3779B97F4A7C15ULL + recipient.index;
}

}  // namespace

Result<api::Job> JobRunner::start(const api::ActRequest& request, const api::Actor& actor) {
  auto match = SelectionMatch::make(request.selection, node_.names());
  if (!match) return fail(match.error());
  std::unique_lock lock(mutex_);
  forget_old();
  const auto running = std::count_if(jobs_.begin(), jobs_.end(), [](const auto& job) { return !job->done; });
  if (static_cast<std::size_t>(running) >= kRunningMax) {
    return fail(api::Errc::Unavailable, std::to_string(kRunningMax) + " jobs are running; wait for one to end");
  }
  jobs_.push_back(std::make_unique<Running>());
  Running& mine = *jobs_.back();
  mine.request = request;
  mine.horizon = node_.spool().make_id();
  mine.match = std::move(*match);
  mine.job.id = ++last_id_;
  mine.job.act = request.act;
  mine.job.selection = request.selection;
  mine.job.dry_run = request.dry_run;
  mine.job.by = actor.name;
  mine.job.started = node_.clock().wall();
  mine.thread = std::thread([this, &mine] { run(mine); });
  ended_.wait_for(lock, kWaitForSmall, [&mine] { return mine.done; });
  return mine.job;
}

void JobRunner::run(Running& running) {
  std::uint64_t to_visit = 0;
  for (const std::uint64_t of_shard :
       ask_shards(node_.engine(), [](delivery::Dispatcher& dispatcher) { return dispatcher.totals().total(); })) {
    to_visit += of_shard;
  }
  {
    const std::lock_guard lock(mutex_);
    running.job.to_visit = to_visit;
  }
  if (running.match->needs_confirmation()) {
    work_off_addresses(running);
  } else {
    work_off(running);
  }
  finish(running, running.cancelled ? api::JobState::Cancelled : api::JobState::Done, "");
}

bool JobRunner::concerns(api::Act act, queue::Whereabouts where) {
  switch (act) {
    case api::Act::Hold: return where != queue::Whereabouts::Held;
    case api::Act::Release: return where == queue::Whereabouts::Held;
    case api::Act::Retry: return where == queue::Whereabouts::Deferred || where == queue::Whereabouts::Scheduled;
    case api::Act::Bounce:
    case api::Act::Reroute: return true;
  }
  return false;
}

void JobRunner::work_off(Running& running) {
  std::vector<queue::QueuedRecipient> taken;
  std::uint64_t visited = 0;
  std::uint64_t matched = 0;
  const auto visit = [&](const queue::QueuedRecipient& recipient, const delivery::Dispatcher::Sighting& at) {
    ++visited;
    if (recipient.message >= running.horizon) return queue::Visit::Keep;
    if (!running.match->may_match(recipient, node_.labels(), at.place)) return queue::Visit::Keep;
    if (!concerns(running.request.act, at.where)) return queue::Visit::Keep;
    ++matched;
    if (running.request.dry_run) return queue::Visit::Keep;
    taken.push_back(recipient);
    return queue::Visit::Take;
  };
  scan_queues(node_.engine(), visit, [&](std::size_t shard) {
    const std::size_t changed = taken.size();
    change(running, shard, taken);
    const std::lock_guard lock(mutex_);
    // What was moved to another queue is seen there once more.
    running.job.visited = std::min(visited, running.job.to_visit);
    running.job.matched = matched;
    running.job.changed += changed;
    return !running.cancelled.load();
  });
}

// An address is in the envelope only: candidates are found on the shards, read here, and changed in a second pass.
void JobRunner::work_off_addresses(Running& running) {
  std::vector<queue::QueuedRecipient> candidates;
  scan_queues(
      node_.engine(),
      [&](const queue::QueuedRecipient& recipient, const delivery::Dispatcher::Sighting& at) {
        if (recipient.message < running.horizon && running.match->may_match(recipient, node_.labels(), at.place) &&
            concerns(running.request.act, at.where)) {
          candidates.push_back(recipient);
        }
        return queue::Visit::Keep;
      },
      [&](std::size_t) { return !running.cancelled.load(); });
  boost::unordered_flat_set<std::uint64_t> wanted;
  for (const queue::QueuedRecipient& candidate : candidates) {
    if (running.cancelled) return;
    if (running.match->confirm(candidate, node_.spool())) wanted.insert(key_of(candidate));
  }
  {
    const std::lock_guard lock(mutex_);
    running.job.visited = running.job.to_visit;
    running.job.matched = wanted.size();
  }
  if (running.request.dry_run || wanted.empty()) return;
  std::vector<queue::QueuedRecipient> taken;
  scan_queues(
      node_.engine(),
      [&](const queue::QueuedRecipient& recipient, const delivery::Dispatcher::Sighting& at) {
        if (!concerns(running.request.act, at.where) || wanted.erase(key_of(recipient)) == 0) return queue::Visit::Keep;
        taken.push_back(recipient);
        return queue::Visit::Take;
      },
      [&](std::size_t shard) {
        const std::size_t changed = taken.size();
        change(running, shard, taken);
        const std::lock_guard lock(mutex_);
        running.job.changed += changed;
        return !running.cancelled.load();
      });
}

void JobRunner::change(Running& running, std::size_t shard, std::vector<queue::QueuedRecipient>& taken) {
  if (taken.empty()) return;
  if (running.request.act == api::Act::Hold) record(model::EventType::Held, taken, running.request.reason);
  if (running.request.act == api::Act::Release) record(model::EventType::Released, taken, running.request.reason);
  ask_shard(node_.engine(), shard, [&](delivery::Dispatcher& dispatcher) { apply(running, dispatcher, taken); });
}

// Sender and address are in the envelope, which may have to be read from disk: not on a shard.
void JobRunner::record(model::EventType type, const std::vector<queue::QueuedRecipient>& recipients,
                       const std::string& why) {
  const delivery::HoldEventParts parts{node_.clock(), node_.flow(), node_.names(), node_.labels()};
  for (const queue::QueuedRecipient& recipient : recipients) {
    const auto envelope = node_.spool().read_envelope(recipient.message);
    delivery::record_hold_event(parts, type, recipient, envelope ? envelope->get() : nullptr, why);
  }
}

// On the dispatcher's shard: what was taken gets its new state, is recorded, and goes back to where it belongs.
void JobRunner::apply(Running& running, delivery::Dispatcher& dispatcher, std::vector<queue::QueuedRecipient>& taken) {
  const api::ActRequest& request = running.request;
  for (queue::QueuedRecipient& recipient : taken) {
    switch (request.act) {
      case api::Act::Hold: recipient.hold = queue::HoldReason::Operator; break;
      case api::Act::Release: recipient.hold = queue::HoldReason::None; break;  // and goes when it would have gone
      case api::Act::Retry: recipient.due = 0; break;
      case api::Act::Bounce: recipient.hold = queue::HoldReason::None; break;
      case api::Act::Reroute:
        recipient.pinned_vmta = {};
        if (!request.to_vmta.empty()) recipient.pinned_vmta = node_.names().intern(request.to_vmta);
        if (!request.to_stream.empty()) {
          queue::LabelSet labels = node_.labels().view(recipient.labels);
          labels.stream = node_.names().intern(request.to_stream);
          recipient.labels = node_.labels().intern(labels);
        }
        break;
    }
  }
  if (request.act == api::Act::Bounce) {
    const std::string reason = request.reason.empty() ? "returned by the operator" : request.reason;
    dispatcher.bounce(std::exchange(taken, {}), {model::OutcomeKind::Bounced, model::Step::Connect,
                                                 model::OutcomeClass::Admin, model::Reply{0, {5, 7, 0}, reason}});
    return;
  }
  dispatcher.persist(taken);
  dispatcher.take(taken);
  taken.clear();
}

void JobRunner::finish(Running& running, api::JobState state, std::string detail) {
  const std::lock_guard lock(mutex_);
  running.job.state = state;
  running.job.detail = std::move(detail);
  running.job.finished = node_.clock().wall();
  running.done = true;
  ended_.notify_all();
}

void JobRunner::forget_old() {
  std::size_t ended = 0;
  for (const auto& job : jobs_) ended += job->done ? 1U : 0U;
  for (auto job = jobs_.begin(); job != jobs_.end() && ended > kKept;) {
    if (!(*job)->done) {
      ++job;
      continue;
    }
    (*job)->thread.join();
    job = jobs_.erase(job);
    --ended;
  }
}

std::vector<api::Job> JobRunner::list() const {
  const std::lock_guard lock(mutex_);
  std::vector<api::Job> all;
  for (auto job = jobs_.rbegin(); job != jobs_.rend(); ++job) all.push_back((*job)->job);
  return all;
}

std::optional<api::Job> JobRunner::find(std::uint64_t id) const {
  const std::lock_guard lock(mutex_);
  for (const auto& job : jobs_) {
    if (job->job.id == id) return job->job;
  }
  return std::nullopt;
}

Result<api::Job> JobRunner::cancel(std::uint64_t id) {
  std::unique_lock lock(mutex_);
  for (const auto& job : jobs_) {
    if (job->job.id != id) continue;
    if (job->done) return fail(api::Errc::Conflict, "job " + std::to_string(id) + " has ended");
    job->cancelled = true;
    ended_.wait(lock, [&job] { return job->done; });
    return job->job;
  }
  return fail(api::Errc::NotFound, "there is no job " + std::to_string(id));
}

void JobRunner::stop() {
  std::vector<std::unique_ptr<Running>> all;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& job : jobs_) job->cancelled = true;
  }
  // Their threads take the lock to end.
  for (const auto& job : jobs_) {
    if (job->thread.joinable()) job->thread.join();
  }
}

}  // namespace penstock::app
