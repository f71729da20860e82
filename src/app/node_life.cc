// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <thread>

#include "app/ask_shards.h"
#include "app/node.h"
#include "app/warmup_plans.h"
#include "base/log.h"

namespace penstock::app {
namespace {

// How often a stop looks whether all is done.
constexpr std::chrono::milliseconds kStopPoll{20};
// How often what users have sent today is written down; a crash forgets so much of it.
constexpr std::chrono::seconds kUsageSaved{5};

api::ConfigProblem to_api(const config::Problem& from) {
  return {from.file, from.line, from.column, from.key, from.message, from.suggestion, from.is_error};
}

}  // namespace

void Node::start() {
  const auto config = in_force().config;
  events_->start();
  if (accounting_) accounting_->start();
  shards_->start();
  engine_->start();
  published_tls_->start({*spool_, *ports_.front(), *this, *readers_}, [this] { return in_force().config; });
  (*shards_)[0].post([this] { (*shards_)[0].every(std::chrono::seconds{1}, [this] { each_second(); }); });
  (*shards_)[0].post([this] { (*shards_)[0].every(kUsageSaved, [this] { users_->save_usage(); }); });
  for (std::size_t i = 0; i < shards_->size(); ++i) {
    (*shards_)[i].post([this, i] {
      (*shards_)[i].every(ShapingStore::kEvery, [this, i] { shaping_->save(i, engine_->dispatcher(i).memory()); });
      (*shards_)[i].every(std::chrono::seconds{1}, [this, i] {
        delivery::Dispatcher& dispatcher = engine_->dispatcher(i);
        if (dispatcher.take_state_changed()) shaping_->save(i, dispatcher.memory());
      });
    });
  }
  for (const auto& listener : listeners_) listener->start();
  if (pickup_) pickup_->start();
  if (unsubscribe_) unsubscribe_->start();
  state_ = api::DaemonState::Serving;
  record_config("loaded " + config_file_);
}

Result<> Node::keep_shaping() {
  for (std::size_t i = 0; i < shards_->size(); ++i) {
    ask_shard(*engine_, i, [&](const delivery::Dispatcher& dispatcher) { shaping_->save(i, dispatcher.memory()); });
  }
  return shaping_->wait();
}

void Node::each_second() {
  flow_->sample(clock_.now());
  warmups_->tick();
}

void Node::drain(bool on) {
  for (const auto& service : services_) service->drain(on);
  auto expected = on ? api::DaemonState::Serving : api::DaemonState::Draining;
  state_.compare_exchange_strong(expected, on ? api::DaemonState::Draining : api::DaemonState::Serving);
}

void Node::finish(Duration limit) {
  drain(true);
  state_ = api::DaemonState::Stopping;
  const Time deadline = clock_.now() + limit;
  for (const auto& listener : listeners_) listener->stop();
  if (pickup_) pickup_->stop();
  while (connections_in() > 0 && clock_.now() < deadline) std::this_thread::sleep_for(kStopPoll);
  engine_->stop();
  std::size_t left = engine_->in_flight();
  while (left > 0 && clock_.now() < deadline) {
    std::this_thread::sleep_for(kStopPoll);
    left = engine_->in_flight();
  }
  if (left > 0) {
    log::warn("app",
              "{} deliveries were cut at the stop limit of {}; their recipients are tried again at the next "
              "start",
              left, format_duration(limit));
  }
}

void Node::stop() {
  if (unsubscribe_) unsubscribe_->stop();
  for (std::size_t i = 0; i < shards_->size(); ++i) {
    shaping_->save(i,
                   ask_shard(*engine_, i, [](const delivery::Dispatcher& dispatcher) { return dispatcher.memory(); }));
  }
  reports_->stop();
  shards_->stop();
  readers_->stop();
  signers_->stop();
  hashers_->stop();
  unbound_->stop();
  spool_->close();
  published_tls_->flush();
  users_->stop();
  warmups_->flush();
  state_db_->stop();
  // Sockets go before their shards, and suspended coroutines, with the shards, before what they refer to.
  listeners_.clear();
  shards_.reset();
  if (accounting_) accounting_->stop();
  events_->stop();
}

Node::~Node() {
  if (unsubscribe_) unsubscribe_->stop();
  if (reports_) reports_->stop();
  if (spool_ && shards_) {  // built, but not stopped
    shards_->stop();
    if (readers_) readers_->stop();
    if (signers_) signers_->stop();
    hashers_->stop();
    unbound_->stop();
    spool_->close();
    state_db_->stop();
  }
  listeners_.clear();
  shards_.reset();
}

std::uint32_t Node::connections_in() const {
  std::uint32_t sum = 0;
  for (const auto& service : services_) sum += service->connections();
  return sum;
}

void Node::accepted(std::size_t shard, const model::Envelope& envelope) {
  engine_->dispatcher(shard).admit(envelope);
}

api::ReloadReport Node::reload() {
  const std::lock_guard lock(reload_mutex_);
  const config::Loaded loaded = config::load_file(config_file_);
  std::vector<config::Problem> problems = loaded.problems;
  const auto refuse = [&](const Error& error) {
    problems.push_back({config_file_, 0, 0, "", error.to_string(), "", true});
    return refuse_reload(problems);
  };
  if (!loaded.config) return refuse_reload(problems);
  auto made = delivery::make_plan(*loaded.config, names_);
  if (!made) return refuse(made.error());
  auto warmups = make_warmup_plans(*loaded.config);
  if (!warmups) return refuse(warmups.error());
  api::ReloadReport report;
  for (const config::Problem& problem : problems) report.problems.push_back(to_api(problem));
  add_warnings(*loaded.config, *made);
  for (const config::Change& change : config::compare(*in_force().config, *loaded.config)) {
    if (!change.needs_restart) report.changed.push_back(change.key);
  }
  // What an earlier reload changed still waits.
  for (const config::Change& change : config::compare(*started_with_, *loaded.config)) {
    if (change.needs_restart) report.needs_restart.push_back(change.key);
  }
  // All of it is proven: swap.
  set_in_force(loaded, made->warnings);
  log::set_level(loaded.config->node.log_level);
  events_->set_node(loaded.config->node.name);
  reports_->reload(*loaded.config, made->plan->classifier);
  ingest_plan_.store(std::make_shared<const ingest::Plan>(loaded.config));
  use_keys(loaded.config);
  finder_->set_own_names(own_names(*loaded.config));
  finder_->set_tlsa_port(static_cast<std::uint16_t>(loaded.config->client.mx_port));
  warmups_->set_schedules(std::move(*warmups));
  engine_->set_plan(made->plan);
  guard_->set_policy(std::make_shared<const suppression::Policy>(loaded.config->suppression));
  report.applied = true;
  tell_reloaded(report, problems);
  return report;
}

// Whoever sent a signal sees no answer: the log, the event and `penstock status` have all of it.
api::ReloadReport Node::refuse_reload(const std::vector<config::Problem>& problems) {
  api::ReloadReport report;
  std::vector<std::string> mistakes;
  for (const config::Problem& problem : problems) {
    report.problems.push_back(to_api(problem));
    const std::string words = config::format_problem(problem);
    log::warn("config", "{}", words);
    if (problem.is_error) mistakes.push_back(words);
  }
  log::warn("config", "{} is refused, mistakes: {}; the configuration before goes on serving", config_file_,
            mistakes.size());
  record_config(fmt::format("refused {}: {}", config_file_, fmt::join(mistakes, " / ")));
  const std::lock_guard lock(in_force_mutex_);
  unfinished_.mistakes = std::move(mistakes);
  unfinished_.refused = clock_.wall();
  return report;
}

void Node::tell_reloaded(const api::ReloadReport& report, const std::vector<config::Problem>& warnings) {
  for (const config::Problem& warning : warnings) log::warn("config", "{}", config::format_problem(warning));
  const auto& waiting = report.needs_restart;
  const std::string words =
      fmt::format("reloaded {}: {} keys changed, {} wait for a restart{}{}", config_file_, report.changed.size(),
                  waiting.size(), waiting.empty() ? "" : ": ", fmt::join(waiting, ", "));
  record_config(words);
  log::info("config", "{}", words);
  const std::lock_guard lock(in_force_mutex_);
  const bool as_before = waiting == unfinished_.needs_restart;
  unfinished_ = {{}, {}, waiting, as_before ? unfinished_.waits_since : clock_.wall()};
}

Node::Unfinished Node::unfinished() const {
  const std::lock_guard lock(in_force_mutex_);
  return unfinished_;
}

Result<std::uint32_t> Node::rotate_keys() {
  const std::lock_guard lock(reload_mutex_);
  if (auto rotated = reports_->rotate_keys(); !rotated) return fail(rotated.error());
  use_keys(in_force().config);
  return static_cast<std::uint32_t>(reports_->reference_keys().previous.size());
}

void Node::record_config(const std::string& detail) {
  model::Event event;
  event.type = model::EventType::Config;
  event.time = clock_.wall();
  event.detail = detail;
  flow_->record(event);
}

}  // namespace penstock::app
