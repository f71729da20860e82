// SPDX-License-Identifier: Apache-2.0
// Operations: everything the admin API can ask of the daemon. The API turns HTTP into these calls and knows nothing of
// queues; `app` implements them.
//
// Threads: called from several API threads at once, never from a shard; a call may block, and should answer within a
//   few seconds. What takes longer is a Job: the call returns at once and job() tells the progress.
// Errors: api::Errc, whose detail is one sentence for the operator; other categories are answered as internal.
// Audit: every call that changes something has an Actor and is recorded as an Admin event by the implementation,
//   dry runs excepted.
// Limits: queries carry a limit the API has bounded; an implementation returns no more rows than that.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "api/shaping_operations.h"
#include "api/suppression_operations.h"
#include "api/types.h"
#include "api/user_operations.h"
#include "base/result.h"

namespace penstock::api {

class Operations {
 public:
  virtual ~Operations() = default;

  // How things are.
  virtual Result<Status> status() = 0;
  virtual Health health() = 0;
  virtual Result<std::vector<PathRow>> paths(const PathQuery& query) = 0;
  // May look the domain up. NotFound for an unknown vMTA, stream or provider.
  virtual Result<PathExplanation> explain_path(const PathQuestion& question) = 0;
  // Prometheus exposition format 0.0.4.
  virtual std::string metrics_text() = 0;

  // What is queued. An empty selection means everything.
  virtual Result<QueueList> queues(const QueueQuery& query) = 0;
  virtual Result<AgeList> queue_age(const QueueQuery& query) = 0;
  virtual Result<RecipientList> recipients(const RecipientQuery& query) = 0;
  // Nothing when no such message is in the spool: it may be finished (see trace) or never have been here.
  virtual Result<std::optional<MessageDetail>> message(model::MessageId id) = 0;

  // What happened. events() never waits: it returns what there is after the cursor.
  virtual Result<EventList> trace(const TraceQuery& query) = 0;
  virtual Result<EventList> events(const EventQuery& query) = 0;

  // NotFound when the selection names a stream, vMTA or provider that is neither configured nor carried by queued mail.
  // pause() and act() ask this as well.
  virtual Result<> check_names(const Selection& selection) = 0;

  // Stop and go. A pause holds for what is queued now and for what comes later.
  virtual std::vector<Pause> pauses() = 0;
  virtual Result<Pause> pause(const PauseRequest& request, const Actor& actor) = 0;
  // Lifts the pauses whose selection equals this one, or all of them with `all`; returns those lifted, which may be
  // none.
  virtual Result<std::vector<Pause>> resume(const Selection& selection, const Actor& actor) = 0;

  // Changes to queued recipients. A small one may be Done when act() returns.
  virtual Result<Job> act(const ActRequest& request, const Actor& actor) = 0;
  // The running ones and the last hundred that ended, newest first.
  virtual std::vector<Job> jobs() = 0;
  virtual std::optional<Job> job(std::uint64_t id) = 0;
  // Stops where it is; what was changed stays changed. NotFound, or Conflict when it has ended.
  virtual Result<Job> cancel_job(std::uint64_t id, const Actor& actor) = 0;

  // Who must not be mailed.
  virtual SuppressionOperations& suppressions() = 0;

  // Who may sign in by SMTP AUTH.
  virtual UserOperations& users() = 0;

  // What replies made us slow or stop, and what operators set.
  virtual ShapingOperations& shaping() = 0;

  // How new sending addresses are brought up to their volume, by vMTA and provider. NotFound for one there is not.
  virtual Result<std::vector<WarmupRow>> warmups(const WarmupQuery& query) = 0;
  virtual Result<WarmupRow> change_warmup(const WarmupChange& change, const Actor& actor) = 0;

  // The configuration.
  virtual Result<ReloadReport> reload(const Actor& actor) = 0;
  virtual Result<ConfigCheck> check_config(const ConfigCheckRequest& request) = 0;
  virtual Result<std::vector<SettingRow>> settings() = 0;

  // References and links to unsubscribe are made with a new key from now on; those that are out go on working. How many
  // older keys are still accepted.
  virtual Result<std::uint32_t> rotate_keys(const Actor& actor) = 0;

  // Coming to an end. Returns at once.
  virtual Result<> drain(const DrainRequest& request, const Actor& actor) = 0;
};

}  // namespace penstock::api
