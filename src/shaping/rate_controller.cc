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

// A longer pause in the answers is not sending time, but for that between two recipients at a low rate.
constexpr Duration kActiveMost{std::chrono::seconds{1}};
constexpr double kGrowthMost = 0.7;  // one answer no more than doubles the rate
// How much of a rate's second a receiver lets through at once: until that is known, and as long as it seems to be less.
constexpr double kBurstAtFirst = 1.0;
constexpr double kBurstLeast = 0.5;
constexpr double kBurstLeastCount = 4;  // recipients
constexpr double kBurstKept = 0.95;     // a smaller one counts little by little
// Growth and probes are as the policy says where a refusal is known after so long, in seconds.
constexpr double kUsualDelay = 0.2;
constexpr double kQuickest = 2.5;
constexpr double kSearchEach = 0.018;  // a search grows no more than by this for each recipient
// The rate that was refused is that much above the ceiling that was found: the truth may be anywhere between.
constexpr double kWideGap = 1.2;
constexpr double kFalseAlarm = 1.25;
constexpr double kCarried = 0.93;      // of a rate that was no climb
constexpr double kSlowestClimb = 0.2;  // of the growth that was meant
// A guess that is too high costs refusals until it is corrected, one that is too low some seconds of search.
constexpr double kCautious = 0.95;
// A limit that falls on: a rate that was cut so shortly before needs no second refusal, and is cut further than to what
// was found.
constexpr Duration kCutAgain{std::chrono::seconds{5}};
constexpr double kAhead = 0.8;
// Shares of the rate that was refused. An average below it is that of a bucket that ran over, or of another time; then
// the limit is guessed.
constexpr double kPlausible = 0.75;
constexpr double kPlausibleSearched = 0.5;
constexpr double kCountedOff = 1;  // recipients: an average of few may be off by one
constexpr double kGuessedLeast = 0.85;
// A wait that is shorter needs no turns.
constexpr Duration kTurnLeast{std::chrono::seconds{10}};
// Who was refused not longer ago will look soon enough by himself.
constexpr Duration kFollowsAfter{std::chrono::seconds{15}};
// As a share of the rate that was refused: a search from so far below need not tell the limit to a recipient.
constexpr double kFarBelow = 0.3;
// Recipients: so few between two refusals, at a receiver that lets so few through beyond its limit, that one who did
// not use all that came in cannot be told from one who did.
constexpr double kFew = 25;
constexpr double kSmallBurst = 1.5;
// A limit that fewer told may be far too low. A probe that begins well above it would be refused at once and tell
// nothing; one that begins only so much above it goes through.
constexpr double kCoarse = 40;
constexpr double kGentleLead = 0.08;
constexpr double kSlow = 5;  // recipients a second: at more it need not be gentle, the next probe comes soon
// The ceiling is where it was.
constexpr double kUnmoved = 1.05;
// While the answers to what is under way come in: the limit is somewhere below.
constexpr double kStepBack = 0.65;
constexpr double kCushion = 0.7;  // recipients
// Refusals that follow each other like this, as a share of what was sent between them, may be a limit that fell far:
// one more tells, and how far.
constexpr double kDense = 0.3;

// Of what a climb by `growth` a second let through until `rate`: how much was beyond `limit`.
double beyond(double limit, double rate, double growth) {
  return (rate - limit - limit * std::log(rate / limit)) / growth;
}

// So many refusals in a row speak of no lower share than that.
double deepest(std::uint32_t refused) {
  return static_cast<double>(refused) / (refused + 2);
}

}  // namespace

RateController::RateController(const RateRange& range, const AdaptivePolicy& policy, Time now,
                               const Neighbours& neighbours)
    : range_(range),
      policy_(policy),
      siblings_(neighbours.siblings),
      me_(siblings_ ? siblings_->join() : 0),
      budget_(neighbours.pool),
      rate_(range.start),
      last_(now),
      watch_from_(now),
      cycle_from_(now) {
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
  return policy_.margin + 2 / std::max(found_by_, 80.0);
}

