// SPDX-License-Identifier: Apache-2.0
#include "sim/load.h"

#include <fmt/format.h>
#include <sys/resource.h>

#include <thread>

#include "base/log.h"
#include "sim/load_session.h"

namespace penstock::sim {
namespace {

namespace json = boost::json;
using namespace std::chrono_literals;

constexpr auto kStopPatience = 5s;  // for messages on their way when stop() is called

double cpu_seconds() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

json::object names_to_json(const std::map<std::string, std::uint64_t>& counts) {
  json::object object;
  for (const auto& [name, count] : counts) object[name] = count;
  return object;
}

double milliseconds(Duration span) {
  return static_cast<double>(span.count()) / 1000;
}

}  // namespace

void LoadCounts::add_to(LoadCounts& sum) const {
  sum.acknowledged += acknowledged;
  sum.refused += refused;
  sum.unknown += unknown;
  sum.recipients_acknowledged += recipients_acknowledged;
  sum.recipients_refused += recipients_refused;
  sum.recipients_unknown += recipients_unknown;
  sum.connections += connections;
  for (const auto& [text, count] : refusals) sum.refusals[text] += count;
  for (const auto& [text, count] : failures) sum.failures[text] += count;
  latencies.add_to(sum.latencies);
}

Load::Load(LoadOptions options) : options_(std::move(options)), plan_(options_.plan) {}

Load::~Load() = default;

bool Load::claim(std::chrono::steady_clock::time_point& due) {
  if (stopping_.load(std::memory_order_relaxed)) return false;
  const auto now = std::chrono::steady_clock::now();
  if (options_.run_for > Duration::zero() && now - begun_ >= options_.run_for) return false;
  if (remaining_.fetch_sub(1) <= 0) {
    remaining_.fetch_add(1);
    return false;
  }
  due = now;
  if (options_.rate.count > 0) {
    const auto slot = static_cast<double>(slots_.fetch_add(1, std::memory_order_relaxed));
    due =
        begun_ + std::chrono::duration_cast<Duration>(std::chrono::duration<double>(slot / options_.rate.per_second()));
  }
  return true;
}

net::Task<> Load::run_session(std::size_t number) {
  // The count goes down whatever ends the session, or run() would wait for ever.
  struct Leaving {
    std::atomic<std::uint32_t>& running;
    ~Leaving() { running.fetch_sub(1); }
  } const leaving{running_};
  LoadSession session(*this, number);
  co_await session.run();
}

Result<LoadResult> Load::run(const std::function<void(std::uint64_t settled)>& progress) {
  if (!options_.ledger.empty()) {
    if (auto opened = ledger_.open(options_.ledger); !opened) return fail(opened.error());
  }
  shards_ = std::make_unique<net::ShardSet>(options_.threads);
  for (std::size_t i = 0; i < shards_->size(); ++i) parts_.push_back(std::make_unique<PerShard>());
  begun_ = std::chrono::steady_clock::now();
  remaining_ = static_cast<std::int64_t>(options_.messages);
  running_ = options_.sessions;
  for (std::size_t i = 0; i < options_.sessions; ++i) {
    (*shards_)[i % shards_->size()].spawn("load session", run_session(i));
  }
  const double cpu_before = cpu_seconds();
  shards_->start();
  Result<> flushed;
  auto give_up = std::chrono::steady_clock::time_point::max();
  for (unsigned tick = 0; running_.load() > 0; ++tick) {
    std::this_thread::sleep_for(5ms);
    const auto now = std::chrono::steady_clock::now();
    if (stopping_.load() && give_up == std::chrono::steady_clock::time_point::max()) give_up = now + kStopPatience;
    if (now >= give_up) break;
    if (tick % 10 != 0) continue;
    flushed = ledger_.flush();
    if (!flushed) stop();
    std::uint64_t settled = 0;
    for (const auto& part : parts_) settled += part->settled.load(std::memory_order_relaxed);
    if (progress) progress(settled);
  }
  const auto elapsed = std::chrono::steady_clock::now() - begun_;
  shards_->stop();
  LoadResult result;
  for (const auto& part : parts_) part->counts.add_to(result.counts);
  // Messages still on their way when patience ended.
  LoadCounts& counts = result.counts;
  const std::uint64_t on_their_way = number_.load() - counts.acknowledged - counts.refused - counts.unknown;
  counts.unknown += on_their_way;
  if (flushed) flushed = ledger_.flush();
  if (!flushed) return fail(flushed.error());
  const bool by_time = options_.run_for > Duration::zero();
  result.unsent = by_time ? 0 : options_.messages - counts.acknowledged - counts.refused - on_their_way;
  result.seconds = std::chrono::duration<double>(elapsed).count();
  result.cpu_seconds = cpu_seconds() - cpu_before;
  shards_.reset();
  return result;
}

json::object to_json(const LoadResult& result) {
  const LoadCounts& counts = result.counts;
  const std::uint64_t settled = counts.acknowledged + counts.refused;
  return {{"sent", settled + counts.unknown},
          {"acknowledged", counts.acknowledged},
          {"refused", counts.refused},
          {"unknown", counts.unknown},
          {"unsent", result.unsent},
          {"recipients_acknowledged", counts.recipients_acknowledged},
          {"recipients_refused", counts.recipients_refused},
          {"recipients_unknown", counts.recipients_unknown},
          {"connections", counts.connections},
          {"refusals", names_to_json(counts.refusals)},
          {"failures", names_to_json(counts.failures)},
          {"seconds", result.seconds},
          {"messages_per_second", result.seconds > 0 ? static_cast<double>(settled) / result.seconds : 0},
          {"cpu_us_per_message", settled > 0 ? result.cpu_seconds * 1e6 / static_cast<double>(settled) : 0},
          {"latency_ms",
           {{"p50", milliseconds(counts.latencies.percentile(0.50))},
            {"p90", milliseconds(counts.latencies.percentile(0.90))},
            {"p99", milliseconds(counts.latencies.percentile(0.99))},
            {"max", milliseconds(counts.latencies.max())}}}};
}

std::string load_table(const LoadResult& result) {
  const LoadCounts& counts = result.counts;
  const auto settled = static_cast<double>(counts.acknowledged + counts.refused);
  std::string table = fmt::format(
      "{:>12}  messages acknowledged ({} recipients)\n{:>12}  refused ({} recipients)\n"
      "{:>12}  of unknown fate, link lost before the answer\n{:>12}  not sent\n{:>12}  connections\n",
      counts.acknowledged, counts.recipients_acknowledged, counts.refused, counts.recipients_refused, counts.unknown,
      result.unsent, counts.connections);
  table += fmt::format("{:>12.2f}  seconds\n{:>12.0f}  messages/s\n{:>12.1f}  µs of CPU per message, here\n",
                       result.seconds, result.seconds > 0 ? settled / result.seconds : 0,
                       settled > 0 ? result.cpu_seconds * 1e6 / settled : 0);
  table += fmt::format("{:>12.1f}  ms to the answer, median; p90 {:.1f}, p99 {:.1f}, longest {:.1f}\n",
                       milliseconds(counts.latencies.percentile(0.50)), milliseconds(counts.latencies.percentile(0.90)),
                       milliseconds(counts.latencies.percentile(0.99)), milliseconds(counts.latencies.max()));
  for (const auto& [text, count] : counts.refusals) table += fmt::format("{:>12}  refused, {}\n", count, text);
  for (const auto& [text, count] : counts.failures) table += fmt::format("{:>12}  failed, {}\n", count, text);
  return table;
}

}  // namespace penstock::sim
