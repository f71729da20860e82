// SPDX-License-Identifier: Apache-2.0
// What a report costs on its whole way inside the daemon: durable in the inbox, read, looked up in the event log,
// suppressed in SQLite, recorded. The same parts that penstockd runs, without the SMTP dialogue before them.
//
// Use:  bench_feedback_desk [REPORTS] [MESSAGES]     default 20000 reports about one in five of 100000 messages sent;
//                                                    in a folder under TMPDIR
// Prints reports a second, what of the machine they took, and how long one alone takes from arrival to suppression.
#include <fmt/format.h>
#include <time.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <future>
#include <mutex>
#include <string>
#include <vector>

#include "app/report_reception.h"
#include "base/test/temp_folder.h"
#include "dns/fake_resolver.h"
#include "feedback/reference.h"

using namespace penstock;

namespace {

using Watch = std::chrono::steady_clock;

constexpr int kAlone = 200;
constexpr std::uint64_t kAhead = 4000;                // reports that wait at most
constexpr std::uint64_t kFirstAlone = 1'000'000'000;  // numbers of messages that only the reports sent alone are about

double seconds_since(Watch::time_point start) {
  return std::chrono::duration<double>(Watch::now() - start).count();
}

double process_seconds() {
  timespec now{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

void print(const std::string& what, const std::string& value, const std::string& goal = {}) {
  fmt::print("{:<52}{:>20}{}\n", what, value, goal.empty() ? "" : "   goal: " + goal);
  std::fflush(stdout);
}

// Hands events on to the log, and tells when so many reports were recorded.
class WatchedLog final : public model::EventSink {
 public:
  explicit WatchedLog(eventlog::EventLog& log) : log_(log) {}
  void record(const model::Event& event) override {
    log_.record(event);
    if (event.type != model::EventType::BounceReport && event.type != model::EventType::Complaint) return;
    const std::lock_guard lock(mutex_);
    ++reports_;
    if (event.detail.ends_with("; suppressed")) ++suppressed_;
    changed_.notify_all();
  }
  void wait_for(std::uint64_t reports) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return reports_ >= reports; });
  }
  std::uint64_t suppressed() {
    const std::lock_guard lock(mutex_);
    return suppressed_;
  }

 private:
  eventlog::EventLog& log_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::uint64_t reports_ = 0, suppressed_ = 0;
};

class Bench {
 public:
  Bench() {
    eventlog::EventLogOptions options;
    options.dir = folder_.file("events");
    options.node = "mta1";
    log_ = std::move(*eventlog::EventLog::open(clock_, options));
    log_->start();
    watched_ = std::make_unique<WatchedLog>(*log_);
    shards_.start();
    state_ = std::move(*state::Writer::open(folder_.file("state.db")));
    list_ = std::move(*suppression::Suppression::open({*state_, clock_, metrics_}, {}));
    guard_ = std::make_unique<suppression::Guard>(*list_,
                                                  std::make_shared<const suppression::Policy>(config::Suppression{}));
    config_.node.data_dir = folder_.path();
    config_.streams.resize(1);
    config_.streams[0].name = "news";
    reception_ = std::move(
        *app::ReportReception::open({clock_, *log_, *watched_, metrics_, shards_[0], dns_, *state_, guard_.get()},
                                    config_, classify::Classifier::shipped()));
    first_ = static_cast<std::uint64_t>(
                 std::chrono::duration_cast<std::chrono::microseconds>(clock_.wall().time_since_epoch()).count())
             << 8;
  }
  ~Bench() {
    reception_->stop();
    shards_.stop();
    state_->stop();
    log_->stop();
  }

  // What the log knows of messages that were delivered.
  void deliver(std::uint64_t from, std::uint64_t messages) {
    for (std::uint64_t i = from; i < from + messages; ++i) {
      const std::string address = address_of(i);
      model::Event event;
      event.type = model::EventType::Delivered;
      event.time = clock_.wall();
      event.message = id_of(i);
      event.has_recipient = true;
      event.recipient = address;
      event.stream = "news";
      event.campaign = "spring";
      event.provider = "example";
      event.vmta = "v1";
      event.pool = "main";
      event.reply = {250, {2, 0, 0}, "ok"};
      log_->record(event);
    }
    log_->flush();
  }
  void submit(std::uint64_t i) {
    reception_->inbox().submit(report_about(i), [this](const Result<>& durable) {
      if (!durable) refused_ = true;
    });
  }
  void wait_for(std::uint64_t reports) { watched_->wait_for(reports); }
  std::uint64_t suppressed() { return watched_->suppressed(); }
  [[nodiscard]] bool refused() const { return refused_; }