// By attempts: a probe costs a refusal. Sooner where few were refused until now, or elsewhere, later where many were.
Duration RateController::probe_wait(double rate) const {
  const double dear = budget_.price();
  const double each = 1 / std::max(rate, 1e-3);
  const Duration by_volume = from_seconds(policy_.probe_attempts * std::max(dear, 1.0) * each);
  const Duration wait = std::clamp(by_volume, policy_.probe_soonest, policy_.probe_latest);
  const Duration least = from_seconds(policy_.rate_attempts_least * dear * each);
  const Duration own = std::max(wait, std::min(least, policy_.probe_never_later));
  const Duration helped = std::min(own, std::max(wait, policy_.probe_helped));
  return own - std::chrono::duration_cast<Duration>((own - helped) * budget_.help());
}

// Where siblings probe the same receiver they take turns.
Duration RateController::until_probe(double rate, Time now) {
  const Duration wait = probe_wait(rate);
  if (!siblings_ || wait <= kTurnLeast) return wait;
  return std::max(kTurnLeast, siblings_->turn(me_, wait, now) - now);
}

// Until a refusal is known; what is sent meanwhile is refused too. It is told at once, unlike what is taken; until the
// first one, MAIL tells how soon.
Duration RateController::delay() const {
  if (refusal_latency_ > Duration::zero()) return refusal_latency_;
  return mail_latency_ > Duration::zero() ? mail_latency_ : latency_;
}

// The receiver's burst in recipients: the largest that was seen lately.
double RateController::burst() const {
  return std::max(credit_, ceiling_ * kBurstLeast);
}

// How far beyond the ceiling a probe begins: so that it takes some seconds to use up the receiver's burst. But no
// further than what is under way at the refusal may cost: one refusal for each probe_attempts.
double RateController::lead() const {
  const double affordable = std::max(1.0, ceiling_ * seconds(probe_wait(ceiling_)) / policy_.probe_attempts) - 0.5;
  const double most = std::min(coarse_ ? kGentleLead : policy_.lead_most, affordable / (ceiling_ * seconds(delay())));
  return std::min(std::max(burst(), 1.0) / (ceiling_ * seconds(policy_.probe_lasts)), most);
}

void RateController::answered(bool pressed, Duration latency, Time now, Duration to_mail) {
  if (to_mail > Duration::zero()) {
    mail_latency_ = mail_latency_ > Duration::zero() ? mail_latency_ + (to_mail - mail_latency_) / 8 : to_mail;
  }
  if (latency > Duration::zero()) latency_ += (latency - latency_) / 8;
  end_what_is_over(now);
  ++(now >= guard_until_ ? watch_answers_ : guard_answers_);
  budget_.answered(policy_.refused_share);
  if (++cycle_taken_ == 1 && ceiling_ <= 0) cycle_from_ = now - latency;
  // Where no ceiling is near, the time between two recipients at a low rate is sending time.
  const bool searching = ceiling_ <= 0 || rate_ < ceiling_ * policy_.near_ceiling;
  const Duration between = searching ? from_seconds(1 / std::max(rate_, 1e-3)) : Duration::zero();
  const Duration active = std::clamp(now - last_, Duration::zero(), std::max(kActiveMost, between));
  last_ = std::max(last_, now);
  if (pressed && sibling_found_more(now)) {
    hold_until_ = now;
    hinted_ = true;
  }
  if (pressed && now >= hold_until_ && back_until_ == Time{}) grow(active);
}

// While it waits for its next probe, a proven rate in use.
bool RateController::sibling_found_more(Time now) const {
  const bool waits = back_until_ == Time{} && now >= guard_until_ && hold_until_ - now > policy_.probe_soonest &&
                     now - cycle_from_ >= kFollowsAfter;
  if (!siblings_ || !waits || ceiling_ <= 0 || rate_ < ceiling_ * policy_.near_ceiling) return false;
  return siblings_->worth_a_look(me_, cycle_from_, rose_at_, now);
}

// More went through than a burst: the ceiling has moved.
void RateController::found_more() {
  fast_ = true;
  rose_at_ = last_;
  if (!siblings_) return;
  if (std::exchange(hinted_, false)) siblings_->proved(true);
  siblings_->rose(me_, cycle_from_, last_);
}

// Where a refusal is known soon a climb may overshoot further.
double RateController::quickness() const {
  return std::min(std::pow(kUsualDelay / seconds(delay()), 0.6), kQuickest);
}

