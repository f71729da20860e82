// SPDX-License-Identifier: Apache-2.0
// PathController: the adaptive part of one scope's limits. It turns what receivers answer into a number of connections
// and a rate, a state, and the words that explain it.
//
//   answer ──► RateController, ConnectionController   refusals for rate, connections too many
//          ├─► SignalWindow                           share of deferrals, of replies that doubt us (volume floors)
//          ├─► LatencyWatch                           slower at MAIL, RCPT, end of data
//          └─► a wait the reply itself names          suspended until then, exactly
//
// It reacts to outcomes that speak of the sending address or of the receiving host; what they say of a recipient, a
// message, a domain or a campaign counts as service (see action_book.h for those). One odd reply changes no limit that
// was proven; it ends a probe, and a wait that is named is kept. A wait that only a rule knows is the least length of
// a back-off. Where the limits name no rate at all, several refusals for rate begin one, at what was taken until then.
// Pure: time comes in. Threads: one owner. Cost: no allocation unless a signal changes something.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "model/outcome.h"
#include "shaping/adaptive_policy.h"
#include "shaping/connection_controller.h"
#include "shaping/latency_watch.h"
#include "shaping/limits.h"
#include "shaping/path_state.h"
#include "shaping/rate_controller.h"
#include "shaping/signal_window.h"

namespace penstock::shaping {

// What is known of an attempt besides its outcome. Durations of zero are unknown.
struct AttemptFacts {
  Duration mail{0}, rcpt{0}, end_of_data{0};  // from the command until its answer
  Duration whole{0};                          // of the transaction
  bool backlog = false;                       // more waits than the open connections carry
  bool host_serves = false;                   // of a failed connection: other ones to the same hosts are open
  bool late = false;                          // reported afterwards: says nothing of the rate and connections of now
};

// What a restart must not forget. Rates in recipients per second. Times are those of the schedule's clock; the caller
// turns them into wall time.
struct LearnedState {
  double rate = 0, rate_ceiling = 0, rate_credit = 0;
  std::uint32_t connections = 0, connection_ceiling = 0;
  Time suspended_until{}, backoff_until{}, since{};
  std::uint32_t backoffs = 0;
  std::string rule{}, cause{};
};

// What an operator says instead of the controller, until `until` if that is given.
struct Pin {
  std::optional<std::uint32_t> connections{};
  std::optional<double> rate{};  // recipients per second
  bool suspended = false;
  std::optional<Time> until{};
  std::string by{};
  std::string reason{};
  Time since{};
};

class PathController {
 public:
  PathController(const Limits& limits, const AdaptivePolicy& policy, Time now, const Neighbours& neighbours = {});

  // An answer that is no connection trouble. `connections`: open now; `pressed`: mail waits for the rate.
  void observe(const model::Outcome& outcome, const AttemptFacts& facts, std::uint32_t connections, bool pressed,
               Time now);
  // A connection was refused while `accepted` others were served.
  void connection_refused(const model::Outcome& outcome, std::uint32_t accepted, Time now);
  // A connection became usable.
  void connected(Time now) { served_at_ = now; }
  // It was served within the last seconds: a connection that fails now is one too many, and no sign of a dead host.
  [[nodiscard]] bool serving(Time now) const { return now - served_at_ < kServing; }

  // Nothing was sent for so long that what was learned says little.
  [[nodiscard]] bool stale(Time now) const { return !pin_ && now - served_at_ > kStale; }

  [[nodiscard]] std::uint32_t connection_limit(Time now) const;  // kNoLimit where not adaptive
  [[nodiscard]] double rate(Time now) const;                     // per second; 0 where not adaptive
  // What the rate was found to be; 0 while nothing is known.
  [[nodiscard]] double rate_ceiling() const { return rate_ ? rate_->ceiling() : 0; }
  // Connections that are enough for the rate; kNoLimit where there is none. `opening`: what opening and closing take
  // for each message.
  [[nodiscard]] std::uint32_t useful_connections(Time now, Duration opening = {}) const;
  [[nodiscard]] Time suspended_until(Time now) const;  // `now` or earlier if it is not suspended
  [[nodiscard]] bool suspended(Time now) const { return now < suspended_until(now); }
  [[nodiscard]] State state(Time now) const;
  // Fills all but scope and connections.
  [[nodiscard]] Explanation explain(Time now);

