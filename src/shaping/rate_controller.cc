// SPDX-License-Identifier: Apache-2.0
// A receiver that counts by a bucket of tokens has an empty one at each refusal, so that what it took between two
// refusals is what it refills: the average over a cycle is a better measure of its limit than the rate at the refusal.
#include "shaping/rate_controller.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace penstock::shaping {
namespace {

double seconds(Duration duration) {
  return std::chrono::duration<double>(duration).count();
}

Duration from_seconds(double value) {
  return Duration{static_cast<std::int64_t>(value * 1e6)};
}

// A pause in the answers is not sending time.
constexpr Duration kActiveMost{std::chrono::seconds{1}};
// How much of a rate's second a receiver is thought to let through at once, before anything is known.
constexpr double kCreditSeconds = 0.25;
constexpr double kCreditLeast = 4;
constexpr double kUsualRate = 40;
constexpr double kLowRate = 10;
constexpr double kQuickest = 2.5;
// The rate that was refused is that much above the ceiling that was found: the truth may be anywhere between.
constexpr double kWideGap = 1.2;
constexpr double kFalseAlarm = 1.25;
// While the answers to what is under way come in: the limit is somewhere below.
constexpr double kStepBack = 0.65;

}  // namespace

RateController::RateController(const RateRange& range, const AdaptivePolicy& policy, Time now)
    : range_(range), policy_(policy), rate_(range.start), last_(now), watch_from_(now), cycle_from_(now) {
  rate_ = bounded(range.start);
}

double RateController::bounded(double rate) const {
  const double high = range_.ceiling > 0 ? range_.ceiling : 1e9;
  return std::clamp(rate, std::min(range_.floor, high), high);
}

void RateController::set_range(const RateRange& range) {
  range_ = range;
  rate_ = bounded(rate_);
}

// What few answers found may be off by one or two of them.
double RateController::margin() const {
  return policy_.margin + 2 / std::max(cycle_taken_, 80.0);
}

Duration RateController::probe_wait() const {
  const Duration by_volume = from_seconds(policy_.probe_attempts / std::max(rate_, 1e-3));
  const Duration wait = std::clamp(by_volume, policy_.probe_soonest, policy_.probe_latest);
  const Duration least = from_seconds(policy_.probe_attempts_least / std::max(rate_, 1e-3));
  return std::max(wait, std::min(least, policy_.probe_never_later));
}

void RateController::answered(bool pressed, Duration latency, Time now) {
  if (latency > Duration::zero()) latency_ += (latency - latency_) / 8;
  if (now >= guard_until_) {
    if (guarded_rate_ > 0) end_guard(now);
    ++watch_answers_;
  } else {
    ++guard_answers_;
  }
  ++quiet_answers_;
  cycle_taken_ += 1;
  const Duration active = std::clamp(now - last_, Duration::zero(), kActiveMost);
  last_ = std::max(last_, now);
  if (pressed && now >= hold_until_) grow(active);
}

void RateController::grow(Duration active) {
  // Where more answers come in a second, a refusal is seen after a smaller overshoot.
  const double dt = seconds(active) * std::clamp(std::cbrt(rate_ / kUsualRate), 1.0, kQuickest);
  if (ceiling_ <= 0) {
    rate_ = bounded(rate_ * std::exp(policy_.start_growth * dt));
    return;
  }
  if (rate_ < ceiling_ * policy_.near_ceiling) {
    rate_ = bounded(std::min(rate_ * std::exp(policy_.recover_growth * dt), ceiling_ * policy_.near_ceiling));
    return;
  }
  excess_ += std::max(0.0, rate_ - ceiling_) * seconds(active);
  const double believed = std::max({credit_ * 1.3, kCreditLeast, ceiling_ * kCreditSeconds});
  if (rate_ > wall_ && excess_ > believed) fast_ = true;
  const bool far_below_wall = rate_ < wall_ && wall_ > ceiling_ * kWideGap;
  double growth = policy_.probe_growth * dt;
  // Where little comes in a second the overshoot costs less than the time does.
  growth *= 1 + std::min(1.0, excess_ / believed) * std::min(1.0, kLowRate / rate_);
  if (far_below_wall) growth = policy_.search_growth * seconds(active);
  if (fast_) growth = policy_.fast_growth * dt;
  rate_ = bounded(rate_ * std::exp(growth));
}