// Where little comes in a second, so slowly that what is taken until the refusal tells something.
double RateController::search_growth() const {
  if (rate_ < wall_ * kFarBelow) return policy_.search_growth;
  return std::min(policy_.search_growth * quickness(), kSearchEach * rate_);
}

void RateController::grow(Duration active) {
  const double dt = seconds(active) * quickness();
  if (ceiling_ <= 0) {
    note_climb();
    rate_ = bounded(rate_ * std::exp(std::min(policy_.start_growth * dt, kGrowthMost)));
    return;
  }
  if (rate_ < ceiling_ * policy_.near_ceiling) {
    rate_ =
        bounded(std::min(rate_ * std::exp(policy_.recover_growth * seconds(active)), ceiling_ * policy_.near_ceiling));
    return;
  }
  if (rate_ < ceiling_ && wall_ <= ceiling_ * kWideGap) {
    rate_ = bounded(ceiling_ * (1.0 + lead()));
    return;
  }
  excess_ += std::max(0.0, rate_ - ceiling_) * seconds(active);
  const double believed = std::max(burst() * 1.3, kBurstLeastCount);
  if (rate_ > wall_ && excess_ > believed && !fast_) found_more();
  const bool far_below_wall = rate_ < wall_ && wall_ > ceiling_ * kWideGap;
  double growth = policy_.probe_growth * seconds(active) * (1 + std::min(1.0, excess_ / believed));
  if (far_below_wall) growth = search_growth() * seconds(active);
  if (fast_) {
    note_climb();
    growth = policy_.fast_growth * dt;
  }
  rate_ = bounded(rate_ * std::exp(std::min(growth, kGrowthMost)));
}

void RateController::note_climb() {
  if (climb_at_ != Time{}) return;
  climb_at_ = last_;
  climb_rate_ = rate_;
}

// By which a climb grew in a second. It stands still while other things limit what is sent.
double RateController::climbed_by(Time now) const {
  const double most = (ceiling_ > 0 ? policy_.fast_growth : policy_.start_growth) * quickness();
  if (climb_at_ == Time{} || rate_ <= climb_rate_ || now <= climb_at_) return most;
  return std::clamp(std::log(rate_ / climb_rate_) / seconds(now - climb_at_), most * kSlowestClimb, most);
}

void RateController::settle_below(double ceiling, double rate, Duration hold, Time now) {
  guarded_rate_ = rate_;
  guard_until_ = now + delay() + delay() / 8 + std::chrono::milliseconds{20};
  guard_answers_ = guard_refused_ = 0;
  ceiling_ = std::max(ceiling, range_.floor);
  wall_ = rate_;
  climb_growth_ = 0;
  rate_ = bounded(rate);
  hold_until_ = now + hold;
  excess_ = 0;
  fast_ = false;
  climb_at_ = Time{};
  watch_from_ = guard_until_;
  watch_answers_ = watch_refused_ = 0;
}

// A receiver that counts with a bucket of tokens has an empty one now, and what is under way may use what comes in:
// for a moment less is sent. `far`: the rate was far off, so until what is under way is answered.
void RateController::step_back(bool far, Time now) {
  rate_ = bounded(ceiling_ * kStepBack);
  back_until_ = far ? guard_until_ : now + from_seconds(kCushion / ((1 - kStepBack) * ceiling_));
}

// By the time from one refusal to the next: refusals are told at once, and what is taken only at the end of data, so
// that a count of answers sees them too late.
double RateController::refused_share(Time now) const {
  const double sent = rate_ * seconds(now - first_refused_);
  return (watch_refused_ - 1) / std::max(sent, 1.0);
}

// What was under way at the rate before has been answered: its share that was refused says how far that rate was off.
void RateController::end_guard(Time now) {
  const std::uint32_t answers = guard_answers_ + guard_refused_;
  const double before = std::exchange(guarded_rate_, 0.0);
  // A probe that cost more than one refusal is not repeated as soon.
  if (hold_until_ - now > policy_.settle) {
    hold_until_ = std::max(
        hold_until_, std::min(hold_until_ + guard_refused_ * (probe_wait(ceiling_) / 2), now + policy_.probe_latest));
  }
  if (guard_refused_ >= 2 && answers >= 4) {
    const double taken = 1.0 - static_cast<double>(guard_refused_) / answers;
    const double found = before * std::max(taken, 1.0 - deepest(guard_refused_));
    if (found < ceiling_) {
      ceiling_ = std::max(found, range_.floor);
      hold_until_ = std::max(hold_until_, now + policy_.settle);
      back_until_ = now;
    }
  }
}

