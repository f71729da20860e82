// SPDX-License-Identifier: Apache-2.0
// JobRunner: commands over many recipients, worked off in slices on a thread of their own while mail goes on.
//
// Use:  JobRunner jobs(node);   auto job = jobs.start(request, actor);   // a small one may be done already
// Owns: a thread for each running job, kRunningMax at most.   Threads: any.
// Errors: start(): BadRequest (selection), Unavailable (too many are running). cancel(): NotFound, Conflict.
// Whoever was in no queue at the time (in delivery, in a look-up, on the way to another shard) is changed when he comes
// back into one: the job waits for that, with the state Waiting, until all that was in flight is over. So are those
// whom another job has in hand at that moment. Rerouting leaves those alone who were deferred by a receiver's answer
// and wait for their vMTA (docs/adr/0003-pins.md), unless it is forced; Job::kept counts them.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "api/types.h"
#include "app/job_watch.h"
#include "app/node.h"
#include "app/selection_match.h"

namespace penstock::app {

class JobRunner {
 public:
  static constexpr std::size_t kRunningMax = 8;    // that scan
  static constexpr std::size_t kStandingMax = 64;  // with those that wait for what is in flight
  static constexpr std::size_t kKept = 100;        // that have ended

  explicit JobRunner(Node& node) : node_(node) {}
  ~JobRunner() { stop(); }
  JobRunner(const JobRunner&) = delete;
  JobRunner& operator=(const JobRunner&) = delete;

  // Waits a moment, so that small jobs are Done or Waiting in the answer.
  Result<api::Job> start(const api::ActRequest& request, const api::Actor& actor);
  [[nodiscard]] std::vector<api::Job> list() const;  // newest first
  [[nodiscard]] std::optional<api::Job> find(std::uint64_t id) const;
  Result<api::Job> cancel(std::uint64_t id);
  // Cancels what runs and waits for it.
  void stop();

 private:
  struct Running {
    api::Job job;  // guarded by mutex_
    api::ActRequest request;
    std::optional<SelectionMatch> match;
    std::shared_ptr<JobWatch> watch;  // on every shard while the job runs
    model::MessageId horizon;         // what came after the job began is not its business, least of all its own notices
    std::atomic<bool> cancelled{false};
    std::thread thread;
    bool done = false;  // guarded by mutex_
  };
  void run(Running& running);
  // Shows every queue to the watch, and changes what it takes.
  void scan(Running& running);
  void look_in_flight(Running& running);
  // Of the candidates, those whose address it is.
  [[nodiscard]] std::vector<queue::QueuedRecipient> confirm_candidates(Running& running);
  // Changes those that come back, until all that was in flight is over.
  void await_flights(Running& running);
  void change_met(Running& running);
  void tell_progress(Running& running, std::uint64_t changed);
  // Records and applies it to what was taken from that shard.
  void change(Running& running, std::size_t shard, std::vector<queue::QueuedRecipient>& taken);
  void record(model::EventType type, const std::vector<queue::QueuedRecipient>& recipients, const std::string& why);
  void apply(Running& running, delivery::Dispatcher& dispatcher, std::vector<queue::QueuedRecipient>& taken);
  void finish(Running& running, api::JobState state, std::string detail);
  void forget_old();

  Node& node_;
  mutable std::mutex mutex_;
  mutable std::condition_variable ended_;
  std::vector<std::unique_ptr<Running>> jobs_;  // oldest first; guarded by mutex_
  std::uint64_t last_id_ = 0;
};

}  // namespace penstock::app
