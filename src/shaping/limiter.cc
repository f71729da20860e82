// SPDX-License-Identifier: Apache-2.0
#include "shaping/limiter.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/check.h"

namespace penstock::shaping {
namespace {

bool is_connection_trouble(const model::Outcome& outcome) {
  if (outcome.kind == model::OutcomeKind::Delivered) return false;
  return outcome.step == model::Step::Connect || outcome.step == model::Step::Banner ||
         outcome.step == model::Step::Ehlo || outcome.step == model::Step::Auth;
}

// The receiver answered, and what it said is about us: no sign that it is down.
bool speaks_of_us(model::OutcomeClass outcome_class) {
  switch (outcome_class) {
    case model::OutcomeClass::RateLimit:
    case model::OutcomeClass::TooManyConnections:
    case model::OutcomeClass::Reputation:
    case model::OutcomeClass::Blocklist: return true;
    default: return false;
  }
}

MessageRange message_range(const Limits& limits) {
  return {limits.messages_per_connection_floor, limits.messages_per_connection_start, limits.messages_per_connection};
}

std::uint32_t tokens(std::uint64_t bytes) {
  return static_cast<std::uint32_t>(std::min<std::uint64_t>(bytes, 1'000'000'000));
}

// What may be made up for after a moment without a free connection. Made up for little by little: a receiver may count
// in shorter spans.
constexpr double kBurstSeconds = 0.2;
constexpr double kPace = 1.05;
constexpr double kPaceSeconds = 0.02;
// Of the connections that are enough: one more for each so many may be opened at a time while the rate holds nothing
// back.
constexpr std::uint32_t kOpenEach = 8;

}  // namespace

Limiter::Limiter(std::string scope, const Limits& limits, std::optional<TroublePolicy> trouble,
                 const AdaptivePolicy& adaptive, const Neighbours& neighbours)
    : scope_(std::move(scope)),
      limits_(limits),
      adaptive_(adaptive),
      neighbours_(neighbours),
      connection_rate_(limits.connection_rate),
      message_rate_(limits.message_rate),
      transaction_rate_(limits.transaction_rate),
      byte_rate_(limits.byte_rate),
      message_cap_(message_range(limits)) {
  if (trouble) trouble_.emplace(*trouble);
  if (limits.adaptive_connections() || limits.adaptive_rate()) {
    controller_.emplace(limits, adaptive, Time{}, neighbours_);
    apply_rate(Time{});
  }
}

PathController& Limiter::controller(Time now) {
  if (!controller_) controller_.emplace(limits_, adaptive_, now, neighbours_);
  return *controller_;
}

// Evenly: a receiver that counts by the second must not see two seconds' worth in one.
void Limiter::apply_rate(Time now) {
  const double wanted = controller_ ? controller_->rate(now) : 0;
  if (wanted == rate_ || std::abs(wanted - rate_) < 0.002 * rate_) return;
  rate_ = wanted;
  if (wanted > 0) {
    const auto burst_of = [](double value) { return static_cast<std::uint32_t>(std::max(1.0, value)); };
    message_rate_.set_rate(Rate{wanted}, burst_of(wanted * kBurstSeconds), now);
    const bool refused = controller_->rate_ceiling() > 0;  // before, connections may be all that limits
    pace_.set_rate(Rate{refused ? wanted * kPace : 0}, burst_of(wanted * kPaceSeconds), now);
  } else {
    message_rate_.set_rate(limits_.message_rate, 0, now);
    pace_ = TokenBucket();
  }
}

std::uint32_t Limiter::connection_limit(Time now) const {
  std::uint32_t limit = limits_.connections == 0 ? Explanation::kNoLimit : limits_.connections;
  if (controller_) limit = std::min(limit, controller_->connection_limit(now));
  return trouble_ ? std::min(limit, trouble_->allowed(now)) : limit;
}

// One connection more than the rate needs is opened only when the rate does not hold mail back: then those that are
// open are the bottleneck, whatever was thought to be enough.
bool Limiter::enough_connections(Time now) const {
  if (!controller_) return false;
  const std::uint32_t useful = controller_->useful_connections(now, opening_share(now));
  return connections_ >= useful && (opening_ > useful / kOpenEach || pressed(now));
}

// Mail had to wait for the rate a moment ago: half a second, or what three recipients take.
bool Limiter::pressed(Time now) const {
  const Duration few{static_cast<std::int64_t>(3e6 / std::max(rate_, 0.1))};
  return now - pressed_at_ < std::clamp(few, kPressed, kPressedMost);
}

// What opening and closing take of a connection's time, for each message that it carries.
Duration Limiter::opening_share(Time now) const {
  const std::uint32_t cap = message_cap_.allowed(now);
  std::uint32_t messages = limits_.messages_per_connection;
  if (cap != 0) messages = messages == 0 ? cap : std::min(messages, cap);
  return messages == 0 ? Duration{} : opening_time_ * 4 / (3 * messages);  // closing takes a third of it
}

// How long one takes: by how many are being opened at a time, and how many become usable meanwhile.
void Limiter::count_opening(Time now) {
  opening_sum_ += (now - opening_seen_) * opening_;
  opening_seen_ = now;
}

void Limiter::end_opening(bool usable, Time now) {
  count_opening(now);
  if (opening_ > 0) --opening_;
  opened_ = usable ? opened_ + 1 : 0;
  if (usable && opened_ < kOpened) return;
  if (usable) opening_time_ = opening_sum_ / opened_;
  opening_sum_ = {};
  opened_ = 0;
}

// One failed, and others that were opened with it, or since, have not been heard of.
bool Limiter::waits_for_others() const {
  return opening_ > 0 && trouble_ && trouble_->in_doubt();
}

bool Limiter::can_open(Time now) const {
  return connections_ < connection_limit(now) && connection_rate_.has(1, now) && !waits_for_others() &&
         !enough_connections(now) && next_send(1, now) - now <= kRateWait;
}

void Limiter::open(Time now) {
  PENSTOCK_CHECK(connections_ < connection_limit(now));
  PENSTOCK_CHECK(connection_rate_.try_take(1, now));
  count_opening(now);
  ++connections_;
  ++opening_;
}

void Limiter::close() {
  PENSTOCK_CHECK(connections_ > 0);
  --connections_;
  opening_ = std::min(opening_, connections_);
}

std::optional<Time> Limiter::next_open(Time now) const {
  const Time by_rate = std::max(connection_rate_.next_available(1, now), next_send(1, now) - kRateWait);
  const std::uint32_t limit = connection_limit(now);
  if (limit == 0) {
    Time at = by_rate;
    if (trouble_) at = std::max(at, trouble_->suspended_until());
    if (controller_) at = std::max(at, controller_->suspended_until(now));
    return at;
  }
  if (connections_ >= limit) return std::nullopt;
  if (waits_for_others()) return std::max(by_rate, now + kLookAgain);
  return enough_connections(now) ? std::max(by_rate, now + kLookSoon) : by_rate;
}

bool Limiter::can_send(std::uint32_t recipients, Time now, std::uint64_t bytes) const {
  if (controller_ && controller_->suspended(now)) return false;
  if (!message_rate_.has(recipients, now)) {
    pressed_at_ = now;
    return false;
  }
  return pace_.has(recipients, now) && transaction_rate_.has(1, now) && byte_rate_.has(tokens(bytes), now);
}

void Limiter::send(std::uint32_t recipients, Time now, std::uint64_t bytes) {
  PENSTOCK_CHECK(message_rate_.try_take(recipients, now));
  PENSTOCK_CHECK(pace_.try_take(recipients, now));
  PENSTOCK_CHECK(transaction_rate_.try_take(1, now));
  PENSTOCK_CHECK(byte_rate_.try_take(tokens(bytes), now));
}

void Limiter::give_back(std::uint32_t recipients, Time now) {
  message_rate_.give_back(recipients, now);
  pace_.give_back(recipients, now);
  transaction_rate_.give_back(1, now);
}

Time Limiter::next_send(std::uint32_t recipients, Time now, std::uint64_t bytes) const {
  const Time by_count = std::max({message_rate_.next_available(recipients, now), pace_.next_available(recipients, now),
                                  transaction_rate_.next_available(1, now)});
  const Time by_rate = std::max(by_count, byte_rate_.next_available(tokens(bytes), now));
  return controller_ ? std::max(by_rate, controller_->suspended_until(now)) : by_rate;
}

Limiter::Observed Limiter::observe(const model::Outcome& outcome, Time now, Rng& rng, const AttemptFacts& facts) {
  if (!is_connection_trouble(outcome)) {
    if (outcome.step == model::Step::StartTls) {  // one domain's wishes, no sign of what the receiver can take
      end_opening(false, now);
      return Observed::Counted;
    }
    if (!facts.late) note_answer(outcome, now, rng, facts);
    if (!controller_) return Observed::Counted;
    controller_->observe(outcome, facts, connections_, pressed(now), now);
    apply_rate(now);
    return Observed::Counted;
  }
  end_opening(false, now);
  const bool says_why = speaks_of_us(outcome.outcome_class);
  if (controller_ && says_why && outcome.outcome_class != model::OutcomeClass::TooManyConnections) {
    controller_->observe(outcome, facts, connections_, pressed(now), now);
    apply_rate(now);
    const bool serves = facts.host_serves && controller_->serving(now);
    if (serves || controller_->suspended(now)) return Observed::Counted;
  } else if (controller_ && limits_.adaptive_connections() && connections_ > 1 && controller_->serving(now) &&
             (facts.host_serves || outcome.outcome_class == model::OutcomeClass::TooManyConnections)) {
    controller_->connection_refused(outcome, connections_ - 1, now);
    return Observed::OneTooMany;
  }
  if (!trouble_) return Observed::Undecided;
  const std::string cause = outcome.reply.code != 0 ? outcome.reply.to_string() : outcome.reply.text;
  const auto judged = trouble_->failed(cause, opening_, now, rng);
  return judged == ConnectionTrouble::Judged::Yes ? Observed::Counted : Observed::Undecided;
}

// A host that greets and then says nothing is as down as one that does not greet.
void Limiter::note_answer(const model::Outcome& outcome, Time now, Rng& rng, const AttemptFacts& facts) {
  if (!trouble_) return;
  const bool answered = outcome.kind == model::OutcomeKind::Delivered || outcome.reply.code != 0;
  if (answered) {
    answered_at_ = now;
    if (std::exchange(silent_, false)) trouble_->succeeded(now);
    return;
  }
  if (outcome.outcome_class != model::OutcomeClass::Timeout || answered_at_ + facts.whole >= now) return;
  silent_ = true;
  trouble_->failed(outcome.reply.text, 0, now, rng);
}

void Limiter::connected(Time now) {
  end_opening(true, now);
  if (controller_) controller_->connected(now);
  if (!trouble_ || silent_) return;
  trouble_->succeeded(now);
  // Once recovery allows as much as the configuration does, there is nothing left to recover.
  const std::uint32_t allowed = trouble_->allowed(now);
  if (limits_.connections != 0 && allowed > 1 && allowed >= limits_.connections) trouble_->reset();
}

void Limiter::abandoned(Time now) {
  end_opening(false, now);
  connection_rate_.give_back(1, now);
}

State Limiter::state(Time now) const {
  const State by_trouble = trouble_ ? trouble_->state(now) : State::Normal;
  return controller_ ? std::max(by_trouble, controller_->state(now)) : by_trouble;
}

Explanation Limiter::explain(Time now) const {
  Explanation what = trouble_ ? trouble_->explain(now) : Explanation{};
  if (controller_ && controller_->state(now) >= what.state) what = controller_->explain(now);
  what.scope = scope_;
  what.connections = connections_;
  what.connection_limit = connection_limit(now);
  what.messages_per_connection = message_cap_.allowed(now);
  return what;
}

void Limiter::reset(Time now) {
  if (trouble_) trouble_->reset();
  silent_ = false;
  message_cap_.forget();
  if (!controller_) return;
  controller_->clear(now);
  apply_rate(now);
}

void Limiter::pin(Pin pin, Time now) {
  controller(now).pin(std::move(pin), now);
  apply_rate(now);
}

void Limiter::unpin(Time now) {
  if (!controller_) return;
  controller_->unpin(now);
  apply_rate(now);
}

std::optional<Pin> Limiter::pinned() const {
  return controller_ ? controller_->pinned() : std::nullopt;
}

std::optional<LearnedState> Limiter::learned() const {
  if (!controller_) return std::nullopt;
  return controller_->learned();
}

void Limiter::restore(const LearnedState& state, Time now) {
  if (!controller_) return;
  controller_->restore(state, now);
  apply_rate(now);
  note_told(state.since, now);
}

std::optional<TroubleState> Limiter::trouble() const {
  if (!trouble_) return std::nullopt;
  TroubleState state = trouble_->learned();
  return state.ramp == 0 ? std::nullopt : std::optional(std::move(state));
}

void Limiter::restore(const TroubleState& state, Time now) {
  if (!trouble_) return;
  trouble_->restore(state);
  note_told(state.since, now);
}

void Limiter::note_told(Time since, Time now) {
  if (state(now) >= State::Backoff) set_told(state(now), since == Time{} ? now : since);
}

void Limiter::set_told(State state, Time now) {
  if (told_ == State::Normal) told_at_ = now;
  told_ = state;
}

void Limiter::set_limits(const Limits& limits, Time now) {
  const Limits before = std::exchange(limits_, limits);
  message_cap_.set_range(message_range(limits));
  if (limits.connection_rate != before.connection_rate) connection_rate_.set_rate(limits.connection_rate, 0, now);
  if (limits.transaction_rate != before.transaction_rate) transaction_rate_.set_rate(limits.transaction_rate, 0, now);
  if (limits.byte_rate != before.byte_rate) byte_rate_.set_rate(limits.byte_rate, 0, now);
  const bool ranges = limits.adaptive_connections() || limits.adaptive_rate();
  const bool same_kind = limits.adaptive_connections() == before.adaptive_connections() &&
                         limits.adaptive_rate() == before.adaptive_rate();
  if (controller_ && same_kind) {
    controller_->set_limits(limits);
  } else if (controller_) {
    // A pin and a wait that was named outlive the range they came with; so does what was found of the other one.
    const LearnedState learned = controller_->learned();
    const std::optional<Pin> pin = controller_->pinned();
    const bool rests = std::max(learned.suspended_until, learned.backoff_until) > now;
    controller_.reset();
    if (ranges || pin || rests) {
      controller_.emplace(limits, adaptive_, now, neighbours_);
      if (pin) controller_->pin(*pin, now);
      controller_->restore(learned, now);
    }
  } else if (ranges) {
    controller_.emplace(limits, adaptive_, now, neighbours_);
  }
  if (rate_ > 0 || ranges) {
    apply_rate(now);
  } else if (limits.message_rate != before.message_rate) {
    message_rate_.set_rate(limits.message_rate, 0, now);
  }
}

void Limiter::set_policy(const AdaptivePolicy& policy, Time now) {
  adaptive_ = policy;
  if (!controller_) return;
  controller_->set_policy(policy);
  apply_rate(now);
}

bool Limiter::idle(Time now) const {
  // What was learned is worth keeping for a while: it cost refusals.
  const bool learned = controller_ && !controller_->stale(now);
  return connections_ == 0 && !learned && state(now) == State::Normal && connection_rate_.full(now) &&
         message_rate_.full(now) && transaction_rate_.full(now) && byte_rate_.full(now);
}

}  // namespace penstock::shaping