// What was sent meanwhile says nothing of the rate from now on.
void RateController::end_step_back(Time now) {
  back_until_ = Time{};
  rate_ = bounded(ceiling_ * (1.0 - margin()));
  guard_until_ = std::max(guard_until_, now + delay() + delay() / 8);
  watch_from_ = guard_until_;
  watch_answers_ = watch_refused_ = 0;
}

void RateController::end_what_is_over(Time now) {
  if (guarded_rate_ > 0 && now >= guard_until_) end_guard(now);
  if (back_until_ != Time{} && now >= back_until_) end_step_back(now);
}

// A climb and the search that followed it were ended by the same bucket. If it never ran over in between, what was
// taken is what it refilled: the average. It cannot have run over where less was left unused than the climb let
// through, which began with a full one; else it did if more went through beyond the average in the search than in the
// climb: then it was full when the search came to the limit, and both let the same through.
double RateController::searched(double average) const {
  const double growth = search_growth();
  // What the bucket of a receiver with that limit took in, from the climb's end until the search came to the limit.
  const auto unused = [&](double limit) {
    const double from = std::min(ceiling_, limit);
    return (limit - from) * seconds(policy_.settle) + (limit * std::log(limit / from) - (limit - from)) / growth;
  };
  const auto ran_over = [&](double limit) {
    return beyond(limit, rate_, growth) > beyond(limit, wall_, climb_growth_);
  };
  double low = std::clamp(average, rate_ * kPlausibleSearched, rate_);
  if (unused(low) + kCountedOff < beyond(low, wall_, climb_growth_) || !ran_over(low)) return low;
  double high = rate_;
  for (int halvings = 0; halvings < 10; ++halvings) (ran_over((low + high) / 2) ? low : high) = (low + high) / 2;
  return high;
}

// What the climb before let through beyond the limit that is known now. Where that is the one before it, the climb was
// none, and all of it was the burst.
void RateController::learn_burst(double found, bool measured) {
  const Climb climb = std::exchange(climb_, {});
  if (found <= climb.from * kUnmoved) {
    credit_ = std::max(credit_, climb.excess);
  } else if (measured && climb.to > found) {
    credit_ = std::max(credit_, beyond(found, climb.to, climb.growth));
  }
}

void RateController::end_probe(double average, Time now) {
  const bool known = wall_ <= ceiling_ * kWideGap;
  if (known) credit_ = std::max(credit_ * kBurstKept, excess_);
  // A bucket that ran over before the probe makes the average too low: what was proven then stays.
  const bool climbed = !known && climb_growth_ > 0;
  const bool measured = known || climbed || average >= rate_ * kPlausible;
  const double least = known ? std::min(rate_, ceiling_) : rate_ * (measured ? kPlausible : kGuessedLeast);
  double found = climbed ? searched(average) : std::clamp(average, least, rate_);
  if (!known && measured && found_by_ < kFew && credit_ < kSmallBurst) found = (found + rate_) / 2;  // between the two
  // What goes out between probes may come to what was taken on average, which is more than it was where the bucket ran
  // over. If it was refused before the probe was, it comes to no more than that.
  if (known && average > 0) {
    const double proven = average * (1 - 1 / std::max(cycle_taken_, 1.0)) / (1 - margin());
    found =
        watch_refused_ > 1 ? std::clamp(proven, least * kPlausible, rate_) : std::max(found, std::min(proven, rate_));
  }
  coarse_ = !known && measured && found_by_ < kCoarse && found < kSlow;
  learn_burst(found, measured);
  settle_below(found, found * (1.0 - margin()), measured ? until_probe(found, now) : policy_.settle, now);
  if (measured) wall_ = ceiling_;  // there is nothing to search for between them
  step_back(false, now);
}

