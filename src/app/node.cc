// SPDX-License-Identifier: Apache-2.0
// Building and wiring. Starting, stopping and reloading: node_life.cc.
#include "app/node.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <random>
#include <thread>

#include "app/warmup_plans.h"
#include "base/log.h"
#include "dns/configured.h"

namespace penstock::app {
namespace {

// Threads for passwords; hashing one takes tens of milliseconds of a core, which mail needs too.
constexpr std::size_t kHashers = 2;

std::size_t shard_count(std::uint32_t wanted) {
  return wanted != 0 ? wanted : std::max(1U, std::thread::hardware_concurrency());
}

std::chrono::seconds seconds_of(Duration duration) {
  return std::chrono::duration_cast<std::chrono::seconds>(duration);
}

// What a domain's records were found to say is kept no longer than the records themselves.
dns::RouteCacheLimits route_cache_limits(const config::Dns& from) {
  dns::RouteCacheLimits limits;
  limits.routes_max = from.cache_routes;
  limits.ttl_min = seconds_of(from.ttl_min);
  limits.ttl_max = seconds_of(from.ttl_max);
  limits.invalid_ttl = std::min(limits.invalid_ttl, seconds_of(from.negative_ttl_max));
  limits.failure_ttl = seconds_of(from.failure_ttl);
  return limits;
}

std::uint64_t random_seed() {
  std::random_device device;
  return (std::uint64_t{device()} << 32) | device();
}

}  // namespace

Node::Node(const config::Loaded& loaded, std::string config_file)
    : started_(clock_.wall()),
      config_file_(std::move(config_file)),
      dns_probe_(metrics_),
      ingest_probe_(metrics_),
      ingest_plan_(std::make_shared<const ingest::Plan>(loaded.config)) {}

Result<std::unique_ptr<Node>> Node::build(const config::Loaded& loaded, std::string config_file, const Bound& bound) {
  std::unique_ptr<Node> node(new Node(loaded, std::move(config_file)));
  auto made = delivery::make_plan(*loaded.config, node->names_);
  if (!made) return fail(made.error());
  node->started_with_ = loaded.config;
  node->descriptors_ = share_descriptors(*loaded.config);
  node->add_warnings(*loaded.config, *made);
  for (const delivery::PlanWarning& warning : made->warnings) {
    log::warn("config", "{}: {}; {}", warning.part, warning.message, warning.hint);
  }
  node->set_in_force(loaded, made->warnings);
  node->shards_ = std::make_unique<net::ShardSet>(shard_count(loaded.config->node.shards));
  for (std::size_t i = 0; i < node->shards_->size(); ++i) {
    node->ports_.push_back(std::make_unique<ShardPort>((*node->shards_)[i]));
    node->port_list_.push_back(node->ports_.back().get());
  }
  // In this order: what comes later uses what came before.
  if (auto done = node->bind_listeners(); !done) return fail(done.error());
  if (bound) {
    if (auto done = bound(); !done) return fail(done.error());
  }
  if (auto done = node->make_folders(); !done) return fail(done.error());
  if (auto done = node->open_events(); !done) return fail(done.error());
  if (auto done = node->open_state(); !done) return fail(done.error());
  if (auto done = node->open_dns(); !done) return fail(done.error());
  if (auto done = node->open_published_tls(made->plan); !done) return fail(done.error());
  if (auto done = node->open_reports(made->plan); !done) return fail(done.error());
  if (auto done = node->open_spool(made->plan); !done) return fail(done.error());
  if (auto done = node->open_shaping(); !done) return fail(done.error());
  node->make_services();
  if (auto done = node->open_pickup(); !done) return fail(done.error());
  if (auto done = node->open_accounting(); !done) return fail(done.error());
  if (auto done = node->open_unsubscribe(); !done) return fail(done.error());
  return node;
}

Result<> Node::make_folders() {
  const auto config = in_force().config;
  for (const std::string* folder : {&config->node.data_dir, &config->spool.dir, &config->events.dir}) {
    std::error_code error;
    std::filesystem::create_directories(*folder, error);
    if (error) {
      return fail(error, fmt::format("the folder {} cannot be made; make it, writable for the daemon's user, or change "
                                     "node.data_dir",
                                     *folder));
    }
  }
  return {};
}

Result<> Node::open_events() {
  const auto config = in_force().config;
  eventlog::EventLogOptions options;
  options.dir = config->events.dir;
  options.node = config->node.name;
  options.segment_bytes = config->events.segment_bytes;
  options.segment_age = config->events.seal_age;
  options.retain_age = config->events.keep_age;
  options.retain_bytes = config->events.keep_bytes;
  auto opened = eventlog::EventLog::open(clock_, options);
  if (!opened) return fail(opened.error());
  events_ = std::move(*opened);
  flow_ = std::make_unique<FlowRates>(metrics_, *events_);
  return {};
}

Result<> Node::open_state() {
  const auto config = in_force().config;
  auto writer = state::Writer::open(config->node.data_dir + "/state.db");
  if (!writer) return fail(writer.error());
  state_db_ = std::move(*writer);
  const suppression::ProviderRules rules{.gmail = config->suppression.gmail_rules};
  auto opened = suppression::Suppression::open({*state_db_, clock_, metrics_}, rules);
  if (!opened) return fail(opened.error());
  suppressions_ = std::move(*opened);
  guard_ = std::make_unique<suppression::Guard>(*suppressions_,
                                                std::make_shared<const suppression::Policy>(config->suppression));
  auto users = users::Users::open({*state_db_, clock_, metrics_});
  if (!users) return fail(users.error());
  users_ = std::move(*users);
  hashers_ = std::make_unique<http::Workers>(kHashers, "auth");
  sign_in_desk_ = std::make_unique<ingest::SignInDesk>(*users_, *hashers_);
  auto plans = make_warmup_plans(*config);
  if (!plans) return fail(plans.error());
  auto warmups = warmup::Desk::open({*state_db_, clock_, metrics_, *flow_}, std::move(*plans));
  if (!warmups) return fail(warmups.error());
  warmups_ = std::move(*warmups);
  return {};
}

Result<> Node::open_dns() {
  const auto config = in_force().config;
  unbound_ = std::make_unique<dns::UnboundResolver>(dns::configured(config->dns), dns_probe_);
  if (auto started = unbound_->start(); !started) return fail(started.error());
  dns::AnswerCacheLimits limits;
  limits.answers_max = config->dns.cache_answers;
  limits.ttl_min = seconds_of(config->dns.ttl_min);
  limits.ttl_max = seconds_of(config->dns.ttl_max);
  limits.negative_ttl_max = seconds_of(config->dns.negative_ttl_max);
  limits.failure_ttl = seconds_of(config->dns.failure_ttl);
  resolver_ = std::make_unique<dns::CachedResolver>(*shards_, *unbound_, clock_, dns_probe_, limits);
  finder_ = std::make_unique<dns::HostFinder>(*resolver_, own_names(*config),
                                              static_cast<std::uint16_t>(config->client.mx_port));
  return {};
}

Result<> Node::open_published_tls(const delivery::PlanPtr& plan) {
  auto opened =
      PublishedTls::open({*shards_, *resolver_, *state_db_, clock_, metrics_, plan->tls.context}, *in_force().config);
  if (!opened) return fail(opened.error());
  published_tls_ = std::move(*opened);
  return {};
}

// Whose MX host has one of these names is ourselves.
std::vector<std::string> Node::own_names(const config::Config& config) {
  std::vector<std::string> own{config.node.name};
  for (const config::Vmta& vmta : config.vmtas) own.push_back(vmta.ehlo);
  return own;
}

Result<> Node::open_reports(const delivery::PlanPtr& plan) {
  const auto config = in_force().config;
  // The first shard judges it as if a receiver had said it, and keeps it among its alarms; status asks all shards.
  // There is an engine by the time that shards run.
  const auto heard = [this](delivery::LateFailure failure, bool about_us) {
    (*shards_)[0].post([this, failure = std::move(failure), about_us]() mutable {
      delivery::Dispatcher& first = engine_->dispatcher(0);
      if (about_us) first.hear(failure);
      if (failure.outcome.alarm) first.judge().judge({&failure.outcome, 1}, failure.provider);
    });
  };
  auto opened = ReportReception::open(
      {clock_, *events_, *flow_, metrics_, (*shards_)[0], *resolver_, *state_db_, guard_.get(), warmups_.get(), heard},
      *config, plan->classifier);
  if (!opened) return fail(opened.error());
  reports_ = std::move(*opened);
  use_keys(config);
  return {};
}

void Node::use_keys(const std::shared_ptr<const config::Config>& config) {
  unsubscribe_terms_.store(std::make_shared<const unsubscribe::Terms>(*config, reports_->reference_keys()));
}

Result<> Node::open_spool(const delivery::PlanPtr& plan) {
  const auto config = in_force().config;
  spool::SpoolOptions options;
  options.dir = config->spool.dir;
  options.segment_bytes = config->spool.segment_bytes;
  options.free_floor_bytes = config->spool.free_floor_bytes;
  options.compact_below = config->spool.compact_below;
  options.compact_bytes_per_second = config->spool.compact_bytes_per_second;
  options.spare_segments = config->spool.spare_segments;
  options.cache_bytes = config->spool.cache_bytes;
  options.flush_interval = config->spool.flush_interval;
  const Time began = clock_.now();
  delivery::Backlog backlog(clock_, names_, labels_, shards_->size());
  auto opened = spool::Spool::open(files_, clock_, std::move(options), backlog);
  if (!opened) return fail(opened.error());
  spool_ = std::move(*opened);
  log::info("app", "{} recipients were in the spool, read in {:.1f} s", backlog.size(),
            std::chrono::duration<double>(clock_.now() - began).count());
  readers_ = std::make_unique<http::Workers>(4, "spool-read");
  signers_ = std::make_unique<http::Workers>(shard_count(0), "dkim");
  engine_ = std::make_unique<delivery::Engine>(delivery::Engine::Parts{*shards_,
                                                                       clock_,
                                                                       *spool_,
                                                                       port_list_,
                                                                       *flow_,
                                                                       names_,
                                                                       labels_,
                                                                       *readers_,
                                                                       *signers_,
                                                                       *resolver_,
                                                                       *finder_,
                                                                       dns_probe_,
                                                                       metrics_,
                                                                       random_seed(),
                                                                       route_cache_limits(config->dns),
                                                                       guard_.get(),
                                                                       published_tls_->for_deliveries(),
                                                                       &unsubscribe_terms_,
                                                                       warmups_.get(),
                                                                       descriptors_.outgoing},
                                               plan, std::move(backlog));
  return {};
}

// What the last run learned, before anything is sent.
Result<> Node::open_shaping() {
  shaping_ = std::make_unique<ShapingStore>(*state_db_, clock_, names_, shards_->size());
  if (auto opened = shaping_->open(); !opened) return opened;
  const auto memory = shaping_->load();
  if (!memory) return fail(memory.error());
  for (std::size_t i = 0; i < shards_->size(); ++i) engine_->dispatcher(i).restore(*memory);
  return {};
}

ingest::Services Node::ingest_services() {
  return {clock_,
          *spool_,
          port_list_,
          *flow_,
          *this,
          ingest_plan_,
          ingest_probe_,
          guard_.get(),
          &reports_->inbox(),
          sign_in_desk_.get()};
}

// Connections that come before start() wait in the system's queue.
Result<> Node::bind_listeners() {
  const auto config = in_force().config;
  for (const config::Listener& from : config->listeners) {
    const auto endpoint = net::parse_endpoint(from.address.to_string());
    if (!endpoint) return fail(endpoint.error());
    const std::size_t number = listeners_.size();
    listeners_.push_back(std::make_unique<net::Listener>(
        *shards_, *endpoint, from.name,
        [this, number](std::unique_ptr<net::Stream> stream) { return services_[number]->serve(std::move(stream)); }));
    if (auto opened = listeners_.back()->open(); !opened) return fail(opened.error());
  }
  return {};
}

void Node::make_services() {
  const auto config = in_force().config;
  for (const config::Listener& from : config->listeners) {
    ingest::Services services = ingest_services();
    services.all_listeners = &connections_in_;
    services.connections_allowed = descriptors_.incoming;
    services_.push_back(std::make_unique<ingest::SmtpService>(services, *shards_, from.name));
  }
}

Result<> Node::open_pickup() {
  const auto config = in_force().config;
  if (!config->pickup.enabled()) return {};
  pickup_ = std::make_unique<ingest::Pickup>(ingest_services(), *shards_, config->pickup);
  return pickup_->open();
}

Result<> Node::open_accounting() {
  const auto config = in_force().config;
  if (!config->accounting.enabled) return {};
  eventlog::AccountingOptions options;
  options.dir = config->accounting.dir;
  options.rotate_bytes = config->accounting.rotate_bytes;
  options.rotate_age = config->accounting.rotate_every;
  options.keep_age = config->accounting.keep_age;
  auto opened = eventlog::AccountingWriter::open(*events_, clock_, std::move(options));
  if (!opened) return fail(opened.error());
  accounting_ = std::move(*opened);
  return {};
}

Result<> Node::open_unsubscribe() {
  const auto config = in_force().config;
  if (!config->unsubscribe.enabled()) return {};
  const auto find_sent = [this](model::RecipientId recipient) { return reports_->find_sent(recipient); };
  unsubscribe_ = std::make_unique<UnsubscribeService>(
      UnsubscribeService::Parts{clock_, *suppressions_, *flow_, metrics_, find_sent}, unsubscribe_terms_,
      config->unsubscribe);
  return unsubscribe_->open();
}

void Node::add_warnings(const config::Config& config, delivery::MadePlan& made) const {
  for (auto& warning : warnings_of_descriptors(config, descriptors_)) made.warnings.push_back(std::move(warning));
}

void Node::set_in_force(const config::Loaded& loaded, std::vector<delivery::PlanWarning> warnings) {
  const std::lock_guard lock(in_force_mutex_);
  in_force_ = {loaded.config, loaded.settings, std::move(warnings), clock_.wall()};
}

Node::InForce Node::in_force() const {
  const std::lock_guard lock(in_force_mutex_);
  return in_force_;
}

std::vector<std::string> Node::listening() const {
  std::vector<std::string> all;
  all.reserve(listeners_.size());
  for (const auto& listener : listeners_) all.push_back(net::format_endpoint(listener->endpoint()));
  return all;
}

}  // namespace penstock::app
