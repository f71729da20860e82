// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "app/ask_shards.h"
#include "app/node_operations.h"

namespace penstock::app {
namespace {

// 0: /proc does not tell.
std::uint64_t resident_bytes() {
  std::ifstream file("/proc/self/statm");
  std::uint64_t all = 0;
  std::uint64_t resident = 0;
  file >> all >> resident;
  return resident * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

api::PathState to_api(shaping::State state) {
  switch (state) {
    case shaping::State::Normal: return api::PathState::Normal;
    case shaping::State::Slowed: return api::PathState::Slowed;
    case shaping::State::Backoff: return api::PathState::Backoff;
    case shaping::State::Suspended: return api::PathState::Suspended;
  }
  return api::PathState::Normal;
}

api::QueueCounts counts_of(const delivery::Dispatcher& dispatcher) {
  const queue::QueueTotals& totals = dispatcher.totals();
  api::QueueCounts counts;
  const std::uint64_t active = totals.count(queue::Whereabouts::Active);
  counts.in_delivery = std::min(active, dispatcher.in_delivery());
  counts.ready = active - counts.in_delivery;
  counts.deferred = totals.count(queue::Whereabouts::Deferred);
  counts.scheduled = totals.count(queue::Whereabouts::Scheduled);
  counts.held = totals.count(queue::Whereabouts::Held);
  return counts;
}

std::string path_name(const model::NameTable& names, const shaping::PathKey& key) {
  return std::string(names.view(key.vmta)) + '/' + std::string(names.view(key.group));
}

api::PathRow row_of(const model::NameTable& names, const shaping::PathKey& key,
                    const std::vector<shaping::Explanation>& scopes, const Clock& clock) {
  api::PathRow row;
  row.path = path_name(names, key);
  row.vmta = names.view(key.vmta);
  row.group = names.view(key.group);
  // The worst scope explains the state; the tightest limit is the one that holds.
  std::uint32_t limit = shaping::Explanation::kNoLimit;
  for (const shaping::Explanation& why : scopes) {
    limit = std::min(limit, why.connection_limit);
    if (why.rate > 0) row.rate = row.rate > 0 ? std::min(row.rate, why.rate) : why.rate;
    if (why.state == shaping::State::Normal || to_api(why.state) < row.state) continue;
    row.state = to_api(why.state);
    row.cause = why.cause.empty() ? why.rule : why.rule + ": " + why.cause;
    row.since = clock.to_wall(why.since);
    if (why.until) row.until = clock.to_wall(*why.until);
  }
  row.connections_max = limit == shaping::Explanation::kNoLimit ? 0 : limit;
  return row;
}

api::PathRow row_of(const model::NameTable& names, delivery::Path& path, Time now, const Clock& clock) {
  api::PathRow row = row_of(names, path.key(), path.limiter().explain(now), clock);
  row.connections = path.connections();
  row.ready = path.ready();
  row.in_delivery = path.in_delivery();
  const delivery::PathRates rates = path.rates(now);
  row.rates.delivered = rates.delivered;
  row.rates.deferred = rates.deferred;
  row.rates.bounced = rates.bounced;
  row.totals.delivered = path.counts().delivered;
  row.totals.deferred = path.counts().deferred;
  row.totals.bounced = path.counts().bounced;
  return row;
}

// An action bears on a path unless its tuple names another vMTA, pool or receiver: what it says of streams, campaigns
// or domains is true of some of the path's mail.
struct Bearing {
  const config::Config& config;
  const model::NameTable& names;
  const std::vector<api::ActionRow>& actions;

  [[nodiscard]] bool on(const std::string& key, const std::string& name, const delivery::Path& path) const {
    const std::string_view vmta = names.view(path.key().vmta);
    if (key == "vmta") return name == vmta;
    if (key == "pool") {
      const config::Pool* pool = config.find_pool(name);
      return pool != nullptr && std::any_of(pool->members.begin(), pool->members.end(),
                                            [&](const config::PoolMember& member) { return member.vmta == vmta; });
    }
    if (key == "provider") {
      // Where no provider is known the site or the fixed route stands in its place.
      const std::string_view home = names.view(path.home());
      return home == name || home == "provider:" + name;
    }
    if (key == "site") {
      return std::any_of(path.lanes().begin(), path.lanes().end(),
                         [&](const auto& entry) { return names.view(entry.second->destination->site) == name; });
    }
    return true;
  }
  [[nodiscard]] std::vector<std::string> on(const delivery::Path& path) const {
    std::vector<std::string> words;
    for (const api::ActionRow& action : actions) {
      const bool all = std::all_of(action.tuple.begin(), action.tuple.end(),
                                   [&](const auto& place) { return on(place.first, place.second, path); });
      if (all) words.push_back(words_of(action));
    }
    return words;
  }
};

// What receivers say of our configuration, of all shards together.
void add_alarms(delivery::Engine& engine, std::vector<api::Trouble>& all) {
  std::vector<delivery::ConfigurationAlarm> sum;
  for (auto& alarms :
       ask_shards(engine, [](delivery::Dispatcher& dispatcher) { return dispatcher.judge().alarms(); })) {
    for (delivery::ConfigurationAlarm& alarm : alarms) {
      const auto same = std::find_if(sum.begin(), sum.end(), [&alarm](const delivery::ConfigurationAlarm& other) {
        return other.rule == alarm.rule && other.provider == alarm.provider;
      });
      if (same == sum.end()) {
        sum.push_back(std::move(alarm));
        continue;
      }
      same->count += alarm.count;
      same->since = std::min(same->since, alarm.since);
      if (alarm.last > same->last) same->reply = std::move(alarm.reply);
      same->last = std::max(same->last, alarm.last);
    }
  }
  for (const delivery::ConfigurationAlarm& alarm : sum) {
    api::Trouble& trouble = all.emplace_back();
    trouble.part = alarm.provider.empty() ? "sending" : "sending to " + alarm.provider;
    trouble.message = fmt::format("{} refusals say that our configuration is wrong ({}, rule {}); the last: {}",
                                  alarm.count, model::to_string(alarm.outcome_class), alarm.rule, alarm.reply);
    trouble.hint =
        "look at SPF, DKIM, DMARC and PTR of the sending domain and address; this goes a day after the last one";
    trouble.since = alarm.since;
    trouble.count = alarm.count;
    trouble.last = alarm.last;
  }
}

// A warm-up that an operator paused holds all of the path's mail.
void add_paused(const std::vector<warmup::Standing>& paused, std::string_view home, api::PathRow& row) {
  for (const warmup::Standing& one : paused) {
    const bool is_its =
        one.name.provider == warmup::kOther ? !home.starts_with("provider:") : home == "provider:" + one.name.provider;
    if (one.name.vmta != row.vmta || !is_its) continue;
    std::string words = "warm-up paused";
    if (!one.ledger.paused_by.empty()) words += " by " + one.ledger.paused_by;
    if (!one.ledger.paused_why.empty()) words += ": " + one.ledger.paused_why;
    row.actions.push_back(std::move(words));
  }
}

constexpr std::size_t kNamesShown = 10;

// What the last reload left to do.
void add_unfinished(const Node::Unfinished& unfinished, std::vector<api::Trouble>& all) {
  if (!unfinished.mistakes.empty()) {
    const std::size_t more = unfinished.mistakes.size() - 1;
    all.push_back({"configuration",
                   "the last reload was refused, " + unfinished.mistakes.front() +
                       (more == 0 ? "" : fmt::format(" (and {} more: penstock check-config)", more)),
                   "mend it, then: penstock reload; the one before serves until then", unfinished.refused});
  }
  const auto& keys = unfinished.needs_restart;
  if (keys.empty()) return;
  const auto shown = keys.begin() + static_cast<std::ptrdiff_t>(std::min(keys.size(), kNamesShown));
  all.push_back({"configuration",
                 fmt::format("{} {} for a restart: {}{}", keys.size(), keys.size() == 1 ? "key waits" : "keys wait",
                             fmt::join(keys.begin(), shown, ", "), shown == keys.end() ? "" : ", …"),
                 "restart the daemon; until then these have the values before", unfinished.waits_since});
}

bool selected(const api::Selection& selection, const api::PathRow& row) {
  const auto fits = [](const std::string& wanted, const std::string& is) { return wanted.empty() || wanted == is; };
  const std::string provider = selection.provider.empty() ? "" : "provider:" + selection.provider;
  const shaping::GroupParts group = shaping::parts_of_group(row.group);
  return fits(selection.vmta, row.vmta) && fits(selection.path, row.path) && fits(provider, std::string(group.group)) &&
         (selection.stream.empty() || group.stream.empty() || selection.stream == group.stream);
}

}  // namespace

api::QueueCounts NodeOperations::queue_counts() {
  api::QueueCounts sum;
  for (const api::QueueCounts& counts : ask_shards(node_.engine(), counts_of)) {
    sum.ready += counts.ready;
    sum.in_delivery += counts.in_delivery;
    sum.deferred += counts.deferred;
    sum.scheduled += counts.scheduled;
    sum.held += counts.held;
  }
  return sum;
}

std::vector<api::Trouble> NodeOperations::troubles() {
  std::vector<api::Trouble> all;
  if (const spool::Health health = node_.spool().health(); health.state != spool::HealthState::Ok) {
    const bool full = health.state == spool::HealthState::Full;
    all.push_back({"spool",
                   health.reason,
                   full ? "free space on its file system, or raise LimitNOFILE where it lacks open files; new mail is "
                          "answered 452 until then"
                        : "look at the disk and the log, then restart; new mail is answered 451 until then",
                   {}});
  }
  if (const eventlog::Health health = node_.events().health(); !health.ok) {
    all.push_back({"event log", health.reason, "free space on its file system, or look at the disk", {}});
  }
  const delivery::OwnShortage::State shortage = node_.engine().shortage().state();
  if (shortage.count > 0 && node_.clock().wall() - shortage.last < delivery::OwnShortage::kLasts) {
    api::Trouble& trouble = all.emplace_back();
    trouble.part = "connections";
    trouble.message = "this machine has no socket for a connection, mail waits: " + shortage.words;
    trouble.hint = "raise LimitNOFILE of the service, or see what else uses up descriptors, ports and memory here";
    trouble.since = shortage.since;
    trouble.count = shortage.count;
    trouble.last = shortage.last;
  }
  if (::geteuid() == 0) {
    all.push_back({"process", "the daemon runs as root: a hole in it would be a hole in the machine",
                   "set node.user to the user it should become, as \"penstock\", and restart", node_.started()});
  }
  add_alarms(node_.engine(), all);
  for (const api::ActionRow& action : shaping_.actions()) {
    if (!action.alarm || action.pinned) continue;
    std::string what;
    for (const auto& [key, name] : action.tuple)
      what.append(what.empty() ? "" : " ").append(key).append("=").append(name);
    all.push_back({what, action.kind + ": rule " + action.rule + ", " + action.reply,
                   "mend what the reply names, then: penstock action clear", action.since});
  }
  add_unfinished(node_.unfinished(), all);
  const Node::InForce in_force = node_.in_force();
  for (const delivery::PlanWarning& warning : in_force.warnings) {
    all.push_back({warning.part, warning.message, warning.hint, in_force.since});
  }
  return all;
}

Result<api::Status> NodeOperations::status() {
  const Node::InForce in_force = node_.in_force();
  api::Status status;
  status.node = in_force.config->node.name;
  status.version = PENSTOCK_VERSION;
  status.pid = ::getpid();
  status.state = node_.state();
  status.started = node_.started();
  status.now = node_.clock().wall();
  status.queue = queue_counts();
  status.totals = node_.flow().totals();
  status.rates = node_.flow().rates();
  status.connections_in = node_.connections_in();
  for (const auto& of_shard : ask_shards(node_.engine(), [](delivery::Dispatcher& dispatcher) {
         std::uint64_t sum = 0;
         for (const auto& [key, path] : dispatcher.paths()) sum += path->connections();
         return sum;
       })) {
    status.connections_out += of_shard;
  }
  status.memory_bytes = resident_bytes();
  const spool::SpoolStats spool = node_.spool().stats();
  status.spool_bytes = (spool.segments + spool.spare_segments) * in_force.config->spool.segment_bytes;
  std::error_code error;
  const auto space = std::filesystem::space(in_force.config->spool.dir, error);
  if (!error) status.spool_free_bytes = space.available;
  status.shards = node_.shards();
  status.config_file = node_.config_file();
  status.config_loaded = in_force.since;
  for (const api::Job& job : jobs_.list())
    status.jobs_running += job.state == api::JobState::Running || job.state == api::JobState::Waiting ? 1U : 0U;
  status.pauses = static_cast<std::uint32_t>(pauses_.list().size());
  status.troubles = troubles();
  return status;
}

api::Health NodeOperations::health() {
  switch (node_.state()) {
    case api::DaemonState::Starting: return {false, "starting"};
    case api::DaemonState::Draining: return {false, "draining: new mail is refused"};
    case api::DaemonState::Stopping: return {false, "stopping"};
    case api::DaemonState::Serving: break;
  }
  if (!node_.spool().healthy()) return {false, "spool: " + node_.spool().health().reason};
  return {};
}

Result<std::vector<api::PathRow>> NodeOperations::paths(const api::PathQuery& query) {
  std::vector<api::PathRow> all;
  const Node::InForce in_force = node_.in_force();
  const std::vector<api::ActionRow> actions = shaping_.actions();
  const Bearing bearing{*in_force.config, node_.names(), actions};
  std::vector<warmup::Standing> paused = node_.warmups().list();
  std::erase_if(paused, [](const auto& one) { return !one.ledger.paused; });
  ask_shards(node_.engine(), [&](delivery::Dispatcher& dispatcher) {
    const Time now = node_.clock().now();
    for (const auto& [key, path] : dispatcher.paths()) {
      api::PathRow row = row_of(node_.names(), *path, now, node_.clock());
      if (!selected(query.selection, row)) continue;
      row.actions = bearing.on(*path);
      if (path->warmup().limits()) add_paused(paused, node_.names().view(path->home()), row);
      all.push_back(std::move(row));
    }
    // What waits for these is not ready, and after a restart nobody has sent there yet.
    dispatcher.each_pathless([&](const shaping::PathKey& key, const shaping::Explanation& why) {
      api::PathRow row = row_of(node_.names(), key, {why}, node_.clock());
      if (selected(query.selection, row)) all.push_back(std::move(row));
    });
  });
  const auto busier = [](const api::PathRow& a, const api::PathRow& b) {
    const auto key = [](const api::PathRow& row) {
      return std::tuple(row.ready + row.in_delivery, row.connections, row.rates.delivered);
    };
    return key(a) != key(b) ? key(a) > key(b) : a.path < b.path;
  };
  std::sort(all.begin(), all.end(), busier);
  if (all.size() > query.limit) all.resize(query.limit);
  return all;
}

void NodeOperations::register_metrics() {
  metrics::Registry& registry = node_.metrics();
  const auto spool = [this](std::uint64_t spool::SpoolStats::*figure) {
    return [this, figure] { return static_cast<double>(node_.spool().stats().*figure); };
  };
  registry.gauge_from("penstock_spool_messages", "Messages in the spool with a recipient that is not finished",
                      spool(&spool::SpoolStats::messages));
  registry.gauge_from("penstock_spool_segments", "Segments that hold records", spool(&spool::SpoolStats::segments));
  registry.gauge_from("penstock_spool_cache_bytes", "Bytes of fresh messages kept in memory",
                      spool(&spool::SpoolStats::cache_bytes));
  registry.counter_from("penstock_spool_syncs_total", "Syncs of the disk", spool(&spool::SpoolStats::syncs));
  registry.counter_from("penstock_spool_written_bytes_total", "Bytes written into segments",
                        spool(&spool::SpoolStats::bytes_written));
  registry.counter_from("penstock_spool_damaged_records_total", "Records found damaged",
                        spool(&spool::SpoolStats::damaged_records));
  registry.gauge_from("penstock_spool_healthy", "1 while new mail can be stored",
                      [this] { return node_.spool().healthy() ? 1.0 : 0.0; });
  registry.gauge_from("penstock_process_resident_bytes", "Memory of the process",
                      [] { return static_cast<double>(resident_bytes()); });
}

std::string NodeOperations::metrics_text() {
  const api::QueueCounts counts = queue_counts();
  const auto set = [this](const char* state, std::uint64_t value) {
    node_.metrics()
        .gauge("penstock_queue_recipients", "Queued recipients by state", {{"state", state}})
        .set(static_cast<std::int64_t>(value));
  };
  set("ready", counts.ready);
  set("in_delivery", counts.in_delivery);
  set("deferred", counts.deferred);
  set("scheduled", counts.scheduled);
  set("held", counts.held);
  return node_.metrics().text();
}

}  // namespace penstock::app