// The limit at which a climb let as much through beyond it as the receiver's burst is thought to be.
double RateController::climbed_to(double growth) const {
  const double seconds_worth = std::max(kBurstAtFirst, ceiling_ > 0 ? burst() / ceiling_ : 0);
  double low = rate_ / 5, high = rate_;
  for (int halvings = 0; halvings < 10; ++halvings) {
    const double limit = (low + high) / 2;
    (beyond(limit, rate_, growth) > seconds_worth * limit ? low : high) = limit;
  }
  return low;
}

// How far above the limit a climb ended depends on the burst. The search from the guess ends with the next refusal, and
// the two tell the limit.
void RateController::end_climb(Time now) {
  Climb climb{ceiling_, rate_, 0, excess_};
  const bool climbed = ceiling_ > 0 || rate_ > range_.start;
  climb.growth = climbed_by(now);
  const double guess = climbed ? climbed_to(climb.growth) * kCautious : rate_ * kCarried;
  const double found = std::max(guess, ceiling_);
  settle_below(found, found, policy_.settle, now);
  climb_growth_ = climbed ? climb.growth : 0;
  if (climbed) climb_ = climb;
  step_back(true, now);
}

RateController::Effect RateController::refused(Time now, Duration latency) {
  if (latency > refusal_latency_) refusal_latency_ = latency;
  if (latency > Duration::zero()) refusal_latency_ += (latency - refusal_latency_) / 8;
  // Where something else limited what was sent, the rate to begin with was none.
  if (ceiling_ <= 0 && rate_ <= range_.start && cycle_taken_ > 0) {
    const double since = std::max(seconds(now - cycle_from_), seconds(delay()));
    rate_ = bounded(std::min(rate_, (cycle_taken_ + 1) / since));
  }
  last_ = std::max(last_, now);
  end_what_is_over(now);
  budget_.refused();
  if (now < guard_until_) {
    ++guard_refused_;
    return Effect::Late;
  }
  const Duration within = std::max(policy_.refusals_within, probe_wait(rate_));
  if (now - watch_from_ > within) {
    // Old answers say nothing of the limit now; a refusal among them was an odd one.
    watch_from_ = now;
    watch_answers_ = watch_refused_ = 0;
  }
  if (++watch_refused_ == 1) first_refused_ = now;
  const double cycle = seconds(now - cycle_from_);
  const double average = cycle > std::max(2.0, 8 * seconds(latency_)) ? cycle_taken_ / cycle : 0;
  found_by_ = cycle_taken_;
  const bool again = now - cut_at_ < kCutAgain;
  Effect effect = Effect::None;
  if (probing()) {
    effect = Effect::ProbeEnded;
    // A fast climb that is refused at once was none: the receiver only let more through than it did before.
    const bool slow = ceiling_ > 0 && (!fast_ || rate_ < ceiling_ * kFalseAlarm);
    if (std::exchange(hinted_, false)) siblings_->proved(false);
    if (slow) {
      end_probe(average, now);
    } else {
      end_climb(now);
    }
  } else if (again || watch_refused_ >= policy_.refusals + (refused_share(now) > kDense ? 1 : 0)) {
    effect = Effect::Cut;
    const double counted = static_cast<double>(watch_refused_) / (watch_refused_ + watch_answers_ + 1);
    const double share = watch_refused_ > policy_.refusals ? std::max(counted, refused_share(now)) : counted;
    const double found = rate_ * (1.0 - std::clamp(share, 0.02, deepest(watch_refused_))) * (again ? kAhead : 1.0);
    const bool deep = again || share > 0.1;
    cut_at_ = now;
    settle_below(found, found * (1.0 - margin()), deep ? policy_.settle : until_probe(found, now), now);
    step_back(deep, now);
  }
  if (effect == Effect::None) return effect;  // the bucket is empty, now as at the end of the cycle
  cycle_from_ = now;
  cycle_taken_ = 0;
  return effect;
}

void RateController::cut(double factor, Duration hold, Time now) {
  const double before = rate_;
  settle_below(ceiling_ > 0 ? ceiling_ : before, before * factor, hold, now);
  guarded_rate_ = 0;
  back_until_ = Time{};
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
