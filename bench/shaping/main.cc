// SPDX-License-Identifier: Apache-2.0
// bench_shaping: how well adaptive limits find what receivers take, in simulated time.
//
// Use:  bench_shaping --scenario FILE|FOLDER … [--seed N] [--seeds COUNT] [--json] [--plot FILE]
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "sender.h"

using namespace penstock;
using bench::Figures;

namespace {

struct Wanted {
  std::vector<std::string> scenarios;
  std::optional<std::uint64_t> seed;
  std::uint64_t seeds = 1;
  bool json = false;
  std::string plot;
};

int usage(const std::string& what) {
  fmt::print(stderr,
             "bench_shaping: {}\nUse: bench_shaping --scenario FILE|FOLDER … [--seed N] [--seeds COUNT] "
             "[--json] [--plot FILE]\n",
             what);
  return 2;
}

std::string to_json(const Figures& r) {
  std::string providers;
  for (const auto& one : r.providers) {
    providers += fmt::format("{}{{\"name\": \"{}\", \"goodput_share\": {:.4f}, \"refused_share\": {:.5f}}}",
                             providers.empty() ? "" : ", ", one.name, one.taken / std::max(1.0, one.allowed),
                             one.refused / std::max(1.0, one.attempts));
  }
  return fmt::format(
      "{{\"goodput_share\": {:.4f}, \"refused_share\": {:.5f}, \"settle_s\": {:.1f}, \"unfairness\": {:.4f}, "
      "\"transactional_p99_s\": {:.3f}, \"snowshoe\": {}, \"scenario\": \"{}\", \"seed\": {}, \"settle_worst_s\": "
      "{:.1f}, \"steps\": {}, \"delivered\": {}, \"left\": {}, \"attempts\": {}, \"refused\": {}, \"simulated_s\": "
      "{:.0f}, \"cpu_s\": {:.1f}, \"providers\": [{}]}}",
      r.goodput_share, r.refused_share, r.settle_s, r.unfairness, r.transactional_p99_s, r.snowshoe, r.scenario, r.seed,
      r.settle_worst_s, r.steps, r.delivered, r.left, r.attempts, r.refused, r.simulated_s, r.cpu_s, providers);
}

// The worst of each figure: what several runs are judged by.
Figures worst_of(const std::vector<Figures>& all) {
  Figures worst = all.front();
  worst.scenario = fmt::format("worst of {} runs", all.size());
  for (const Figures& one : all) {
    worst.goodput_share = std::min(worst.goodput_share, one.goodput_share);
    worst.refused_share = std::max(worst.refused_share, one.refused_share);
    worst.settle_s = std::max(worst.settle_s, one.settle_s);
    worst.settle_worst_s = std::max(worst.settle_worst_s, one.settle_worst_s);
    worst.unfairness = std::max(worst.unfairness, one.unfairness);
    worst.transactional_p99_s = std::max(worst.transactional_p99_s, one.transactional_p99_s);
    worst.snowshoe = std::max(worst.snowshoe, one.snowshoe);
  }
  return worst;
}

void print_row(const Figures& r) {
  fmt::print("{:<20} {:>5} {:>8.4f} {:>9.5f} {:>7.1f} {:>7.1f} {:>6} {:>8.4f} {:>8.3f} {:>8} {:>8.0f} {:>6.1f}",
             r.scenario, r.seed, r.goodput_share, r.refused_share, r.settle_s, r.settle_worst_s, r.steps, r.unfairness,
             r.transactional_p99_s, r.snowshoe, r.simulated_s, r.cpu_s);
  for (const auto& one : r.providers) {
    fmt::print("  {} {:.3f}/{:.4f}", one.name, one.taken / std::max(1.0, one.allowed),
               one.refused / std::max(1.0, one.attempts));
  }
  fmt::print("{}\n", r.left == 0 ? "" : fmt::format("  left {}", r.left));
  std::fflush(stdout);
}

std::optional<Wanted> read_arguments(int argc, char** argv) {
  Wanted wanted;
  for (int i = 1; i < argc; ++i) {
    const std::string name = argv[i];
    if (name == "--json") {
      wanted.json = true;
      continue;
    }
    if (i + 1 == argc) return std::nullopt;
    const std::string value = argv[++i];
    std::uint64_t number = 0;
    const bool whole = std::from_chars(value.data(), value.data() + value.size(), number).ec == std::errc{};
    if (name == "--scenario")
      wanted.scenarios.push_back(value);
    else if (name == "--plot")
      wanted.plot = value;
    else if (name == "--seed" && whole)
      wanted.seed = number;
    else if (name == "--seeds" && whole && number > 0)
      wanted.seeds = number;
    else
      return std::nullopt;
  }
  return wanted;
}

std::vector<std::string> files_of(const std::string& path) {
  if (!std::filesystem::is_directory(path)) return {path};
  std::vector<std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator(path)) {
    if (entry.path().extension() == ".toml") files.push_back(entry.path().string());
  }
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace

int main(int argc, char** argv) {
  const auto wanted = read_arguments(argc, argv);
  if (!wanted || wanted->scenarios.empty()) return usage("arguments are not as expected");
  std::vector<Figures> results;
  if (!wanted->json) {
    fmt::print(
        "{:<20} {:>5} {:>8} {:>9} {:>7} {:>7} {:>6} {:>8} {:>8} {:>8} {:>8} {:>6}  goodput/refused by provider\n",
        "scenario", "seed", "goodput", "refused", "settle", "worst", "steps", "unfair", "p99", "snowshoe", "sim s",
        "cpu s");
  }
  for (const std::string& path : wanted->scenarios) {
    for (const std::string& file : files_of(path)) {
      const auto scenario = bench::load_scenario(file);
      if (!scenario) return usage(scenario.error().detail);
      for (std::uint64_t i = 0; i < wanted->seeds; ++i) {
        const std::uint64_t seed = wanted->seed.value_or(scenario->seed) + i;
        bench::Sender sender(*scenario, seed);
        Figures result = sender.run();
        result.seed = seed;
        results.push_back(result);
        if (!wanted->json) print_row(result);
        if (!wanted->plot.empty()) std::ofstream(wanted->plot) << draw_svg(sender.plot());
      }
    }
  }
  if (results.empty()) return usage("no scenario was found");
  const Figures all = results.size() == 1 ? results.front() : worst_of(results);
  if (wanted->json)
    fmt::print("{}\n", to_json(all));
  else if (results.size() > 1)
    print_row(all);
  return 0;
}
