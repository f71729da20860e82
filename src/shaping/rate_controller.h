// SPDX-License-Identifier: Apache-2.0
// RateController: finds the rate that a receiver takes from us, by its refusals, and stays right below it.
//
// It remembers the rate at which it was refused (the ceiling), waits below it, then climbs slowly through it: one
// refusal ends such a probe, and costs no more than that. If far more gets through than what ended the probes before,
// the ceiling has moved and the climb becomes fast. A rate that was proven is cut only after several refusals, and then
// to the share that was taken. docs/shaping.md has the formulas.
//
// Use:  rate.answered(pressed, latency, now) for each answer;  rate.refused(now) for each refusal for rate.
//       pace by rate.rate().
// "pressed" says that mail waits for the rate: it does not grow otherwise.
// Pure. Threads: one owner. Cost: some additions per answer.
#pragma once

#include <cstdint>
#include <memory>

#include "base/clock.h"
#include "shaping/adaptive_policy.h"
#include "shaping/neighbours.h"
#include "shaping/refusal_budget.h"

namespace penstock::shaping {

// Recipients per second. ceiling 0: none.
struct RateRange {
  double floor = 0.1;
  double start = 1;
  double ceiling = 0;
};

class RateController {
 public:
  RateController(const RateRange& range, const AdaptivePolicy& policy, Time now, const Neighbours& neighbours = {});

  enum class Effect : std::uint8_t {
    None,        // it proves nothing yet
    Late,        // the answer to what was sent before the last change
    ProbeEnded,  // back to below the ceiling
    Cut          // a proven rate was refused
  };
  // An answer that was no refusal for rate. `latency`: how long the transaction took; `to_mail`: from MAIL to its
  // answer, where most refusals are told. Zero: unknown.
  void answered(bool pressed, Duration latency, Time now, Duration to_mail = {});
  // `latency`: how long it took to be refused; zero: as long as other answers.
  Effect refused(Time now, Duration latency = {});
  // Another signal: multiply by `factor`, and stay there for `hold`.
  void cut(double factor, Duration hold, Time now);
  // Nothing is attempted meanwhile; afterwards it is recovered from `share` of the rate.
  void rest_until(Time until, double share, Time now);

  [[nodiscard]] double rate() const { return rate_; }
  // What the receiver was found to take; 0 while unknown.
  [[nodiscard]] double ceiling() const { return ceiling_; }
  [[nodiscard]] bool at_floor() const { return rate_ <= range_.floor * 1.001; }
  // It is beyond what was proven: a refusal is no surprise.
  [[nodiscard]] bool probing() const { return ceiling_ <= 0 || rate_ > ceiling_; }
  // When it begins to climb again.
  [[nodiscard]] Time next_probe() const { return hold_until_; }
  [[nodiscard]] double credit() const { return credit_; }
  void set_range(const RateRange& range);
  void set_policy(const AdaptivePolicy& policy) { policy_ = policy; }
  // What was learned before a restart.
  void restore(double rate, double ceiling, double credit, Time now);

 private:
  void grow(Duration active);
  void note_climb();
  [[nodiscard]] double climbed_by(Time now) const;
  void end_guard(Time now);
  void end_probe(double average, Time now);
  void end_climb(Time now);
  void settle_below(double ceiling, double rate, Duration hold, Time now);
  void end_step_back(Time now);
  void end_what_is_over(Time now);
  void step_back(bool far, Time now);
  [[nodiscard]] double refused_share(Time now) const;
  [[nodiscard]] double margin() const;
  [[nodiscard]] double lead() const;
  [[nodiscard]] Duration delay() const;
  [[nodiscard]] double burst() const;
  [[nodiscard]] double quickness() const;
  [[nodiscard]] double search_growth() const;
  [[nodiscard]] double climbed_to(double growth) const;

  void learn_burst(double found, bool measured);
  [[nodiscard]] bool sibling_found_more(Time now) const;
  void found_more();
  [[nodiscard]] Duration until_probe(double rate, Time now);
  [[nodiscard]] double searched(double average) const;
  [[nodiscard]] Duration probe_wait(double rate) const;
  [[nodiscard]] double bounded(double rate) const;

  RateRange range_;
  AdaptivePolicy policy_;
  std::shared_ptr<Siblings> siblings_;  // or null
  std::uint32_t me_ = 0;                // among them
  bool hinted_ = false;                 // looks because one of them found more
  RefusalBudget budget_;
  double rate_;
  double ceiling_ = 0;
  double wall_ = 0;          // the rate that was refused last
  double climb_growth_ = 0;  // by which it was come to in a fast climb; 0: otherwise
  Time back_until_{};        // until then it is further below than the ceiling asks; {}: it is not
  double excess_ = 0;        // recipients sent beyond the ceiling in this probe
  double credit_ = 0;        // how many that was, when probes were refused
  bool coarse_ = false;      // few recipients told the ceiling
  bool fast_ = false;        // the ceiling has moved
  Time climb_at_{};          // when a fast climb began …
  double climb_rate_ = 0;    // … from this rate
  Time rose_at_{};           // the last time that the ceiling was found to have moved
  // The last fast climb, until the limit is measured.
  struct Climb {
    double from = 0;    // the ceiling before it; 0: there was none
    double to = 0;      // the rate at its end; 0: no climb
    double growth = 0;  // a second
    double excess = 0;  // recipients sent beyond that ceiling
  };
  Climb climb_;
  Time last_{};  // of the last answer
  Time hold_until_{};
  Duration latency_{std::chrono::milliseconds{300}};
  Duration refusal_latency_{};  // zero: unknown
  Duration mail_latency_{};     // of the answer to MAIL; zero: unknown
  // After a change: answers to what was sent before it, and what they say of the rate before.
  Time guard_until_{};
  double guarded_rate_ = 0;
  std::uint32_t guard_refused_ = 0;
  std::uint32_t guard_answers_ = 0;
  // Since the last change: refusals of a rate that was proven.
  Time watch_from_{};
  Time first_refused_{};
  std::uint32_t watch_refused_ = 0;
  std::uint32_t watch_answers_ = 0;
  Time cut_at_{};  // when a proven rate was cut last
  // Since the last refusal: what got through on average is what the receiver refills.
  Time cycle_from_{};
  double cycle_taken_ = 0;
  double found_by_ = 0;  // of the cycle before it
};

}  // namespace penstock::shaping
