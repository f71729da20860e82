// SPDX-License-Identifier: Apache-2.0
#include "sender.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <ctime>
#include <numeric>

namespace penstock::bench {
namespace {

using namespace std::chrono_literals;

constexpr Time kStart{std::chrono::seconds{1'800'000'000}};
constexpr Duration kTick{50ms};     // Dispatcher::kTick
constexpr Duration kIdle{5s};       // Timeouts::idle
constexpr Duration kRestless{30s};  // a connection that would wait longer for the rate ends instead
constexpr std::size_t kDueEach = 4096;

double cpu_seconds() {
  return static_cast<double>(std::clock()) / CLOCKS_PER_SEC;
}

}  // namespace

Sender::Sender(const Scenario& scenario, std::uint64_t seed)
    : scenario_(scenario),
      rng_(seed * 1000003 + 17),
      now_(kStart),
      end_(kStart + scenario.longest),
      calendar_(pool_, kStart) {
  urgent_retry_.waits = queue::RetryGrowth{.first = 15s, .factor = 2, .cap = 10min};
  const auto pool = std::make_shared<shaping::RefusalPool>();
  std::vector<std::shared_ptr<shaping::Siblings>> siblings;
  for (std::size_t i = 0; i < scenario.providers.size(); ++i) siblings.push_back(std::make_shared<shaping::Siblings>());
  for (std::uint32_t vmta = 0; vmta < scenario.vmtas; ++vmta) {
    vmta_names_.push_back(names_.intern(fmt::format("v{}", vmta)));
    for (std::uint32_t provider = 0; provider < scenario.providers.size(); ++provider) {
      const Provider& to = scenario.providers[provider];
      auto own = std::make_shared<shaping::Limiter>(fmt::format("v{}/provider:{}", vmta, to.name), to.ours,
                                                    shaping::TroublePolicy{}, shaping::AdaptivePolicy{},
                                                    shaping::Neighbours{pool, siblings[provider]});
      auto path = std::make_unique<Path>(std::move(own), pool_, labels_);
      path->number = static_cast<std::uint32_t>(paths_.size());
      path->vmta = vmta;
      path->provider = provider;
      path->receiver = std::make_unique<Receiver>(to, vmta, rng_(), kStart, end_);
      path->measure.by_flow.resize(scenario.campaigns.size());
      paths_.push_back(std::move(path));
    }
  }
  for (std::uint32_t i = 0; i <= scenario.campaigns.size(); ++i) {
    flows_.push_back(labels_.intern(queue::LabelSet{.stream = names_.intern(fmt::format("flow{}", i))}));
  }
  for (const Provider& provider : scenario.providers) {
    plot_.push_back({fmt::format("{}, first vMTA", provider.name), provider.rate > 0 ? "per s" : "conn.", {}, {}, {}});
  }
  fill();
}

// The whole backlog is due at once; campaigns of different size and all providers in random order.
void Sender::fill() {
  std::vector<double> shares, flow_shares;
  for (const Provider& provider : scenario_.providers) shares.push_back(provider.share);
  for (const Campaign& campaign : scenario_.campaigns) flow_shares.push_back(campaign.share);
  const auto draw = [this](const std::vector<double>& from) {
    double drawn = rng_.unit() * std::accumulate(from.begin(), from.end(), 0.0);
    std::uint32_t i = 0;
    for (; i + 1 < from.size() && drawn >= from[i]; ++i) drawn -= from[i];
    return i;
  };
  told_.resize(scenario_.recipients);
  left_ = bulk_left_ = scenario_.recipients;
  for (; next_message_ < scenario_.recipients; ++next_message_) {
    queue::QueuedRecipient recipient;
    recipient.message = model::MessageId{next_message_};
    recipient.labels = flows_[draw(flow_shares)];
    recipient.domain = model::NameId{draw(shares) + 1};
    recipient.received = queue::second_of(kStart);
    recipient.body_kib = 10;
    route(recipient);
  }
  at(kStart + kTick, What::Tick);
  at(kStart + 1s, What::Second);
  if (scenario_.transactional_per_second > 0) at(kStart, What::Inject);
}

void Sender::at(Time when, What what, std::uint32_t who, std::uint32_t version) {
  events_.push({when, ++order_, what, who, version});
}

void Sender::at(Duration in, What what, std::uint32_t connection) {
  at(now_ + in, what, connection, connections_[connection].version);
}

Duration Sender::latency(const Path& path, double round_trips, Duration service) {
  const double rtt = static_cast<double>(scenario_.providers[path.provider].rtt.count());
  const double jitter = 0.8 + 0.4 * rng_.unit();
  return Duration{static_cast<std::int64_t>((rtt * round_trips + static_cast<double>(service.count())) * jitter)};
}

Figures Sender::run() {
  const double cpu = cpu_seconds();
  while (left_ > 0 && now_ < end_ && !events_.empty()) {
    const Event event = events_.top();
    events_.pop();
    now_ = event.at;
    handle(event);
  }
  Figures result;
  result.scenario = scenario_.name;
  result.delivered = measure_.delivered;
  result.attempts = measure_.attempts;
  result.refused = measure_.refused;
  result.snowshoe = measure_.snowshoe;
  result.left = left_;
  result.simulated_s = std::chrono::duration<double>(now_ - kStart).count();
  result.refused_share = static_cast<double>(measure_.refused) / std::max(1.0, static_cast<double>(measure_.attempts));
  result.transactional_p99_s = percentile(measure_.transactional, 0.99);
  double allowed = 0, taken = 0;
  std::vector<double> settled;
  for (const Provider& provider : scenario_.providers) result.providers.push_back({provider.name, 0, 0, 0, 0});
  for (const auto& path : paths_) {
    Figures::PerProvider& one = result.providers[path->provider];
    for (const PathMeasure::Second& second : path->measure.seconds) {
      one.refused += second.refused;
      one.attempts += second.refused + second.taken;
      if (second.allowed <= 0) continue;
      one.allowed += second.allowed;
      one.taken += second.taken;
    }
    const auto& changes = path->receiver->changes();
    for (std::size_t i = 0; i < changes.size(); ++i) {
      const auto second_of = [](Time when) { return static_cast<std::size_t>((when - kStart) / 1s); };
      const std::size_t from = second_of(changes[i]);
      const std::size_t until = i + 1 < changes.size() ? second_of(changes[i + 1]) : path->measure.seconds.size();
      if (from >= path->measure.seconds.size()) break;
      const Settled time = settle_time(path->measure, from, until);
      // Where the mail or the next change came first, nothing is known but that it took longer.
      if (time.whole || time.seconds > 60) settled.push_back(time.seconds);
    }
    const auto& flows = path->measure.by_flow;
    const double sum = std::accumulate(flows.begin(), flows.end(), 0.0);
    if (flows.size() > 1 && sum >= 300) {
      const auto [least, most] = std::minmax_element(flows.begin(), flows.end());
      result.unfairness = std::max(result.unfairness, (*most - *least) * static_cast<double>(flows.size()) / sum);
    }
  }
  for (const Figures::PerProvider& one : result.providers) {
    allowed += one.allowed;
    taken += one.taken;
  }
  result.goodput_share = allowed > 0 ? taken / allowed : 1;
  result.steps = settled.size();
  result.settle_s = percentile(settled, 0.95);
  result.settle_worst_s = percentile(settled, 1);
  result.cpu_s = cpu_seconds() - cpu;
  return result;
}

void Sender::handle(const Event& event) {
  const bool of_connection = event.what <= What::IdleOver;
  if (of_connection && connections_[event.who].version != event.version) return;
  switch (event.what) {
    case What::Connected: return connected(event.who);
    case What::Pace: return pace(event.who);
    case What::MailArrives: return mail_arrives(event.who);
    case What::Done: return done(event.who);
    case What::Ended: return end(event.who);
    case What::IdleOver:
      if (connections_[event.who].waits) quit(event.who);
      return;
    case What::Wake: paths_[event.who]->scheduled = false; return pump(*paths_[event.who]);
    case What::Tick: return tick();
    case What::Inject: return inject();
    case What::Second: return second();
  }
}

// Dispatcher::choose_vmta: who is pinned stays; others do not go where everything is suspended.
void Sender::route(const queue::QueuedRecipient& recipient) {
  const std::uint32_t provider = recipient.domain.value - 1;
  std::uint32_t vmta = 0;
  if (recipient.pinned_vmta) {
    while (vmta_names_[vmta] != recipient.pinned_vmta) ++vmta;
  } else {
    for (int tries = 0; tries < 16; ++tries) {
      vmta = static_cast<std::uint32_t>(rng_.below(scenario_.vmtas));
      if (paths_[path_of(vmta, provider)]->limiter.state(now_) != shaping::State::Suspended) break;
    }
  }
  Path& path = *paths_[path_of(vmta, provider)];
  const bool urgent = recipient.labels == flows_.back();
  path.ready.push(recipient, urgent ? queue::Priority::Urgent : queue::Priority::Bulk);
  nudge(path);
}

void Sender::nudge(Path& path) {
  if (!path.idle.empty()) {
    const std::uint32_t number = path.idle.back();
    path.idle.pop_back();
    connections_[number].waits = false;
    ++connections_[number].version;  // its idle time-out is void
    return next(number);
  }
  if (!path.scheduled) pump(path);
}

void Sender::pump(Path& path) {
  while (path.ready.size() > path.opening) {
    if (auto permit = path.limiter.try_open(now_)) {
      open(path, std::move(*permit));
      continue;
    }
    if (const auto when = path.limiter.next_open(now_)) {
      path.scheduled = true;
      at(std::max(*when, now_ + 1ms), What::Wake, path.number);
    }
    return;
  }
}

void Sender::open(Path& path, shaping::ConnectionPermit permit) {
  if (free_connections_.empty()) {
    free_connections_.push_back(static_cast<std::uint32_t>(connections_.size()));
    connections_.emplace_back();
  }
  const std::uint32_t number = free_connections_.back();
  free_connections_.pop_back();
  Connection& connection = connections_[number];
  connection.permit.emplace(std::move(permit));
  connection.path = path.number;
  ++path.opening;
  at(latency(path, 3, Duration{0}), What::Connected, number);
}

void Sender::connected(std::uint32_t number) {
  Connection& connection = connections_[number];
  Path& path = *paths_[connection.path];
  --path.opening;
  const Receiver::Answer answer = path.receiver->connect(now_);
  if (answer.taken) {
    path.limiter.connected(now_);
    return next(number);
  }
  // Dispatcher::connection_failed: one batch is deferred for it, unless the others are served.
  ++measure_.attempts;
  ++measure_.refused;
  ++path.measure.refused;
  const std::uint32_t open = path.limiter.scopes().front()->connections();
  const auto observed = path.limiter.observe(answer.outcome, now_, rng_, {.host_serves = open > path.opening + 1});
  if (observed == shaping::Limiter::Observed::Counted) {
    if (const auto recipient = path.ready.pop(pauses_)) {
      if (answer.outcome.reply.code != 0) told_[recipient->message.value] = static_cast<std::uint8_t>(path.vmta + 1);
      settle(path, *recipient, answer.outcome);
    }
  }
  end(number);
}

void Sender::next(std::uint32_t number) {
  Connection& connection = connections_[number];
  Path& path = *paths_[connection.path];
  if (!connection.permit->message_left()) return quit(number);
  const auto recipient = path.ready.pop(pauses_);
  if (!recipient) {
    connection.waits = true;
    path.idle.push_back(number);
    return at(kIdle, What::IdleOver, number);
  }
  connection.recipient = recipient;
  pace(number);
}

// Connection::wait_for_rate
void Sender::pace(std::uint32_t number) {
  Connection& connection = connections_[number];
  Path& path = *paths_[connection.path];
  if (!path.limiter.try_message(1, now_)) {
    const Time when = path.limiter.next_message(1, now_);
    if (when - now_ <= kRestless) return at(std::max(when - now_, Duration{1000}), What::Pace, number);
    const queue::QueuedRecipient recipient = *connection.recipient;
    connection.recipient.reset();
    quit(number);
    return route(recipient);
  }
  connection.began = now_;
  at(latency(path, 0.5, Duration{0}), What::MailArrives, number);
}

void Sender::mail_arrives(std::uint32_t number) {
  Connection& connection = connections_[number];
  Path& path = *paths_[connection.path];
  const std::size_t message = connection.recipient->message.value;
  // What the receivers see of it: who was told to wait comes back from the same address.
  if (told_[message] != 0 && told_[message] != path.vmta + 1) ++measure_.snowshoe;
  connection.answer = path.receiver->mail(connection.permit->messages(), now_);
  if (!connection.answer.taken && !connection.answer.silent) told_[message] = static_cast<std::uint8_t>(path.vmta + 1);
  connection.permit->message_sent();
  const Duration rest = connection.answer.taken ? latency(path, 2.5, scenario_.providers[path.provider].service)
                                                : latency(path, 0.5, Duration{0});
  at(rest, What::Done, number);
}

void Sender::done(std::uint32_t number) {
  Connection& connection = connections_[number];
  Path& path = *paths_[connection.path];
  const queue::QueuedRecipient recipient = *connection.recipient;
  connection.recipient.reset();
  const Receiver::Answer answer = std::move(connection.answer);
  // Connection::note_capacity
  if (answer.silent) {  // ClientSession::was_stale
    path.limiter.give_back(1, now_);
    path.limiter.ended(connection.permit->messages() - 1, now_);
    quit(number);
    return route(recipient);
  }
  if (answer.taken) path.limiter.carried(connection.permit->messages(), now_);
  const bool tried_more = !answer.taken && path.limiter.refused(connection.permit->messages() - 1, now_);
  ++measure_.attempts;
  shaping::AttemptFacts facts;
  facts.whole = now_ - connection.began;
  facts.backlog = !path.ready.empty();
  if (answer.taken) {
    facts.end_of_data = facts.whole;
    facts.mail = scenario_.providers[path.provider].rtt;
  }
  path.limiter.observe(answer.outcome, now_, rng_, facts);
  if (!answer.taken) {
    ++measure_.refused;
    ++path.measure.refused;
  }
  settle(path, recipient, answer.outcome);
  if (answer.closes || tried_more) {
    quit(number);
  } else {
    next(number);
  }
  // Dispatcher::settled: limits may have grown.
  if (!path.scheduled && path.ready.size() > path.opening) pump(path);
}

void Sender::quit(std::uint32_t number) {
  Connection& connection = connections_[number];
  Path& path = *paths_[connection.path];
  std::erase(path.idle, number);
  connection.waits = false;
  ++connection.version;
  // The slot is given back when the receiver has closed: it counts the connection until then.
  path.receiver->hang_up();
  at(latency(path, 1, Duration{0}), What::Ended, number);
}

void Sender::end(std::uint32_t number) {
  Connection& connection = connections_[number];
  Path& path = *paths_[connection.path];
  connection.permit.reset();
  connection.recipient.reset();
  ++connection.version;
  free_connections_.push_back(number);
  if (!path.scheduled) pump(path);
}

// Settlement: delivered, or deferred to its next time, pinned to the vMTA that was answered.
void Sender::settle(Path& path, queue::QueuedRecipient recipient, const model::Outcome& outcome) {
  const bool urgent = recipient.labels == flows_.back();
  const std::size_t message = recipient.message.value;
  if (outcome.kind == model::OutcomeKind::Delivered) {
    ++measure_.delivered;
    ++path.measure.taken;
    --left_;
    if (urgent) {
      measure_.transactional.push_back(
          std::chrono::duration<double>(now_ - injected_[message - scenario_.recipients]).count());
      return;
    }
    --bulk_left_;
    const auto flow =
        static_cast<std::size_t>(std::find(flows_.begin(), flows_.end(), recipient.labels) - flows_.begin());
    const bool all_wait =
        std::all_of(flows_.begin(), flows_.end() - 1, [&](queue::LabelSetId id) { return path.ready.size(id) > 0; });
    if (all_wait) ++path.measure.by_flow[flow];
    return;
  }
  ++recipient.attempts;
  if (outcome.reply.code != 0) recipient.pinned_vmta = vmta_names_[path.vmta];
  const queue::RetryPlan& plan = urgent ? urgent_retry_ : bulk_retry_;
  Time due = plan.next_due(recipient.attempts, queue::time_of(recipient.received), now_, rng_);
  if (outcome.wait) due = std::max(due, now_ + *outcome.wait);
  recipient.due = queue::due_second(due);
  calendar_.push(recipient);
}

// Transactional mail comes as long as bulk waits somewhere.
void Sender::inject() {
  if (bulk_left_ == 0) return;
  queue::QueuedRecipient recipient;
  recipient.message = model::MessageId{next_message_++};
  recipient.labels = flows_.back();
  double drawn = 0;
  for (const Provider& provider : scenario_.providers) drawn += provider.share;
  drawn *= rng_.unit();
  std::uint32_t provider = 0;
  for (; provider + 1 < scenario_.providers.size() && drawn >= scenario_.providers[provider].share; ++provider) {
    drawn -= scenario_.providers[provider].share;
  }
  recipient.domain = model::NameId{provider + 1};
  recipient.received = queue::second_of(now_);
  recipient.body_kib = 10;
  told_.push_back(0);
  injected_.push_back(now_);
  ++left_;
  route(recipient);
  const double wait = -std::log(1 - rng_.unit()) / scenario_.transactional_per_second;
  at(now_ + Duration{static_cast<std::int64_t>(wait * 1e6)}, What::Inject);
}

void Sender::tick() {
  due_.clear();
  const std::size_t count = calendar_.pop_due(now_, kDueEach, due_);
  for (const queue::QueuedRecipient& recipient : due_) route(recipient);
  at(count == kDueEach ? now_ + 1ms : now_ + kTick, What::Tick);
}

void Sender::second() {
  for (const auto& path : paths_) {
    // A backlog is what the receiver would need some seconds for; a few that just came are none.
    const double would_take = path->receiver->allowed(now_);
    const double allowed = static_cast<double>(path->ready.size()) > 3 * would_take ? would_take : 0;
    path->measure.seconds.push_back({static_cast<float>(allowed), path->measure.taken, path->measure.refused});
    if (path->vmta == 0) {
      PlotSeries& series = plot_[path->provider];
      const Provider& provider = scenario_.providers[path->provider];
      const shaping::Explanation what = path->limiter.scopes().front()->explain(now_);
      const bool suspended = what.state == shaping::State::Suspended;
      if (provider.rate > 0) {
        series.hidden.push_back(
            static_cast<float>(path->receiver->blocked(now_) ? 0 : path->receiver->hidden_rate(now_)));
        series.ours.push_back(static_cast<float>(suspended ? 0 : what.rate));
        series.taken.push_back(static_cast<float>(path->measure.taken));
      } else {
        series.hidden.push_back(static_cast<float>(path->receiver->hidden_connections(now_)));
        series.ours.push_back(static_cast<float>(what.connection_limit));
        series.taken.push_back(static_cast<float>(what.connections));
      }
    }
    path->measure.taken = path->measure.refused = 0;
  }
  at(now_ + 1s, What::Second);
}

}  // namespace penstock::bench
