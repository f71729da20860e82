// SPDX-License-Identifier: Apache-2.0
// NodeOperations: the admin API's Operations over a Node. One file per group: operations_status.cc,
// operations_queue.cc, operations_events.cc, operations_control.cc, operations_config.cc.
//
// Threads: as Operations says: several API threads, never a shard. Calls ask the shards and wait for their answers, so
// the API must be stopped before the shards are.
#pragma once

#include <optional>
#include <span>

#include "api/operations.h"
#include "app/job_runner.h"
#include "app/node.h"
#include "app/pause_book.h"
#include "app/shaping_desk.h"
#include "app/suppression_desk.h"
#include "app/user_desk.h"

namespace penstock::app {

class NodeOperations final : public api::Operations {
 public:
  // `node` must outlive it. Puts the pauses of the last run into force.
  explicit NodeOperations(Node& node);
  ~NodeOperations() override;

  Result<api::Status> status() override;
  api::Health health() override;
  Result<std::vector<api::PathRow>> paths(const api::PathQuery& query) override;
  Result<api::PathExplanation> explain_path(const api::PathQuestion& question) override;  // operations_paths.cc
  std::string metrics_text() override;
  Result<std::vector<api::WarmupRow>> warmups(const api::WarmupQuery& query) override;  // operations_warmup.cc
  Result<api::WarmupRow> change_warmup(const api::WarmupChange& change, const api::Actor& actor) override;

  Result<api::QueueList> queues(const api::QueueQuery& query) override;
  Result<api::AgeList> queue_age(const api::QueueQuery& query) override;
  Result<api::RecipientList> recipients(const api::RecipientQuery& query) override;
  Result<std::optional<api::MessageDetail>> message(model::MessageId id) override;

  Result<api::EventList> trace(const api::TraceQuery& query) override;
  Result<api::EventList> events(const api::EventQuery& query) override;

  Result<> check_names(const api::Selection& selection) override;
  std::vector<api::Pause> pauses() override;
  Result<api::Pause> pause(const api::PauseRequest& request, const api::Actor& actor) override;
  Result<std::vector<api::Pause>> resume(const api::Selection& selection, const api::Actor& actor) override;

  Result<api::Job> act(const api::ActRequest& request, const api::Actor& actor) override;
  std::vector<api::Job> jobs() override;
  std::optional<api::Job> job(std::uint64_t id) override;
  Result<api::Job> cancel_job(std::uint64_t id, const api::Actor& actor) override;

  api::SuppressionOperations& suppressions() override { return suppressions_; }
  api::UserOperations& users() override { return users_; }

  api::ShapingOperations& shaping() override { return shaping_; }

  Result<api::ReloadReport> reload(const api::Actor& actor) override;
  Result<api::ConfigCheck> check_config(const api::ConfigCheckRequest& request) override;
  Result<std::vector<api::SettingRow>> settings() override;
  Result<std::uint32_t> rotate_keys(const api::Actor& actor) override;

  Result<> drain(const api::DrainRequest& request, const api::Actor& actor) override;

  // The limit that a drain with Stop asked for; none when the stop came by a signal.
  [[nodiscard]] std::optional<Duration> stop_limit() const;
  // Ends running jobs where they are. Before the shards stop.
  void stop();

 private:
  void register_metrics();
  [[nodiscard]] api::QueueCounts queue_counts();
  [[nodiscard]] std::vector<api::Trouble> troubles();
  [[nodiscard]] api::RecipientRow recipient_row(const queue::QueuedRecipient& recipient, queue::Whereabouts where,
                                                const queue::Place& place);
  void add_history(model::MessageId message, std::span<api::RecipientRow> rows);
  void record_admin(const api::Actor& actor, const std::string& what);

  Node& node_;
  PauseBook pauses_;
  JobRunner jobs_;
  SuppressionDesk suppressions_;
  UserDesk users_;
  ShapingDesk shaping_;
  mutable std::mutex mutex_;
  std::optional<Duration> stop_limit_;  // guarded by mutex_
};

// "hold campaign=autumn domain=slow.example"; "everything" for an empty selection.
[[nodiscard]] std::string describe_selection(const api::Selection& selection);

}  // namespace penstock::app