 private:
  [[nodiscard]] model::MessageId id_of(std::uint64_t i) const { return model::MessageId{first_ + i}; }
  static std::string address_of(std::uint64_t i) { return fmt::format("customer.{}@domain{}.example", i, i % 997); }

  // The address is hidden in every other one, so that the log has to say it.
  [[nodiscard]] feedback::IncomingReport report_about(std::uint64_t i) const {
    const std::string address = address_of(i);
    const std::string token =
        feedback::make_reference(reception_->reference_keys().current, {id_of(i), 0}, address, "news");
    const std::string named = i % 2 == 0 ? address : "redacted@mx.example";
    feedback::IncomingReport report;
    report.recipients = {"b+" + token + "@bounces.shop.example"};
    report.client_address = "192.0.2.9";
    report.received = clock_.wall();
    report.message = fmt::format(
        "Return-Path: <>\r\nFrom: MAILER-DAEMON@mx.example\r\nSubject: Undelivered Mail\r\nMIME-Version: 1.0\r\n"
        "Content-Type: multipart/report; report-type=delivery-status; boundary=\"=b\"\r\n\r\n--=b\r\n"
        "Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example\r\n\r\n"
        "Final-Recipient: rfc822; {0}\r\nAction: failed\r\nStatus: 5.1.1\r\n"
        "Diagnostic-Code: smtp; 550 5.1.1 no such user\r\n\r\n--=b\r\nContent-Type: message/rfc822\r\n\r\n"
        "From: The Shop <news@shop.example>\r\nTo: {0}\r\nSubject: All that is new\r\n\r\n{1}\r\n--=b--\r\n",
        named, std::string(4096, 'x'));
    return report;
  }

  const TempFolder folder_;
  const SystemClock clock_;
  metrics::Registry metrics_;
  dns::FakeResolver dns_;
  net::ShardSet shards_{1};
  config::Config config_;
  std::uint64_t first_ = 0;
  std::atomic<bool> refused_{false};
  std::unique_ptr<eventlog::EventLog> log_;
  std::unique_ptr<WatchedLog> watched_;
  std::unique_ptr<state::Writer> state_;
  std::unique_ptr<suppression::Suppression> list_;
  std::unique_ptr<suppression::Guard> guard_;
  std::unique_ptr<app::ReportReception> reception_;  // last: its threads use what is above
};

}  // namespace

int main(int count, char** arguments) {
  const std::uint64_t reports = count > 1 ? std::strtoull(arguments[1], nullptr, 10) : 20'000;
  const std::uint64_t messages =
      std::max<std::uint64_t>(count > 2 ? std::strtoull(arguments[2], nullptr, 10) : 100'000, reports);
  Bench bench;
  bench.deliver(0, messages);
  bench.deliver(kFirstAlone, kAlone);

  std::vector<double> alone;
  for (std::uint64_t i = 0; i < kAlone; ++i) {
    const auto start = Watch::now();
    bench.submit(kFirstAlone + i);
    bench.wait_for(i + 1);
    alone.push_back(seconds_since(start));
  }
  std::ranges::sort(alone);
  print("one alone, arrival to suppression, median", fmt::format("{:.2f} ms", alone[alone.size() / 2] * 1e3));
  print("  99 of 100", fmt::format("{:.2f} ms", alone[alone.size() * 99 / 100] * 1e3), "1 s");

  const auto start = Watch::now();
  const double cpu_start = process_seconds();
  const std::uint64_t step = messages / std::max<std::uint64_t>(reports, 1);
  for (std::uint64_t i = 0; i < reports; ++i) {
    // As many as the inbox holds, and no more: a sender who is told to wait comes back.
    if (i >= kAhead) bench.wait_for(kAlone + i + 1 - kAhead);
    bench.submit(i * step);
  }
  bench.wait_for(kAlone + reports);
  const double cpu = process_seconds() - cpu_start;
  const double wall = seconds_since(start);
  const auto made = static_cast<double>(reports);
  print(fmt::format("{} reports at once", reports), fmt::format("{:.0f} a second", made / wall));
  print("  a second of one core", fmt::format("{:.0f}", made / cpu), "1000");
  print("  suppressed", fmt::format("{} of {}", bench.suppressed(), reports + kAlone));
  return bench.refused() || bench.suppressed() != reports + kAlone ? 1 : 0;
}
