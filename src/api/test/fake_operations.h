// SPDX-License-Identifier: Apache-2.0
// FakeOperations: a daemon without mail, for tests of the API and of the command line. Always the same answers, at
// half past eight on 24 November 2026; every change is noted in `calls`.
//
// Threads: any. The members that tests set are set before the server starts.
#pragma once

#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "api/operations.h"
#include "src/api/test/fake_shaping.h"
#include "src/api/test/fake_suppressions.h"
#include "src/api/test/fake_users.h"

namespace penstock::api {

class FakeOperations final : public Operations {
 public:
  static constexpr Time kNow{std::chrono::seconds{1'795'509'000}};  // 2026-11-24T08:30:00Z

  Result<Status> status() override;
  Health health() override;
  Result<std::vector<PathRow>> paths(const PathQuery& query) override;
  Result<PathExplanation> explain_path(const PathQuestion& question) override;
  std::string metrics_text() override;
  // One: v3 at gmail.
  Result<std::vector<WarmupRow>> warmups(const WarmupQuery& query) override;
  Result<WarmupRow> change_warmup(const WarmupChange& change, const Actor& actor) override;
  Result<QueueList> queues(const QueueQuery& query) override;
  Result<AgeList> queue_age(const QueueQuery& query) override;
  Result<RecipientList> recipients(const RecipientQuery& query) override;
  // The one of known_message().
  Result<std::optional<MessageDetail>> message(model::MessageId id) override;
  Result<EventList> trace(const TraceQuery& query) override;
  Result<EventList> events(const EventQuery& query) override;
  Result<> check_names(const Selection& selection) override;
  std::vector<Pause> pauses() override;
  // Errors: NotFound for the stream "nosuch".
  Result<Pause> pause(const PauseRequest& request, const Actor& actor) override;
  Result<std::vector<Pause>> resume(const Selection& selection, const Actor& actor) override;
  // For the domain "big.example" a job that takes four looks to finish; else one that is done.
  Result<Job> act(const ActRequest& request, const Actor& actor) override;
  std::vector<Job> jobs() override;
  std::optional<Job> job(std::uint64_t id) override;
  Result<Job> cancel_job(std::uint64_t id, const Actor& actor) override;
  SuppressionOperations& suppressions() override { return suppression_list; }
  UserOperations& users() override { return user_list; }
  ShapingOperations& shaping() override { return shaping_state; }
  Result<ReloadReport> reload(const Actor& actor) override;
  Result<ConfigCheck> check_config(const ConfigCheckRequest& request) override;
  Result<std::vector<SettingRow>> settings() override;
  Result<std::uint32_t> rotate_keys(const Actor& actor) override;
  Result<> drain(const DrainRequest& request, const Actor& actor) override;

  [[nodiscard]] static model::MessageId known_message();
  void add_event(std::string line);
  // "hold {"domain":"a.example"} dry_run reason=x by root via unix"
  [[nodiscard]] std::vector<std::string> calls() const;
  // How often events() was called.
  [[nodiscard]] std::size_t event_reads() const;
  // The highest cursor events() gave.
  [[nodiscard]] std::uint64_t events_given() const;

  FakeSuppressions suppression_list;
  FakeUsers user_list;
  FakeShaping shaping_state;
  Health current_health;
  bool status_fails = false;  // with an error that is not the API's
  bool status_throws = false;
  bool reload_is_refused = false;
  bool memory_is_unknown = false;

 private:
  void note(std::string call);

  mutable std::mutex mutex_;
  // Guarded by mutex_.
  std::vector<std::string> calls_;
  std::vector<std::string> events_;
  std::size_t event_reads_ = 0;
  std::uint64_t events_given_ = 0;
  std::vector<Pause> pauses_;
  std::map<std::uint64_t, Job> jobs_;
};

}  // namespace penstock::api
