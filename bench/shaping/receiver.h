// SPDX-License-Identifier: Apache-2.0
// Receiver: one provider as it treats one source IP, with limits that the sender cannot see.
//
// The rate is a bucket of tokens; connections are counted; both follow the scenario's steps. Replies are outcomes as
// the classifier would hand them on: class, scope, and a wait where the words name one.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/rng.h"
#include "model/outcome.h"
#include "scenario.h"

namespace penstock::bench {

class Receiver {
 public:
  Receiver(const Provider& provider, std::uint32_t vmta, std::uint64_t seed, Time start, Time end);

  struct Answer {
    bool taken = false;
    bool closes = false;  // the connection ends
    bool silent = false;  // …without a word: the message was not attempted
    model::Outcome outcome;
  };
  // A connection arrives. Taken: it stands, until hang_up.
  Answer connect(Time now);
  void hang_up() { --open_; }
  // MAIL arrives on a connection that carried so many messages before.
  Answer mail(std::uint32_t carried, Time now);

  // What it would take per second from a sender who knew its limits.
  [[nodiscard]] double allowed(Time now);
  [[nodiscard]] double hidden_rate(Time now);
  [[nodiscard]] std::uint32_t hidden_connections(Time now);
  [[nodiscard]] bool blocked(Time now) const { return now < blocked_until(now); }
  // The moments from which on a limit is another one, in order: settling is measured from them.
  [[nodiscard]] const std::vector<Time>& changes() const { return changes_; }

 private:
  struct Point {
    Time at{};
    double rate_factor = 1, connection_factor = 1;
  };
  struct Block {
    Time from{}, until{};
  };
  [[nodiscard]] Time blocked_until(Time now) const;
  [[nodiscard]] const Point& point(Time now);
  [[nodiscard]] double complaints(Time now);
  Answer refuse(model::Step step, model::OutcomeClass outcome_class, std::uint16_t code, const char* words) const;

  const Provider& provider_;
  Rng rng_;
  double own_;  // this source IP against the others
  std::vector<Point> points_;
  std::size_t point_ = 0;
  std::vector<Block> blocks_;
  std::vector<std::pair<Time, double>> complaint_steps_;
  std::vector<Time> changes_;
  Time drifted_{};
  double drift_ = 0;
  double tokens_;
  Time filled_;
  std::uint32_t open_ = 0;
};

}  // namespace penstock::bench
