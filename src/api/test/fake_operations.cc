// SPDX-License-Identifier: Apache-2.0
#include "src/api/test/fake_operations.h"

#include <fmt/format.h>

#include <boost/json/serialize.hpp>
#include <stdexcept>

#include "api/errc.h"
#include "api/json.h"
#include "api/words.h"
#include "base/units.h"

namespace penstock::api {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

std::string text_of(const Selection& selection) {
  return boost::json::serialize(to_json(selection));
}

std::string by(const Actor& actor) {
  return fmt::format(" by {} via {}", actor.name, actor.via);
}

RecipientRow example_recipient(std::uint32_t index) {
  RecipientRow row;
  row.id = {FakeOperations::known_message(), index};
  row.recipient = index == 0 ? "ann@slow.example" : "bob@fast.example";
  row.sender = "news@shop.example";
  row.labels = {"marketing", "shop", "autumn", "", ""};
  row.state = index == 0 ? RecipientState::Deferred : RecipientState::Ready;
  row.received = FakeOperations::kNow - minutes(90);
  row.attempts = index == 0 ? 3 : 0;
  row.next_attempt = index == 0 ? FakeOperations::kNow + minutes(12) : Time{};
  row.last_reply = index == 0 ? "451 4.7.1 try again later" : "";
  row.vmta = index == 0 ? "v1" : "";
  row.path = index == 0 ? "" : "v2/site:mx1.fast.example";
  return row;
}

}  // namespace

model::MessageId FakeOperations::known_message() {
  return *model::parse_message_id("01K8Q2R5VX3ZP");
}

void FakeOperations::note(std::string call) {
  const std::lock_guard lock(mutex_);
  calls_.push_back(std::move(call));
}

std::vector<std::string> FakeOperations::calls() const {
  const std::lock_guard lock(mutex_);
  return calls_;
}

std::size_t FakeOperations::event_reads() const {
  const std::lock_guard lock(mutex_);
  return event_reads_;
}

std::uint64_t FakeOperations::events_given() const {
  const std::lock_guard lock(mutex_);
  return events_given_;
}

void FakeOperations::add_event(std::string line) {
  const std::lock_guard lock(mutex_);
  events_.push_back(std::move(line));
}

