// SPDX-License-Identifier: Apache-2.0
// JobRunner: commands over many recipients, worked off in slices on a thread of their own while mail goes on.
//
// Use:  JobRunner jobs(node);   auto job = jobs.start(request, actor);   // a small one may be done already
// Owns: a thread for each running job, kRunningMax at most.   Threads: any.
// Errors: start(): BadRequest (selection), Unavailable (too many are running). cancel(): NotFound, Conflict.
// Weakness: recipients in delivery, or between two shards at the moment of the scan, are not touched.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "api/types.h"
#include "app/node.h"
#include "app/selection_match.h"

namespace penstock::app {

class JobRunner {
 public:
  static constexpr std::size_t kRunningMax = 8;
  static constexpr std::size_t kKept = 100;  // that have ended

  explicit JobRunner(Node& node) : node_(node) {}
  ~JobRunner() { stop(); }
  JobRunner(const JobRunner&) = delete;
  JobRunner& operator=(const JobRunner&) = delete;

  // Waits a moment, so that small jobs are Done in the answer.
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
    model::MessageId horizon;  // what came after the job began is not its business, least of all its own notices
    std::atomic<bool> cancelled{false};
    std::thread thread;
    bool done = false;  // guarded by mutex_
  };
  void run(Running& running);
  // Takes what is to be changed out of a shard's slice; see job_runner.cc.
  void work_off(Running& running);
  void work_off_addresses(Running& running);
  // Records and applies it to what was taken from that shard.
  void change(Running& running, std::size_t shard, std::vector<queue::QueuedRecipient>& taken);
  void record(model::EventType type, const std::vector<queue::QueuedRecipient>& recipients, const std::string& why);
  void apply(Running& running, delivery::Dispatcher& dispatcher, std::vector<queue::QueuedRecipient>& taken);
  [[nodiscard]] static bool concerns(api::Act act, queue::Whereabouts where);
  void finish(Running& running, api::JobState state, std::string detail);
  void forget_old();

  Node& node_;
  mutable std::mutex mutex_;
  mutable std::condition_variable ended_;
  std::vector<std::unique_ptr<Running>> jobs_;  // oldest first; guarded by mutex_
  std::uint64_t last_id_ = 0;
};

}  // namespace penstock::app
