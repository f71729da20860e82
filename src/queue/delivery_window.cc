// SPDX-License-Identifier: Apache-2.0
#include "queue/delivery_window.h"

#include <array>
#include <string>

#include "queue/errc.h"

namespace penstock::queue {
namespace {

constexpr std::int32_t kDaySeconds = 86400;
constexpr std::array<std::string_view, 7> kDays{"mon", "tue", "wed", "thu", "fri", "sat", "sun"};
constexpr std::uint8_t kEveryDay = 0x7F;
constexpr std::int64_t kDaysAhead = 8 * 7;

std::optional<std::size_t> parse_day(std::string_view text) {
  for (std::size_t day = 0; day < kDays.size(); ++day) {
    if (text == kDays[day]) return day;
  }
  return std::nullopt;
}

// "mon-fri,sun" as bits; 0 if it is not understood.
std::uint8_t parse_days(std::string_view text) {
  std::uint8_t days = 0;
  while (!text.empty()) {
    const std::size_t comma = text.find(',');
    const std::string_view part = text.substr(0, comma);
    text.remove_prefix(comma == std::string_view::npos ? text.size() : comma + 1);
    if (comma != std::string_view::npos && text.empty()) return 0;
    const std::size_t dash = part.find('-');
    const auto first = parse_day(part.substr(0, dash));
    const auto last = dash == std::string_view::npos ? first : parse_day(part.substr(dash + 1));
    if (!first || !last) return 0;
    for (std::size_t day = *first;; day = (day + 1) % 7) {
      days = static_cast<std::uint8_t>(days | 1U << day);
      if (day == *last) break;
    }
  }
  return days;
}

// "08:00" in seconds, up to "24:00".
std::optional<std::int32_t> parse_clock(std::string_view text) {
  if (text.size() != 5 || text[2] != ':') return std::nullopt;
  std::array<std::int32_t, 4> digits{};
  for (std::size_t i = 0; i < 4; ++i) {
    const char c = text[i < 2 ? i : i + 1];
    if (c < '0' || c > '9') return std::nullopt;
    digits[i] = c - '0';
  }
  const std::int32_t hours = digits[0] * 10 + digits[1];
  const std::int32_t minutes = digits[2] * 10 + digits[3];
  if (minutes > 59 || hours * 60 + minutes > 24 * 60) return std::nullopt;
  return hours * 3600 + minutes * 60;
}

}  // namespace

Result<Hours> parse_hours(std::string_view text) {
  const std::size_t dash = text.find('-');
  const auto from = parse_clock(text.substr(0, dash));
  const auto until = dash == std::string_view::npos ? std::nullopt : parse_clock(text.substr(dash + 1));
  if (!from || !until || *from == *until || *from == kDaySeconds || *until == 0) {
    return fail(Errc::BadWindow,
                "hours \"" + std::string(text) + "\": expected like \"08:00-22:00\", or \"00:00-24:00\"");
  }
  return Hours{*from, *until > *from ? *until : *until + kDaySeconds};
}

Result<DeliveryWindow> DeliveryWindow::make(std::string_view days, std::string_view hours, ZoneRules zone) {
  DeliveryWindow window;
  window.days_ = parse_days(days);
  if (window.days_ == 0) {
    return fail(Errc::BadWindow, "days \"" + std::string(days) + "\": expected like \"mon-fri\" or \"sat,sun\"");
  }
  const auto read = parse_hours(hours);
  if (!read) return fail(read.error());
  window.from_ = read->from;
  window.until_ = read->until;
  window.zone_ = std::move(zone);
  window.always_ = window.days_ == kEveryDay && window.until_ - window.from_ == kDaySeconds;
  return window;
}

DeliveryWindow::Span DeliveryWindow::next_span(Time now) const {
  const std::int64_t utc = std::chrono::floor<std::chrono::seconds>(now).time_since_epoch().count();
  const std::int64_t local = utc + zone_.offset_at(utc);
  const std::int64_t today = local / kDaySeconds - (local % kDaySeconds < 0 ? 1 : 0);
  // A span of yesterday may still be open, and clocks may skip the next one or two.
  for (std::int64_t day = today - 1; day <= today + kDaysAhead; ++day) {
    const auto weekday = static_cast<unsigned>(((day + 3) % 7 + 7) % 7);  // 1970-01-01 was a Thursday
    if ((days_ >> weekday & 1U) == 0) continue;
    const std::int64_t midnight = day * kDaySeconds;
    const Time from{std::chrono::seconds{zone_.to_utc(midnight + from_, ZoneRules::Twice::First)}};
    const Time until{std::chrono::seconds{zone_.to_utc(midnight + until_, ZoneRules::Twice::Last)}};
    if (now < until && from < until) return {from, until};
  }
  return {now, now + std::chrono::hours{24}};
}

Time DeliveryWindow::opens(Time now) const {
  return always_ ? now : std::max(now, next_span(now).from);
}

std::optional<Time> DeliveryWindow::closes(Time now) const {
  if (always_) return std::nullopt;
  Span span = next_span(now);
  if (span.from > now) return std::nullopt;
  // Whole days in a row are one span; a week of them is not, or the window would be open always.
  for (int day = 0; day < 7; ++day) {
    const Span next = next_span(span.until);
    if (next.from > span.until) break;
    span = next;
  }
  return span.until;
}

}  // namespace penstock::queue
