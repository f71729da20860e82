// SPDX-License-Identifier: Apache-2.0
// Node: everything that a daemon is made of, built in order, wired, and taken down in the opposite order.
//
// Use:  auto node = Node::build(loaded, path);   if (!node) print node.error()
//       (*node)->start();   … reload(), drain() …   (*node)->finish(30s);   (*node)->stop();
// Build opens the spool and reads what is there, so it may take seconds; it fails with one sentence that names what,
// where and how to mend it. Threads: build, start, stop, reload by one thread that is no shard; members are for the
// admin API (operations.h), whose calls come from several threads: what they may use from there is said at each.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "api/types.h"
#include "app/descriptor_shares.h"
#include "app/flow_rates.h"
#include "app/published_tls.h"
#include "app/report_reception.h"
#include "app/shaping_store.h"
#include "app/shard_port.h"
#include "app/unsubscribe_service.h"
#include "base/clock.h"
#include "config/load.h"
#include "delivery/engine.h"
#include "delivery/make_plan.h"
#include "dns/cached_resolver.h"
#include "dns/unbound_resolver.h"
#include "eventlog/accounting_writer.h"
#include "eventlog/event_log.h"
#include "http/workers.h"
#include "ingest/pickup.h"
#include "ingest/smtp_service.h"
#include "metrics/metrics.h"
#include "net/listener.h"
#include "spool/spool.h"
#include "state/writer.h"
#include "suppression/guard.h"
#include "unsubscribe/terms.h"
#include "users/users.h"
#include "warmup/desk.h"

namespace penstock::app {

class Node final : public ingest::Handover {
 public:
  // Binds its ports and reads keys first; then `bound` is called, once, before any thread exists: what needs root is
  // done. Whatever is opened after it is opened as who we are then.
  using Bound = std::function<Result<>()>;
  [[nodiscard]] static Result<std::unique_ptr<Node>> build(const config::Loaded& loaded, std::string config_file,
                                                           const Bound& bound = {});
  ~Node() override;
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;

  void start();
  // Refuses new mail and finishes what is in flight, within the limit. The shards still answer afterwards.
  void finish(Duration limit);
  // Ends everything. The admin API must have stopped.
  void stop();
  // New mail is refused (421) or taken again; deliveries go on. Any thread.
  void drain(bool on);
  // Reads the file anew; the old configuration goes on serving unless all of the new one is good. Any thread, one at a
  // time inside.
  [[nodiscard]] api::ReloadReport reload();
  // A new key for references and links; how many older ones are still accepted. Any thread, one at a time inside.
  [[nodiscard]] Result<std::uint32_t> rotate_keys();

  void accepted(std::size_t shard, const model::Envelope& envelope) override;

  // For the admin API. Any thread, except where the member's own header says otherwise.
  [[nodiscard]] const Clock& clock() const { return clock_; }
  [[nodiscard]] metrics::Registry& metrics() { return metrics_; }
  [[nodiscard]] model::NameTable& names() { return names_; }
  [[nodiscard]] queue::LabelSetTable& labels() { return labels_; }
  [[nodiscard]] eventlog::EventLog& events() { return *events_; }
  [[nodiscard]] spool::Spool& spool() { return *spool_; }
  [[nodiscard]] delivery::Engine& engine() { return *engine_; }
  [[nodiscard]] FlowRates& flow() { return *flow_; }
  [[nodiscard]] suppression::Suppression& suppressions() { return *suppressions_; }
  [[nodiscard]] users::Users& users() { return *users_; }
  [[nodiscard]] warmup::Desk& warmups() { return *warmups_; }
  [[nodiscard]] const std::string& config_file() const { return config_file_; }
  [[nodiscard]] api::DaemonState state() const { return state_.load(); }
  [[nodiscard]] Time started() const { return started_; }
  [[nodiscard]] std::uint32_t connections_in() const;
  [[nodiscard]] std::uint32_t shards() const { return static_cast<std::uint32_t>(shards_->size()); }
  // What holds now: configuration, its settings, when it was read, what is wrong with vMTAs.
  struct InForce {
    std::shared_ptr<const config::Config> config;
    std::vector<config::Setting> settings;
    std::vector<delivery::PlanWarning> warnings;
    Time since;
  };
  [[nodiscard]] InForce in_force() const;
  // What operators set on paths and tuples is on disk when it returns. From API threads.
  [[nodiscard]] Result<> keep_shaping();
  // What the last reload left to do: mistakes to mend, if it was refused, and keys that wait for a restart.
  struct Unfinished {
    std::vector<std::string> mistakes;  // as check-config prints them
    Time refused;
    std::vector<std::string> needs_restart;
    Time waits_since;
  };
  [[nodiscard]] Unfinished unfinished() const;
  // Ports of listeners, as bound; for tests and the log.
  [[nodiscard]] std::vector<std::string> listening() const;

