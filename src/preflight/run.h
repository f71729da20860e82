// SPDX-License-Identifier: Apache-2.0
// run: all checks of a configuration, at the same time. Door of the module.
//
// Use:  const Report report = co_await run(world, {.stream = "marketing"});     // on the world's shard
//       if (!report.good()) …
// Nothing is changed anywhere and no mail is sent. Look-ups go through the world's resolver; give it a cache, since the
// checks ask some questions twice.
// Threads: the shard's.   Limits: kAtOnceMax checks at a time; every wait of each has a deadline.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "preflight/checks.h"
#include "preflight/finding.h"
#include "preflight/world.h"

namespace penstock::preflight {

inline constexpr std::size_t kAtOnceMax = 64;

struct Progress {
  std::size_t done = 0;
  std::size_t all = 0;
  std::string what;  // a check that is still under way: "ptr of 192.0.2.10"; "" at the end
};

struct Options {
  std::string stream;                                // only what this one uses; "": everything
  std::optional<Sample> sample;                      // of `stream`, which is then named
  std::function<void(const Progress&)> on_progress;  // on the shard; may be empty
};

// Groups come in a fixed order: the machine, vMTAs, sending domains, envelope domains, marketing streams, the
// sample, listeners.
net::Task<Report> run(const World& world, Options options);

}  // namespace penstock::preflight
