// SPDX-License-Identifier: Apache-2.0
// AdaptivePolicy: how adaptive limits learn. The defaults serve every provider; docs/shaping.md derives them.
// What is said of back-off mode and of doubts, configuration may set (config::Backoff).
//
// Shares are 0 to 1, growth is a share per second of sending. Plain values; any thread.
#pragma once

#include <cstdint>
#include <memory>

#include "base/clock.h"

namespace penstock::shaping {

struct AdaptivePolicy {
  // The rate. Without a known ceiling it grows by start_growth; towards a known one by recover_growth until
  // near_ceiling of it, then by probe_growth; beyond it by probe_growth until more went through than what ended the
  // probes before (the receiver's burst), then by fast_growth: the ceiling has moved.
  double start_growth = 0.18;
  double found_floor = 0.1;  // recipients per second: floor of a rate that began with refusals, where limits name none
  double recover_growth = 0.10;
  double probe_growth = 0.010;
  // A probe begins so far above the ceiling that a burst like the last one is used up after probe_lasts.
  double lead_most = 0.3;
  Duration probe_lasts{std::chrono::seconds{3}};
  double search_growth = 0.050;  // between a ceiling that was guessed and a rate that was refused
  double fast_growth = 0.12;
  double near_ceiling = 0.95;
  double margin = 0.015;       // stays so far below a known ceiling between probes
  std::uint32_t refusals = 2;  // since the last change, before a rate that was proven is cut
  Duration refusals_within{std::chrono::seconds{10}};
  // A probe is made once so many attempts were made since the last refusal, but within these bounds.
  std::uint32_t probe_attempts = 460;
  Duration probe_soonest{std::chrono::seconds{4}};
  Duration probe_latest{std::chrono::seconds{30}};
  std::uint32_t probe_attempts_least = 160;  // where even probe_latest gives fewer, the probe waits for these …
  std::uint32_t rate_attempts_least = 230;   // … and that of a rate, which costs more, for these
  double refused_share = 0.0041;             // the budget; who is below it probes sooner, who is above it later
  Duration probe_never_later{std::chrono::minutes{10}};
  Duration probe_helped{std::chrono::seconds{25}};  // with what other paths saved it waits no longer than this

  // Connections. A learned ceiling is probed by one more connection under the same bounds; each that was carried for
  // `settle` without a refusal lets the next follow, in steps that grow.
  Duration settle{std::chrono::seconds{2}};
  std::uint32_t connections_start = 2;  // where limits name no start

  // Other trouble: deferrals that speak of this path or of the receiver, over a sliding window of a minute.
  double deferral_share = 0.25;
  std::uint32_t deferral_volume = 50;  // attempts in the window before its share means anything
  double cut = 0.7;                    // connections and rate are multiplied by this
  Duration hold_after_cut{std::chrono::seconds{30}};
  double latency_factor = 4.0;        // against what is usual, at MAIL, RCPT or end of data
  std::uint32_t latency_volume = 20;  // answers in a row on average that slow

  // Back-off mode: the receiver's replies doubt us, or refuse most of what the lowest rate sends.
  double reputation_share = 0.10;
  std::uint32_t reputation_replies = 5;  // and at least so many of them, in deferral_volume attempts or more
  double backoff_share = 0.25;           // of the limits before, unless backoff_connections/_rate say it
  std::uint32_t backoff_connections = 0;
  double backoff_rate = 0;  // recipients per second
  Duration backoff_first{std::chrono::minutes{5}};
  Duration backoff_longest{std::chrono::hours{1}};
  std::uint32_t floor_refusals = 10;               // so many more are refused for rate at the floor than are taken
  Duration floor_tries{std::chrono::seconds{30}};  // one each, in such a back-off, until one is taken

  bool operator==(const AdaptivePolicy&) const = default;
};
using AdaptivePolicyPtr = std::shared_ptr<const AdaptivePolicy>;  // null: the defaults

}  // namespace penstock::shaping
