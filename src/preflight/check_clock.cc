// SPDX-License-Identifier: Apache-2.0
// Asks the kernel, which the time service tells: whether the clock is kept in step, and how far off it may be.
#include <fmt/format.h>
#include <sys/timex.h>

#include "preflight/checks.h"

namespace penstock::preflight {
namespace {

constexpr long kErrorMaxMicros = 1'000'000;
// No mail is sent before this program was written.
constexpr Time kEarliest{std::chrono::sys_days(std::chrono::year(2025) / 1 / 1)};

}  // namespace

net::Task<Findings> check_clock(const World& world) {
  Findings found;
  const auto add = [&found](Level level, std::string what, std::string mend = {}) {
    found.push_back({level, Check::Clock, std::move(what), std::move(mend)});
  };
  const std::string mend = "run a time service: apt install chrony, or systemctl enable --now systemd-timesyncd";
  if (world.clock.wall() < kEarliest) {
    add(Level::Fail, "the clock is years behind", mend);
    co_return found;
  }
  timex state{};  // modes 0: only look
  const int result = ::adjtimex(&state);
  if (result < 0) {
    add(Level::Skip, "the kernel does not tell whether the clock is kept in step");
  } else if (result == TIME_ERROR || (state.status & STA_UNSYNC) != 0) {
    add(Level::Warn, "no time service keeps the clock in step", mend);
  } else if (state.maxerror > kErrorMaxMicros) {
    add(Level::Warn, fmt::format("the clock may be off by {} s", state.maxerror / 1'000'000),
        "see what the time service says: chronyc tracking, or timedatectl timesync-status");
  } else {
    add(Level::Pass, fmt::format("a time service keeps the clock in step, within {} ms", state.maxerror / 1000 + 1));
  }
  co_return found;
}

}  // namespace penstock::preflight
