// SPDX-License-Identifier: Apache-2.0
// ReportReception: reports that come back by mail, from the listeners' report domains to suppressions and events. Wires
// module feedback with the event log, the resolver and the configuration.
//
// Use:  auto reception = ReportReception::open(parts, *config, plan->classifier);   // handles what waited, too
//       services.reports = &(*reception)->inbox();    terms = Terms(*config, (*reception)->reference_keys());
//       (*reception)->reload(*config, plan->classifier);   …   (*reception)->stop();   // before shards and event log
// Threads: open, reload and stop by one that is no shard; the rest runs on the inbox's thread, which may wait for the
// event log (tens of milliseconds) and for DNS (kKeyWait), never a shard.
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "config/config.h"
#include "delivery/late_failure.h"
#include "dns/resolver.h"
#include "eventlog/event_log.h"
#include "feedback/report_desk.h"
#include "metrics/metrics.h"
#include "model/event.h"
#include "net/shard.h"
#include "state/writer.h"
#include "suppression/guard.h"
#include "warmup/desk.h"

namespace penstock::app {

class ReportReception final : public feedback::ReportOutlets {
 public:
  // All outlive the reception.
  struct Parts {
    const Clock& clock;
    eventlog::EventLog& log;
    model::EventSink& events;
    metrics::Registry& metrics;
    net::Shard& shard;  // asks the resolver
    dns::Resolver& resolver;
    state::Writer& state;
    suppression::Guard* guard;        // nullptr: reports are recorded and suppress nobody
    warmup::Desk* warmups = nullptr;  // told of complaints; nullptr: nobody is
    // Told of reported failures that are believed and speak of us (`about_us`), or are our configuration's fault
    // (outcome.alarm). The inbox's thread.
    std::function<void(delivery::LateFailure failure, bool about_us)> heard = {};
  };

  // The classifier of the delivery plan in force: a reply means the same whether it is heard or reported.
  using ClassifierPtr = std::shared_ptr<const classify::Classifier>;

  [[nodiscard]] static Result<std::unique_ptr<ReportReception>> open(Parts parts, const config::Config& config,
                                                                     ClassifierPtr classifier);
  ~ReportReception() override;

  [[nodiscard]] feedback::Inbox& inbox() { return *inbox_; }
  [[nodiscard]] const feedback::ReferenceKeys& reference_keys() const { return keys_; }
  void reload(const config::Config& config, ClassifierPtr classifier);
  // A new current key, on disk and for reports that come from now on. As reload(): not at the same time.
  [[nodiscard]] Result<> rotate_keys();
  void stop();

  // Any thread.
  std::vector<std::optional<feedback::SentRecipient>> find_sent(std::span<const model::RecipientId> wanted) override;
  [[nodiscard]] std::optional<feedback::SentRecipient> find_sent(model::RecipientId recipient);
  bool is_trusted(const feedback::IncomingReport& incoming, const report::Report& report) override;
  std::vector<feedback::Suppressing> suppress(std::span<const feedback::HandledRecipient> handled) override;
  void record(const feedback::HandledRecipient& handled) override;
  void count(report::ReportKind kind, feedback::Proof proof) override;
  void finished() override;

 private:
  static constexpr std::size_t kKinds = static_cast<std::size_t>(report::ReportKind::Challenge) + 1;
  static constexpr std::size_t kProofs = static_cast<std::size_t>(feedback::Proof::Expired) + 1;

  // What of the configuration the reception needs.
  struct Settings {
    std::vector<std::string> trusted_domains;
    std::vector<IpNetwork> trusted_networks;
    std::vector<std::string> streams;
    Duration complaint_lasts{0};
  };

  explicit ReportReception(Parts parts);
  [[nodiscard]] std::shared_ptr<const Settings> settings() const;
  // The stream of the original: from the log, else the one the reference was made for; "" when neither is known.
  [[nodiscard]] std::string stream_of(const feedback::HandledRecipient& handled) const;
  [[nodiscard]] bool submit(const feedback::HandledRecipient& handled, suppression::Suppression::AddDone done);
  [[nodiscard]] bool is_recorded(const feedback::HandledRecipient& handled, const std::string& name);
  void tell_limits(const feedback::HandledRecipient& handled);
  [[nodiscard]] bool is_signed_by(const std::string& message, const std::vector<std::string>& domains);

  const Parts parts_;
  const Time opened_;
  // The names of recorded reports since the oldest that waited at the start, once they are asked for. The inbox's
  // thread
  std::optional<std::set<std::string>> recorded_;
  std::array<std::array<metrics::Counter*, kProofs>, kKinds> counters_;
  std::string keys_file_;  // where data_dir was at the start
  feedback::ReferenceKeys keys_;
  feedback::DeskSettings desk_settings_;  // as last configured
  std::unique_ptr<feedback::UsedReferences> used_;
  std::unique_ptr<feedback::ReportDesk> desk_;
  mutable std::mutex mutex_;
  std::shared_ptr<const Settings> settings_;  // guarded by mutex_
  std::unique_ptr<feedback::Inbox> inbox_;    // last: its threads use what is above
};

}  // namespace penstock::app