  void set_limits(const Limits& limits);
  // What is under way goes on as it began.
  void set_policy(const AdaptivePolicy& policy);
  // After a suspension it begins again with a part of its limits, however it ends.
  void pin(Pin pin, Time now);
  // Back to what the controller finds.
  void unpin(Time now);
  [[nodiscard]] const std::optional<Pin>& pinned() const { return pin_; }
  // An operator says that all is well: suspension, back-off and learned ceilings are forgotten.
  void clear(Time now);
  [[nodiscard]] LearnedState learned() const;
  void restore(const LearnedState& state, Time now);

 private:
  static constexpr Duration kServing{std::chrono::seconds{10}};
  static constexpr Duration kStale{std::chrono::hours{12}};
  static constexpr Time kFar{std::chrono::hours{24 * 365 * 100}};

  // Keeps the cause and the counts; call it before the counts are cleared.
  void note(std::string rule, const model::Outcome& outcome, Time now);
  // Where the limits name no rate: begins one at what was carried, once it is refused more than once.
  void begin_rate(const model::Outcome& outcome, Time now);
  // What was carried lately, per second.
  [[nodiscard]] double carried(Time now);
  void begin_rate_at(double carried, Time now);
  // The limits say nothing of a rate, and are not all for a person to say.
  [[nodiscard]] bool may_begin_rate() const {
    return !rate_ && limits_.message_rate.count <= 0 && limits_.adaptive_connections();
  }
  void keep_wait(const model::Outcome& outcome, Time now);
  [[nodiscard]] bool doubts_the_rate(Signal signal, const model::Outcome& outcome, Time now);
  void watch_shares(const model::Outcome& outcome, Time now);
  void slow(std::string rule, const model::Outcome& outcome, Time now);
  void back_off(std::string rule, const model::Outcome& outcome, Time now);
  void rest_until(Time until, double share, Time now);
  void rest_for_pin(const Pin& pin, Time until, Time now);
  [[nodiscard]] bool pinned(Time now) const { return pin_ && (!pin_->until || now < *pin_->until); }
  void refused_at_floor(const model::Outcome& outcome, Time now);
  void taken_at_floor(Time now);
  // In back-off mode because the lowest rate was refused.
  [[nodiscard]] bool trickles(Time now) const { return trickles_ && rate_ && now < backoff_until_; }
  void remember_good();
  void make_good();

  Limits limits_;
  AdaptivePolicy policy_;
  Neighbours neighbours_;
  std::optional<RateController> rate_;
  std::optional<ConnectionController> connections_;
  SignalWindow window_;
  LatencyWatch latency_;
  Duration transaction_{std::chrono::milliseconds{300}};
  Time counted_from_{};  // the window's first answer
  Time served_at_{};
  Time suspended_until_{};
  Time backoff_until_{};
  Time hold_until_{};
  std::uint32_t backoffs_ = 0;       // without a good spell in between
  std::uint32_t floor_refused_ = 0;  // at the lowest rate, less what was taken since
  bool trickles_ = false;            // that was too many: now a back-off, until one is taken
  bool slowed_ = false;              // a signal changed something, and it has not been made good
  double good_rate_ = 0;             // … these were in force before it
  std::uint32_t good_connections_ = 0;
  std::optional<Pin> pin_;
  std::string rule_, cause_;
  std::uint32_t noted_attempts_ = 0, noted_refusals_ = 0;  // of the minute before it
  Time since_{};
};

}  // namespace penstock::shaping
