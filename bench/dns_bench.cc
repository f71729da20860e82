// SPDX-License-Identifier: Apache-2.0
// What it costs to know where mail goes: from our caches, from libunbound's, and from a name server (on loopback, in
// this process, so its work is part of the last figures).
//
// Use:  bench_dns [DOMAINS]      default 100000; prints one line per figure
#include <fmt/format.h>
#include <sys/resource.h>

#include <boost/asio/co_spawn.hpp>
#include <chrono>
#include <cstdlib>
#include <string>
#include <vector>

#include "dns/cached_resolver.h"
#include "dns/fake_resolver.h"
#include "dns/provider_match.h"
#include "dns/router.h"
#include "dns/test/run_task.h"
#include "dns/test/scripted_server.h"
#include "dns/unbound_resolver.h"

using namespace penstock;
using namespace penstock::dns;
using namespace std::chrono_literals;

namespace {

using Watch = std::chrono::steady_clock;

double nanoseconds_since(Watch::time_point start, std::size_t count) {
  return std::chrono::duration<double, std::nano>(Watch::now() - start).count() / static_cast<double>(count);
}

double cpu_seconds() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

void print(const std::string& what, double value, const char* unit) {
  fmt::print("{:<58}{:>10.1f} {}\n", what, value, unit);
}

std::string domain(std::size_t i) {
  return fmt::format("customer-{}.test", i);
}

void measure_routes(std::size_t domains) {
  constexpr std::size_t kHits = 2'000'000;
  FakeResolver dns;
  SystemClock clock;
  metrics::Registry registry;
  Probe probe(registry);
  const HostFinder finder(dns);
  net::ShardSet shards(1);
  Router router(shards[0], finder, clock, probe, {.routes_max = domains});
  std::vector<std::string> names;
  for (std::size_t i = 0; i < domains; ++i) {
    names.push_back(domain(i));
    dns.mx(names.back(), {{10, "mx1.isp.test"}, {20, "mx2.isp.test"}}, 3600s);
  }
  dns.a("mx1.isp.test", {"192.0.2.1"}, 3600s);
  dns.a("mx2.isp.test", {"192.0.2.2"}, 3600s);
  auto start = Watch::now();
  for (const std::string& name : names) run(shards[0], router.find(name));
  print("route found for the first time, look-ups free (FakeResolver)", nanoseconds_since(start, domains) / 1000, "µs");

  std::size_t hits = 0;
  start = Watch::now();
  for (std::size_t i = 0; i < kHits; ++i) hits += router.find_cached(names[0]) != nullptr ? 1U : 0U;
  print("route remembered, one domain", nanoseconds_since(start, kHits), "ns");
  Rng rng(1);
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < kHits; ++i) order.push_back(rng.below(domains));
  start = Watch::now();
  for (const std::size_t i : order) hits += router.find_cached(names[i]) != nullptr ? 1U : 0U;
  print(fmt::format("route remembered, {} domains in random order", domains), nanoseconds_since(start, kHits), "ns");
  std::size_t bytes = 0;
  start = Watch::now();
  for (const std::size_t i : order) bytes += static_cast<unsigned char>(names[i].back());
  print("  of it: reading the name that is asked for", nanoseconds_since(start, kHits), "ns");
  if (hits != 2 * kHits || bytes == 0) fmt::print("only {} of {} were remembered\n", hits, 2 * kHits);
}

net::Task<std::size_t> ask_again(Resolver& dns, net::Shard& shard, std::string name, std::size_t count) {
  std::size_t found = 0;
  for (std::size_t i = 0; i < count; ++i) {
    Question question{name, RecordType::A};
    const auto got = co_await dns.lookup(shard, std::move(question));
    if (got && (*got)->status == Status::Found) ++found;
  }
  co_return found;
}

void measure_providers() {
  constexpr std::size_t kMatches = 1'000'000;
  std::vector<ProviderPatterns> patterns;
  for (int i = 0; i < 200; ++i)
    patterns.push_back({fmt::format("p{}", i), {fmt::format("mx.provider{}.example", i)}, {}});
  const ProviderTable table(patterns);
  std::size_t matches = 0;
  const auto start = Watch::now();
  for (std::size_t i = 0; i < kMatches; ++i) {
    matches += table.find_by_host("a.b.mx.provider77.example") ? 1U : 0U;
    matches += table.find_by_host("mail.small-company.example") ? 1U : 0U;
  }
  print("provider of a host, 200 providers", nanoseconds_since(start, 2 * kMatches), "ns");
  if (matches != kMatches) fmt::print("{} matches instead of {}\n", matches, kMatches);
}

void measure_network(std::size_t names) {
  ScriptedServer server;
  for (std::size_t i = 0; i < 2 * names; ++i) server.add(domain(i), 1, address_data("192.0.2.1"), 3600);
  metrics::Registry registry;
  Probe probe(registry);
  net::ShardSet shards(1);
  UnboundOptions options;
  options.upstreams = {server.address()};
  options.stubs = {{"test", server.address()}};
  UnboundResolver dns(options, probe);
  if (auto started = dns.start(); !started) return fmt::print("{}\n", started.error().to_string());
  SystemClock clock;
  CachedResolver cached(shards, dns, clock, probe);

  auto start = Watch::now();
  for (std::size_t i = 0; i < names; ++i) run(shards[0], ask_again(dns, shards[0], domain(i), 1));
  print("asked of the server, one at a time", nanoseconds_since(start, names) / 1000, "µs");

  std::vector<Question> questions;
  for (std::size_t i = names; i < 2 * names; ++i) questions.push_back({domain(i), RecordType::A});
  const double cpu = cpu_seconds();
  start = Watch::now();
  run(shards[0], dns.lookup_all(shards[0], questions));
  print(fmt::format("asked of the server, {} at once", names), nanoseconds_since(start, names) / 1000, "µs each");
  print("  processor time, the server's included", (cpu_seconds() - cpu) * 1e6 / static_cast<double>(names), "µs each");

  start = Watch::now();
  run(shards[0], ask_again(dns, shards[0], domain(0), names));
  print("remembered by libunbound", nanoseconds_since(start, names) / 1000, "µs");
  run(shards[0], ask_again(cached, shards[0], domain(0), 1));
  start = Watch::now();
  run(shards[0], ask_again(cached, shards[0], domain(0), 100 * names));
  print("remembered by the shard, through the coroutine", nanoseconds_since(start, 100 * names), "ns");
}

}  // namespace

int main(int argc, char** argv) {
  measure_routes(argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 100'000);
  measure_providers();
  measure_network(5'000);
}
