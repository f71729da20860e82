// SPDX-License-Identifier: Apache-2.0
// The level is counted in units chosen so that both what a microsecond adds and what a token costs are whole numbers:
// with c thousandths of an event per span of p microseconds, one microsecond adds c units and a token costs 1000 p.
#include "shaping/token_bucket.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace penstock::shaping {
namespace {

constexpr double kCountMax = 1e9;
constexpr std::int64_t kSpanMax = std::int64_t{366} * 24 * 3600 * 1'000'000;

// A burst nobody gave: what comes in a second.
std::uint32_t usual_burst(const Rate& rate) {
  return static_cast<std::uint32_t>(std::clamp(std::floor(rate.per_second()), 1.0, kCountMax));
}

}  // namespace

TokenBucket::TokenBucket(const Rate& rate, std::uint32_t burst) {
  set_rate(rate, burst, Time{});
}

void TokenBucket::set_rate(const Rate& rate, std::uint32_t burst, Time now) {
  if (!(rate.count > 0) || rate.per.count() <= 0) {
    *this = TokenBucket();
    return;
  }
  const bool was_unlimited = unlimited();
  const Wide old_level = level_at(now);
  const std::int64_t old_price = price_;

  const auto thousandths = std::max<std::int64_t>(1, std::llround(std::min(rate.count, kCountMax) * 1000));
  const std::int64_t span = std::min<std::int64_t>(rate.per.count(), kSpanMax) * 1000;
  const std::int64_t divisor = std::gcd(thousandths, span);
  gain_ = thousandths / divisor;
  price_ = span / divisor;
  burst_ = burst == 0 ? usual_burst(rate) : burst;
  at_ = std::max(at_, now);
  if (was_unlimited) {
    level_ = capacity();
    return;
  }
  Wide level = old_level * price_ / old_price;
  if (old_level < 0 && old_level * price_ % old_price != 0) --level;  // rounds down, a debt too
  level_ = std::min(level, capacity());
}

TokenBucket::Wide TokenBucket::level_at(Time now) const {
  if (now <= at_ || unlimited()) return level_;
  return std::min(capacity(), level_ + Wide{(now - at_).count()} * gain_);
}

TokenBucket::Wide TokenBucket::needed(std::uint32_t tokens) const {
  return Wide{std::min(tokens, burst_)} * price_;
}

bool TokenBucket::has(std::uint32_t tokens, Time now) const {
  return unlimited() || level_at(now) >= needed(tokens);
}

bool TokenBucket::try_take(std::uint32_t tokens, Time now) {
  if (unlimited()) return true;
  const Wide level = level_at(now);
  if (level < needed(tokens)) return false;
  level_ = level - Wide{tokens} * price_;
  at_ = std::max(at_, now);
  return true;
}

void TokenBucket::give_back(std::uint32_t tokens, Time now) {
  if (unlimited()) return;
  level_ = std::min(capacity(), level_at(now) + Wide{tokens} * price_);
  at_ = std::max(at_, now);
}

std::uint32_t TokenBucket::available(Time now) const {
  const Wide level = level_at(now);
  return level <= 0 || price_ == 0 ? 0 : static_cast<std::uint32_t>(level / price_);
}

Time TokenBucket::next_available(std::uint32_t tokens, Time now) const {
  if (has(tokens, now)) return now;
  const Time from = std::max(now, at_);
  const Wide missing = needed(tokens) - level_at(from);
  return from + Duration{static_cast<std::int64_t>((missing + gain_ - 1) / gain_)};
}

}  // namespace penstock::shaping
