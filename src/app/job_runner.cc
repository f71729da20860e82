// SPDX-License-Identifier: Apache-2.0
#include "app/job_runner.h"

#include <algorithm>

#include "api/errc.h"
#include "api/words.h"
#include "app/ask_shards.h"
#include "app/learn_places.h"
#include "delivery/hold_log.h"

namespace penstock::app {
namespace {

// A call waits this long for its job: enough for some hundred thousand recipients.
constexpr std::chrono::milliseconds kWaitForSmall{300};

// What is in flight is asked for that often, at first and when it takes long. Who comes back is met at once.
constexpr std::chrono::milliseconds kFirstLook{10};
constexpr std::chrono::milliseconds kLaterLooks{500};

}  // namespace

Result<api::Job> JobRunner::start(const api::ActRequest& request, const api::Actor& actor) {
  auto match = SelectionMatch::make(request.selection, node_.names());
  if (!match) return fail(match.error());
  std::unique_lock lock(mutex_);
  forget_old();
  std::size_t running = 0;
  std::size_t standing = 0;
  for (const auto& job : jobs_) {
    if (job->done) continue;
    ++standing;
    if (job->job.state == api::JobState::Running) ++running;
  }
  if (running >= kRunningMax || standing >= kStandingMax) {
    return fail(api::Errc::Unavailable, std::to_string(standing) + " jobs are running; wait for one to end");
  }
  jobs_.push_back(std::make_unique<Running>());
  Running& mine = *jobs_.back();
  mine.request = request;
  mine.horizon = node_.spool().make_id();
  mine.match = std::move(*match);
  const bool looks_first = request.dry_run || mine.match->needs_confirmation();
  mine.watch =
      std::make_shared<JobWatch>(*mine.match, node_.labels(), request.act, mine.horizon, node_.engine().count(),
                                 looks_first ? JobWatch::Phase::Look : JobWatch::Phase::Take);
  if (request.act == api::Act::Reroute && !request.force) {
    mine.watch->keep_deferred(request.to_vmta.empty() ? model::NameId{} : node_.names().intern(request.to_vmta));
  }
  mine.job.id = ++last_id_;
  mine.job.act = request.act;
  mine.job.selection = request.selection;
  mine.job.dry_run = request.dry_run;
  mine.job.by = actor.name;
  mine.job.started = node_.clock().wall();
  mine.thread = std::thread([this, &mine] { run(mine); });
  ended_.wait_for(lock, kWaitForSmall, [&mine] { return mine.job.state != api::JobState::Running; });
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
  if (running.match->needs_places()) {
    learn_places(node_, *running.match, kLearnForJob, [&running] { return !running.cancelled.load(); });
  }
  ask_shards(node_.engine(), [&](delivery::Dispatcher& dispatcher) { dispatcher.add_watch(running.watch); });
  scan(running);
  look_in_flight(running);
  if (running.match->needs_confirmation()) {
    // An address is in the envelope only: candidates are found on the shards, read here, and changed in a second pass.
    const std::vector<queue::QueuedRecipient> wanted = confirm_candidates(running);
    if (running.request.dry_run) {
      running.watch->narrow(wanted);
      tell_progress(running, 0);
    } else {
      running.watch->await(wanted);
      if (!wanted.empty()) scan(running);
    }
  } else if (!running.request.dry_run) {
    // What was under way between two shards when they were asked has arrived when they answer again.
    ask_shards(node_.engine(), [](delivery::Dispatcher&) {});
    running.watch->await();
  }
  if (!running.request.dry_run) await_flights(running);
  ask_shards(node_.engine(), [&](delivery::Dispatcher& dispatcher) { dispatcher.remove_watch(running.watch.get()); });
  change_met(running);
  finish(running, running.cancelled ? api::JobState::Cancelled : api::JobState::Done, "");
}

void JobRunner::scan(Running& running) {
  std::vector<queue::QueuedRecipient> taken;
  std::uint64_t visited = 0;
  const auto visit = [&](const queue::QueuedRecipient& recipient, const delivery::Sighting& at) {
    ++visited;
    if (!running.watch->see(recipient, at)) return queue::Visit::Keep;
    taken.push_back(recipient);
    return queue::Visit::Take;
  };
  scan_queues(node_.engine(), visit, [&](std::size_t shard) {
    {
      const std::lock_guard lock(mutex_);
      // What was moved to another queue is seen there once more.
      running.job.visited = std::min(std::max(running.job.visited, visited), running.job.to_visit);
    }
    change(running, shard, taken);
    change_met(running);
    return !running.cancelled.load();
  });
}

void JobRunner::look_in_flight(Running& running) {
  ask_shards(node_.engine(), [&](delivery::Dispatcher& dispatcher) {
    dispatcher.visit_in_flight([&](const queue::QueuedRecipient& recipient, const queue::Place& place) {
      running.watch->see_in_flight(recipient, place);
    });
  });
  if (!running.match->needs_confirmation()) tell_progress(running, 0);
}

std::vector<queue::QueuedRecipient> JobRunner::confirm_candidates(Running& running) {
  std::vector<queue::QueuedRecipient> wanted;
  for (const queue::QueuedRecipient& candidate : running.watch->take_candidates()) {
    if (running.cancelled) return {};
    if (running.match->confirm(candidate, node_.spool())) wanted.push_back(candidate);
  }
  const std::lock_guard lock(mutex_);
  running.job.visited = running.job.to_visit;
  return wanted;
}

void JobRunner::await_flights(Running& running) {
  delivery::Engine& engine = node_.engine();
  const std::vector<std::uint64_t> marks =
      ask_shards(engine, [](delivery::Dispatcher& dispatcher) { return dispatcher.flights().next(); });
  for (std::chrono::milliseconds pause = kFirstLook; !running.cancelled; pause = std::min(pause * 2, kLaterLooks)) {
    change_met(running);
    if (running.watch->in_flight() == 0) return;
    bool over = true;
    for (std::size_t i = 0; i < marks.size() && over; ++i) {
      over = ask_shard(engine, i,
                       [&](delivery::Dispatcher& dispatcher) { return dispatcher.flights().over_before(marks[i]); });
    }
    if (over) return;
    {
      const std::lock_guard lock(mutex_);
      running.job.state = api::JobState::Waiting;
      running.job.in_flight = running.watch->in_flight();
      running.job.kept = running.watch->kept();
      ended_.notify_all();
    }
    running.watch->wait(pause);
  }
}

void JobRunner::change_met(Running& running) {
  for (std::size_t shard = 0; shard < node_.engine().count(); ++shard) {
    std::vector<queue::QueuedRecipient> met = running.watch->take_met(shard);
    change(running, shard, met);
  }
}

void JobRunner::tell_progress(Running& running, std::uint64_t changed) {
  const std::lock_guard lock(mutex_);
  running.job.changed += changed;
  running.job.matched = running.watch->matched();
  running.job.kept = running.watch->kept();
  running.job.in_flight = running.watch->in_flight();
}

void JobRunner::change(Running& running, std::size_t shard, std::vector<queue::QueuedRecipient>& taken) {
  const std::size_t count = taken.size();
  if (count == 0) return;
  if (running.request.act == api::Act::Hold) record(model::EventType::Held, taken, running.request.reason);
  if (running.request.act == api::Act::Release) record(model::EventType::Released, taken, running.request.reason);
  ask_shard(node_.engine(), shard, [&](delivery::Dispatcher& dispatcher) { apply(running, dispatcher, taken); });
  tell_progress(running, count);
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
        if (recipient.hold == queue::HoldReason::NoPath)
          recipient.hold = queue::HoldReason::None;  // it may have one now
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
  running.job.matched = running.watch->matched();
  running.job.kept = running.watch->kept();
  running.job.detail = std::move(detail);
  if (running.job.detail.empty() && running.job.kept > 0) {
    running.job.detail = std::to_string(running.job.kept) + " kept: deferred for rate or reputation";
  }
  running.job.finished = node_.clock().wall();
  if (!running.request.dry_run) running.job.in_flight = 0;
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
    job->watch->wake();
    ended_.wait(lock, [&job] { return job->done; });
    return job->job;
  }
  return fail(api::Errc::NotFound, "there is no job " + std::to_string(id));
}

void JobRunner::stop() {
  std::vector<std::unique_ptr<Running>> all;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& job : jobs_) {
      job->cancelled = true;
      job->watch->wake();
    }
  }
  // Their threads take the lock to end.
  for (const auto& job : jobs_) {
    if (job->thread.joinable()) job->thread.join();
  }
}

}  // namespace penstock::app
