// SPDX-License-Identifier: Apache-2.0
#include "cmd/penstock/progress.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <thread>

#include "cmd/penstock/cli.h"
#include "cmd/penstock/human.h"
#include "cmd/penstock/json_read.h"

namespace penstock::cli {
namespace {

constexpr std::chrono::milliseconds kFirstLook{20};
constexpr std::chrono::milliseconds kSlowestLook{500};
constexpr std::size_t kBarCells = 30;

}  // namespace

std::string progress_line(const boost::json::object& job) {
  const std::uint64_t all = std::max<std::uint64_t>(1, count_of(job, "to_visit"));
  const std::uint64_t seen = std::min(all, count_of(job, "visited"));
  std::string bar(kBarCells * seen / all, '#');
  bar.resize(kBarCells, ' ');
  return fmt::format("[{}] {:3}%  {} of {} looked at, {} match", bar, seen * 100 / all, human_count(seen),
                     human_count(all), human_count(count_of(job, "matched")));
}

Got<boost::json::object> follow_job(Cli& cli, boost::json::object job, Follow until) {
  const bool show = ::isatty(STDERR_FILENO) == 1 && !cli.json();
  std::chrono::milliseconds pause = kFirstLook;
  bool shown = false;
  const auto goes_on = [until](const std::string& state) {
    return state == "running" || (until == Follow::End && state == "waiting");
  };
  while (goes_on(text_of(job, "state"))) {
    if (show) fmt::print(stderr, "\r{}\x1b[K", progress_line(job));
    shown = show;
    std::this_thread::sleep_for(pause);
    pause = std::min(pause * 2, kSlowestLook);
    auto next = cli.get(fmt::format("/v1/jobs/{}", count_of(job, "id")));
    if (!next) return next;
    job = std::move(*next);
  }
  if (shown) fmt::print(stderr, "\r\x1b[K");
  return job;
}

}  // namespace penstock::cli