 private:
  [[nodiscard]] static std::vector<std::string> own_names(const config::Config& config);
  Node(const config::Loaded& loaded, std::string config_file);
  [[nodiscard]] Result<> make_folders();
  [[nodiscard]] Result<> open_events();
  [[nodiscard]] Result<> open_state();
  [[nodiscard]] Result<> open_dns();
  [[nodiscard]] Result<> open_published_tls(const delivery::PlanPtr& plan);
  [[nodiscard]] Result<> open_reports(const delivery::PlanPtr& plan);
  [[nodiscard]] Result<> open_spool(const delivery::PlanPtr& plan);
  [[nodiscard]] Result<> bind_listeners();
  [[nodiscard]] Result<> open_pickup();
  void make_services();
  [[nodiscard]] Result<> open_accounting();
  [[nodiscard]] Result<> open_unsubscribe();
  [[nodiscard]] ingest::Services ingest_services();
  void use_keys(const std::shared_ptr<const config::Config>& config);
  void set_in_force(const config::Loaded& loaded, std::vector<delivery::PlanWarning> warnings);
  void record_config(const std::string& detail);
  [[nodiscard]] api::ReloadReport refuse_reload(const std::vector<config::Problem>& problems);
  void tell_reloaded(const api::ReloadReport& report, const std::vector<config::Problem>& warnings);
  [[nodiscard]] Result<> open_shaping();
  void each_second();

  // What is wrong with this configuration on this machine.
  void add_warnings(const config::Config& config, delivery::MadePlan& made) const;

  const SystemClock clock_;
  const Time started_;
  const std::string config_file_;
  std::atomic<api::DaemonState> state_{api::DaemonState::Starting};
  std::mutex reload_mutex_;
  mutable std::mutex in_force_mutex_;
  InForce in_force_;                                    // guarded by in_force_mutex_
  Unfinished unfinished_;                               // likewise
  std::shared_ptr<const config::Config> started_with_;  // set when it is built

  DescriptorShares descriptors_;  // set when it is built

  metrics::Registry metrics_;
  model::NameTable names_;
  queue::LabelSetTable labels_;
  spool::PosixFileSystem files_;
  std::unique_ptr<eventlog::EventLog> events_;
  std::unique_ptr<eventlog::AccountingWriter> accounting_;
  std::unique_ptr<state::Writer> state_db_;
  std::unique_ptr<suppression::Suppression> suppressions_;
  std::unique_ptr<suppression::Guard> guard_;
  std::unique_ptr<users::Users> users_;
  std::unique_ptr<http::Workers> hashers_;  // of passwords
  std::unique_ptr<ingest::SignInDesk> sign_in_desk_;
  std::unique_ptr<warmup::Desk> warmups_;
  dns::Probe dns_probe_;
  ingest::Probe ingest_probe_;
  ingest::CurrentPlan ingest_plan_;
  std::unique_ptr<FlowRates> flow_;
  std::unique_ptr<net::ShardSet> shards_;
  std::vector<std::unique_ptr<ShardPort>> ports_;
  std::vector<spool::CompletionPort*> port_list_;
  std::unique_ptr<spool::Spool> spool_;
  std::unique_ptr<dns::UnboundResolver> unbound_;
  std::unique_ptr<dns::CachedResolver> resolver_;
  std::unique_ptr<dns::HostFinder> finder_;
  std::unique_ptr<PublishedTls> published_tls_;
  std::unique_ptr<ReportReception> reports_;
  unsubscribe::CurrentTerms unsubscribe_terms_{std::make_shared<const unsubscribe::Terms>()};
  std::unique_ptr<http::Workers> readers_;
  std::unique_ptr<http::Workers> signers_;
  std::unique_ptr<ShapingStore> shaping_;
  std::unique_ptr<delivery::Engine> engine_;
  ingest::ConnectionCounts connections_in_;  // of all listeners
  std::vector<std::unique_ptr<ingest::SmtpService>> services_;
  std::vector<std::unique_ptr<net::Listener>> listeners_;
  std::unique_ptr<ingest::Pickup> pickup_;
  std::unique_ptr<UnsubscribeService> unsubscribe_;  // none: this node answers no links
};

}  // namespace penstock::app