void RateController::settle_below(double ceiling, double rate, Duration hold, Time now) {
  guarded_rate_ = rate_;
  guard_until_ = now + latency_ + latency_ / 8 + std::chrono::milliseconds{20};
  guard_answers_ = guard_refused_ = 0;
  ceiling_ = std::max(ceiling, range_.floor);
  wall_ = rate_;
  rate_ = bounded(rate);
  hold_until_ = now + hold;
  excess_ = 0;
  fast_ = false;
  watch_from_ = guard_until_;
  watch_answers_ = watch_refused_ = 0;
}

// What was under way at the rate before has been answered: its share that was refused says how far that rate was off.
void RateController::end_guard(Time now) {
  const std::uint32_t answers = guard_answers_ + guard_refused_;
  const double before = std::exchange(guarded_rate_, 0.0);
  if (guard_refused_ >= 2 && answers >= 4) {
    const double taken = 1.0 - static_cast<double>(guard_refused_) / answers;
    const double found = before * std::max(taken, 1.0 - policy_.cut_most);
    if (found < ceiling_) {
      ceiling_ = std::max(found, range_.floor);
      hold_until_ = std::max(hold_until_, now + policy_.settle);
      surprised_ = true;
    }
  }
  if (!surprised_) return;
  surprised_ = false;
  rate_ = bounded(ceiling_ * (1.0 - margin()));
  // What was sent meanwhile says nothing of this rate either.
  guard_until_ = now + latency_ + latency_ / 8;
  watch_from_ = guard_until_;
  watch_answers_ = watch_refused_ = 0;
}

RateController::Effect RateController::refused(Time now) {
  last_ = std::max(last_, now);
  if (now < guard_until_) {
    ++guard_refused_;
    quiet_answers_ = 0;
    return Effect::None;
  }
  if (guarded_rate_ > 0) end_guard(now);
  const Duration within = std::max(policy_.refusals_within, probe_wait());
  if (now - watch_from_ > within) {
    // Old answers say nothing of the limit now; a refusal among them was an odd one.
    watch_from_ = now;
    watch_answers_ = watch_refused_ = 0;
  }
  ++watch_refused_;
  const double cycle = seconds(now - cycle_from_);
  const double average = cycle > 5 ? cycle_taken_ / cycle : 0;
  quiet_answers_ = 0;
  Effect effect = Effect::None;
  if (probing()) {
    effect = Effect::ProbeEnded;
    // A fast climb that is refused at once was none: the receiver only let more through than it did before.
    const bool slow = ceiling_ > 0 && (!fast_ || rate_ < ceiling_ * kFalseAlarm);
    if (slow) credit_ = std::max(credit_ * 0.9, excess_);
    const bool found_it = slow && wall_ <= ceiling_ * kWideGap;
    const double found = slow ? std::clamp(average, rate_ * 0.85, rate_) : rate_ * 0.93;
    settle_below(found, slow ? found * (1.0 - margin()) : rate_ * kStepBack, found_it ? probe_wait() : policy_.settle,
                 now);
    surprised_ = !slow;
  } else if (watch_refused_ >= policy_.refusals) {
    effect = Effect::Cut;
    const double share = static_cast<double>(watch_refused_) / (watch_refused_ + watch_answers_ + 1);
    const double found = rate_ * (1.0 - std::clamp(share, 0.02, policy_.cut_most));
    const bool deep = share > 0.1;
    settle_below(found, deep ? found * kStepBack : found * (1.0 - margin()), deep ? policy_.settle : probe_wait() / 2,
                 now);
    surprised_ = deep;
  }
  cycle_from_ = now;
  cycle_taken_ = 0;
  return effect;
}

void RateController::cut(double factor, Duration hold, Time now) {
  const double before = rate_;
  settle_below(ceiling_ > 0 ? ceiling_ : before, before * factor, hold, now);
  guarded_rate_ = 0;
  surprised_ = false;
  wall_ = ceiling_;
}

void RateController::rest_until(Time until, double share, Time now) {
  cut(share, Duration::zero(), now);
  hold_until_ = until;
  guard_until_ = until;
  watch_from_ = cycle_from_ = until;
  cycle_taken_ = 0;
}

void RateController::restore(double rate, double ceiling, double credit, Time now) {
  ceiling_ = wall_ = std::max(0.0, ceiling);
  credit_ = std::max(0.0, credit);
  rate_ = bounded(rate);
  last_ = watch_from_ = cycle_from_ = now;
}

}  // namespace penstock::shaping
