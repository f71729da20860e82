// SPDX-License-Identifier: Apache-2.0
#include "api/time_text.h"

#include <fmt/format.h>

#include "base/ascii.h"

namespace penstock::api {
namespace {

namespace chrono = std::chrono;

// Takes `count` digits and then `separator` (0: none) off the front; nothing when they are not there.
std::optional<int> take_number(std::string_view& text, std::size_t count, char separator) {
  const std::size_t length = count + (separator != 0 ? 1 : 0);
  if (text.size() < length) return std::nullopt;
  int value = 0;
  for (std::size_t i = 0; i < count; ++i) {
    if (!ascii::is_digit(text[i])) return std::nullopt;
    value = value * 10 + (text[i] - '0');
  }
  if (separator != 0 && ascii::to_upper(text[count]) != separator) return std::nullopt;
  text.remove_prefix(length);
  return value;
}

// ".25" is 250,000 µs; decimals beyond the sixth are dropped.
Duration take_fraction(std::string_view& text) {
  if (!text.starts_with('.')) return Duration::zero();
  text.remove_prefix(1);
  std::int64_t micros = 0;
  std::int64_t unit = 100'000;
  for (; !text.empty() && ascii::is_digit(text.front()); text.remove_prefix(1), unit /= 10) {
    micros += (text.front() - '0') * unit;
  }
  return Duration{micros};
}

std::optional<chrono::minutes> take_offset(std::string_view& text) {
  if (text == "Z" || text == "z") {
    text = {};
    return chrono::minutes{0};
  }
  if (text.empty() || (text.front() != '+' && text.front() != '-')) return std::nullopt;
  const int sign = text.front() == '-' ? -1 : 1;
  text.remove_prefix(1);
  const auto hours = take_number(text, 2, ':');
  const auto minutes = hours ? take_number(text, 2, 0) : std::nullopt;
  if (!minutes || *hours > 23 || *minutes > 59) return std::nullopt;
  return chrono::minutes{sign * (*hours * 60 + *minutes)};
}

}  // namespace

std::string format_time(Time time) {
  const auto day = chrono::floor<chrono::days>(time);
  const chrono::year_month_day date(day);
  const chrono::hh_mm_ss clock(chrono::floor<chrono::milliseconds>(time - day));
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()), clock.hours().count(),
                     clock.minutes().count(), clock.seconds().count(), clock.subseconds().count());
}

std::optional<Time> parse_time(std::string_view text) {
  const auto year = take_number(text, 4, '-');
  const auto month = year ? take_number(text, 2, '-') : std::nullopt;
  auto day = month ? take_number(text, 2, 'T') : std::nullopt;
  if (month && !day) day = take_number(text, 2, ' ');
  const auto hour = day ? take_number(text, 2, ':') : std::nullopt;
  const auto minute = hour ? take_number(text, 2, ':') : std::nullopt;
  const auto second = minute ? take_number(text, 2, 0) : std::nullopt;
  if (!second || *hour > 23 || *minute > 59 || *second > 60) return std::nullopt;
  const chrono::year_month_day date{chrono::year(*year), chrono::month(static_cast<unsigned>(*month)),
                                    chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok()) return std::nullopt;
  const Duration fraction = take_fraction(text);
  const auto offset = take_offset(text);
  if (!offset || !text.empty()) return std::nullopt;
  const Time time = Time{chrono::sys_days(date).time_since_epoch()} + chrono::hours(*hour) + chrono::minutes(*minute) +
                    chrono::seconds(*second) + fraction - *offset;
  constexpr Time kEnd{chrono::sys_days(chrono::year(9999) / 12 / 31).time_since_epoch()};
  if (time < Time{} || time >= kEnd) return std::nullopt;
  return time;
}

}  // namespace penstock::api