Result<Status> FakeOperations::status() {
  if (status_fails) return fail_errno(EIO, "reading the state");
  if (status_throws) throw std::runtime_error("on purpose");
  Status status;
  status.node = "mta1";
  status.version = "0.1.0";
  status.pid = 4711;
  status.state = DaemonState::Serving;
  status.started = kNow - hours(50);
  status.now = kNow;
  status.queue = {1200, 80, 45'000, 300, 12};
  status.totals = {5'000'000, 1'200, 4'900'000, 210'000, 53'000, 400, 0};
  status.rates = {812.5, 0.2, 799.0, 31.5, 4.0, 0, 0};
  status.connections_in = 25;
  status.connections_out = 64;
  if (!memory_is_unknown) status.memory_bytes = 300ULL << 20;
  status.spool_bytes = 2ULL << 30;
  status.spool_free_bytes = 150ULL << 30;
  status.shards = 2;
  status.config_file = "/etc/penstock/penstock.toml";
  status.config_loaded = kNow - hours(50);
  status.jobs_running = 1;
  status.pauses = 1;
  status.troubles.push_back({"vmta v9", "198.51.100.9 is not an address of this machine",
                             "add the address, or remove the vMTA", kNow - hours(50)});
  return status;
}

Health FakeOperations::health() {
  return current_health;
}

Result<PathExplanation> FakeOperations::explain_path(const PathQuestion& question) {
  if (question.vmta != "v1") return fail(Errc::NotFound, "there is no vMTA \"" + question.vmta + "\"");
  PathExplanation explanation{"v1/provider:gmail", "gmail", "its name " + question.domain, {}, {}};
  explanation.values.push_back(
      {"connections", "50", "provider file gmail.toml", "https://a.example/", "practice", "Per address."});
  explanation.values.push_back(
      {"connections_start", "5", "provider file gmail.toml", "https://a.example/", "practice", "Per address."});
  explanation.values.push_back({"message_rate", "", "nobody sets it", "", "", ""});
  explanation.values.push_back(
      {"backoff.first", "30m", "provider file gmail.toml", "https://b.example/", "chosen", "Nobody says how long."});
  explanation.scopes.push_back({"path v1 provider:gmail", "slowed", "deferral share", "421 slow", kNow - minutes(7),
                                kNow + minutes(3), 3, 9, 2.5, 3.5, 60, 20, 0, "grows again", "root"});
  return explanation;
}

Result<std::vector<WarmupRow>> FakeOperations::warmups(const WarmupQuery& query) {
  if (!query.vmta.empty() && query.vmta != "v3") return std::vector<WarmupRow>();
  WarmupRow row;
  row.vmta = "v3";
  row.provider = "gmail";
  row.plan_day = 3;
  row.plan_days = 9;
  row.plan_first = 50;
  row.plan_last = 50'000;
  row.beyond = "warm";
  row.hours = "08:00-20:00";
  row.zone = "UTC";
  row.days = 4;
  row.allowance = 150;
  row.planned = 200;
  row.allowed_so_far = 80;
  row.taken = 75;
  row.under_way = 2;
  row.left = 75;
  row.deferred = 20;
  row.bounced = 1;
  row.why = "cut from 200 to 150 during the day: 20.8 % deferred, above 10 %";
  row.opens = kNow - minutes(60);
  row.closes = kNow + minutes(600);
  row.tomorrow = 150;
  row.tomorrow_step = "cut by a quarter";
  row.tomorrow_why = row.why;
  return std::vector{row};
}

Result<WarmupRow> FakeOperations::change_warmup(const WarmupChange& change, const Actor&) {
  auto rows = warmups({});
  if (change.vmta != "v3") return fail(Errc::NotFound, "vMTA \"" + change.vmta + "\" has no warm-up at gmail");
  if (change.act == WarmupAct::Pause) rows->front().state = WarmupState::Paused;
  if (change.act == WarmupAct::Set) rows->front().plan_day = change.day;
  return rows->front();
}

Result<std::vector<PathRow>> FakeOperations::paths(const PathQuery& query) {
  std::vector<PathRow> rows(2);
  rows[0].path = "v1/provider:gmail";
  rows[0].vmta = "v1";
  rows[0].group = "provider:gmail";
  rows[0].connections = 20;
  rows[0].connections_max = 20;
  rows[0].ready = 1100;
  rows[0].in_delivery = 60;
  rows[0].rates.delivered = 700.25;
  rows[0].totals.delivered = 4'000'000;
  rows[0].actions = {"suspend campaign=may provider=gmail (rule campaign-doubted)"};
  rows[1].path = "v2/site:mx1.slow.example";
  rows[1].vmta = "v2";
  rows[1].group = "site:mx1.slow.example";
  rows[1].state = PathState::Backoff;
  rows[1].cause = "connect failed 5 times: connection refused";
  rows[1].since = kNow - minutes(7);
  rows[1].until = kNow + minutes(3);
  rows[1].connections_max = 2;
  rows[1].rate = 4.5;
  rows[1].ready = 100;
  rows[1].rates.deferred = 1.5;
  if (!query.selection.vmta.empty()) {
    std::erase_if(rows, [&](const PathRow& row) { return row.vmta != query.selection.vmta; });
  }
  if (rows.size() > query.limit) rows.resize(query.limit);
  return rows;
}

std::string FakeOperations::metrics_text() {
  return "# HELP penstock_up Whether it is up\n# TYPE penstock_up gauge\npenstock_up 1\n";
}

Result<QueueList> FakeOperations::queues(const QueueQuery& query) {
  QueueList list;
  list.rows.push_back({"gmail.com", {1000, 70, 40'000, 0, 0}, kNow - hours(3), kNow + seconds(20), ""});
  list.rows.push_back(
      {"slow.example", {0, 0, 5'000, 0, 12}, kNow - hours(30), kNow + minutes(12), "by root: complaints"});
  if (query.by != QueueGroup::Domain) list.rows.resize(1);
  if (query.by != QueueGroup::Domain) list.rows[0].name = "";
  for (const QueueRow& row : list.rows) {
    list.total.ready += row.counts.ready;
    list.total.in_delivery += row.counts.in_delivery;
    list.total.deferred += row.counts.deferred;
    list.total.held += row.counts.held;
  }
  list.groups = list.rows.size() + 340;
  return list;
}

Result<AgeList> FakeOperations::queue_age(const QueueQuery&) {
  AgeList list;
  list.rows.push_back({"gmail.com", {900, 170, 4'000, 6'000, 12'000, 18'000, 0, 0, 0, 0}});
  list.rows.push_back({"slow.example", {0, 0, 0, 0, 0, 12, 0, 0, 0, 5'000}});
  for (const AgeRow& row : list.rows) {
    for (std::size_t i = 0; i < row.recipients.size(); ++i) list.total[i] += row.recipients[i];
  }
  list.groups = 2;
  return list;
}

Result<RecipientList> FakeOperations::recipients(const RecipientQuery& query) {
  RecipientList list;
  for (std::uint32_t index = 0; index < 2; ++index) {
    RecipientRow row = example_recipient(index);
    if (query.state && row.state != *query.state) continue;
    if (!query.selection.recipient.empty() && row.recipient != query.selection.recipient) continue;
    ++list.matched;
    if (list.rows.size() < query.limit) list.rows.push_back(std::move(row));
  }
  if (query.limit > 200) list.untold = 1;
  return list;
}

Result<std::optional<MessageDetail>> FakeOperations::message(model::MessageId id) {
  if (id != known_message()) return std::optional<MessageDetail>();
  MessageDetail detail;
  detail.envelope.id = id;
  detail.envelope.sender = "news@shop.example";
  detail.envelope.labels = {"marketing", "shop", "autumn", "", ""};
  detail.envelope.envelope_id = "QQ314159";
  detail.envelope.received = kNow - minutes(90);
  detail.envelope.peer = "192.0.2.7";
  detail.envelope.body_bytes = 10'240;
  detail.envelope.body_kind = model::BodyKind::EightBitMime;
  detail.recipients = {example_recipient(0), example_recipient(1)};
  return std::optional(std::move(detail));
}

Result<EventList> FakeOperations::trace(const TraceQuery& query) {
  EventList list;
  if (query.recipient == "nobody@slow.example") return list;
  list.events = {
      R"({"seq":7,"time":"2026-11-24T07:00:00.000000Z","type":"accepted","id":"01K8Q2R5VX3ZP","rcpt_index":0,"sender":"news@shop.example","recipient":"ann@slow.example","peer":"192.0.2.7","size":10240})",
      R"({"seq":9,"time":"2026-11-24T07:00:01.500000Z","type":"deferred","id":"01K8Q2R5VX3ZP","rcpt_index":0,"recipient":"ann@slow.example","vmta":"v1","peer_host":"mx1.slow.example","step":"rcpt","reply":"451 4.7.1 try again later","class":"rate-limit","attempt":1})"};
  if (query.limit < list.events.size()) {
    list.events.erase(list.events.begin());
    list.more = true;
  }
  return list;
}

Result<EventList> FakeOperations::events(const EventQuery& query) {
  const std::lock_guard lock(mutex_);
  ++event_reads_;
  EventList list;
  std::uint64_t from = events_.size();
  if (query.cursor) from = *query.cursor;
  if (!query.cursor) from -= std::min<std::uint64_t>(from, query.last);
  for (; from < events_.size() && list.events.size() < query.max; ++from) {
    const bool wanted = query.types.empty() || events_[from].find(query.types.front()) != std::string::npos;
    if (wanted) list.events.push_back(events_[from]);
  }
  list.cursor = from;
  events_given_ = std::max(events_given_, from);
  list.more = from < events_.size();
  return list;
}

Result<> FakeOperations::check_names(const Selection& selection) {
  if (selection.stream == "nosuch") return fail(Errc::NotFound, "there is no stream \"nosuch\"");
  return {};
}

std::vector<Pause> FakeOperations::pauses() {
  const std::lock_guard lock(mutex_);
  return pauses_;
}

Result<Pause> FakeOperations::pause(const PauseRequest& request, const Actor& actor) {
  if (auto known = check_names(request.selection); !known) return fail(known.error());
  note("pause " + text_of(request.selection) + " reason=" + request.reason + by(actor));
  Pause pause{request.selection, request.reason, actor.name, kNow, Time{}};
  if (request.until != Time{}) pause.until = kNow + hours(2);
  const std::lock_guard lock(mutex_);
  pauses_.push_back(pause);
  return pause;
}

Result<std::vector<Pause>> FakeOperations::resume(const Selection& selection, const Actor& actor) {
  note("resume " + text_of(selection) + by(actor));
  const std::lock_guard lock(mutex_);
  std::vector<Pause> lifted;
  for (const Pause& pause : pauses_) {
    if (selection.all || pause.selection == selection) lifted.push_back(pause);
  }
  std::erase_if(pauses_, [&](const Pause& pause) { return selection.all || pause.selection == selection; });
  return lifted;
}

Result<Job> FakeOperations::act(const ActRequest& request, const Actor& actor) {
  std::string call = std::string(word_for(request.act)) + " " + text_of(request.selection);
  if (request.dry_run) call += " dry_run";
  if (!request.reason.empty()) call += " reason=" + request.reason;
  if (!request.to_vmta.empty()) call += " to_vmta=" + request.to_vmta;
  if (request.force) call += " force";
  if (!request.to_stream.empty()) call += " to_stream=" + request.to_stream;
  note(call + by(actor));
  const std::lock_guard lock(mutex_);
  Job job;
  job.id = jobs_.size() + 1;
  job.act = request.act;
  job.selection = request.selection;
  job.dry_run = request.dry_run;
  job.by = actor.name;
  job.started = kNow;
  job.to_visit = 40'000;
  if (request.selection.domain != "big.example") {
    job.visited = job.to_visit;
    job.matched = 1234;
    job.kept = request.act == Act::Reroute && !request.force ? 200 : 0;
    job.changed = request.dry_run ? 0 : 1230 - job.kept;
    job.state = JobState::Done;
    job.finished = kNow + seconds(1);
  }
  jobs_[job.id] = job;
  return job;
}

std::vector<Job> FakeOperations::jobs() {
  const std::lock_guard lock(mutex_);
  std::vector<Job> all;
  for (auto it = jobs_.rbegin(); it != jobs_.rend(); ++it) all.push_back(it->second);
  return all;
}

std::optional<Job> FakeOperations::job(std::uint64_t id) {
  const std::lock_guard lock(mutex_);
  const auto found = jobs_.find(id);
  if (found == jobs_.end()) return std::nullopt;
  Job& job = found->second;
  if (job.state == JobState::Running) {
    job.visited += 10'000;
    job.matched += 2'500;
    job.changed += job.dry_run ? 0 : 2'500;
    if (job.visited == job.to_visit) job.state = JobState::Done;
  }
  return job;
}

Result<Job> FakeOperations::cancel_job(std::uint64_t id, const Actor& actor) {
  note(fmt::format("cancel {}", id) + by(actor));
  const std::lock_guard lock(mutex_);
  const auto found = jobs_.find(id);
  if (found == jobs_.end()) return fail(Errc::NotFound, fmt::format("there is no job {}", id));
  if (found->second.state != JobState::Running) return fail(Errc::Conflict, fmt::format("job {} has ended", id));
  found->second.state = JobState::Cancelled;
  return found->second;
}

Result<ReloadReport> FakeOperations::reload(const Actor& actor) {
  note("reload" + by(actor));
  ReloadReport report;
  if (reload_is_refused) {
    report.problems.push_back({"penstock.toml", 12, 3, "conections", "unknown key \"conections\" in [[domain]]",
                               "did you mean \"connections\"?", true});
    return report;
  }
  report.applied = true;
  report.changed = {"domain.slow.example.connections"};
  report.needs_restart = {"node.shards"};
  return report;
}

Result<ConfigCheck> FakeOperations::check_config(const ConfigCheckRequest& request) {
  ConfigCheck check;
  if (request.text && request.text->find("conections") != std::string::npos) {
    check.problems.push_back(
        {"text", 1, 1, "conections", "unknown key \"conections\"", "did you mean \"connections\"?", true});
  }
  return check;
}

Result<std::vector<SettingRow>> FakeOperations::settings() {
  return std::vector<SettingRow>{{"node.name", "\"mta1\"", "penstock.toml:2", true},
                                 {"log.level", "\"info\"", "default", false}};
}

Result<std::uint32_t> FakeOperations::rotate_keys(const Actor& actor) {
  note("rotate keys" + by(actor));
  return 2;
}

Result<> FakeOperations::drain(const DrainRequest& request, const Actor& actor) {
  note("drain " + std::string(word_for(request.step)) + " limit=" + format_duration(request.limit) + by(actor));
  return {};
}

}  // namespace penstock::api
