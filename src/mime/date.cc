// SPDX-License-Identifier: Apache-2.0
#include "mime/date.h"

#include <algorithm>
#include <array>
#include <cstdint>

#include "base/ascii.h"

namespace penstock::mime {
namespace {

namespace chrono = std::chrono;

constexpr std::array<std::string_view, 7> kDays{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
constexpr std::array<std::string_view, 12> kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                   "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
struct NamedZone {
  std::string_view name;
  int minutes;
};
// obs-zone of RFC 5322 §4.3; the military letters mean an unknown offset there, so -0000.
constexpr NamedZone kZones[] = {{"UT", 0},     {"GMT", 0},    {"UTC", 0},    {"EST", -300},
                                {"EDT", -240}, {"CST", -360}, {"CDT", -300}, {"MST", -420},
                                {"MDT", -360}, {"PST", -480}, {"PDT", -420}};

struct Fields {
  int year = 0;
  unsigned month = 0, day = 0, hour = 0, minute = 0, second = 0;
  std::int64_t microseconds = 0;
  int offset_minutes = 0;
};

std::optional<Time> to_time(const Fields& f) {
  const chrono::year_month_day date{chrono::year{f.year}, chrono::month{f.month}, chrono::day{f.day}};
  if (!date.ok() || f.hour > 23 || f.minute > 59 || f.second > 60) return std::nullopt;
  const Time time = Time{chrono::sys_days{date}.time_since_epoch()} + chrono::hours{f.hour} +
                    chrono::minutes{static_cast<int>(f.minute) - f.offset_minutes} + chrono::seconds{f.second} +
                    Duration{f.microseconds};
  if (time < Time{}) return std::nullopt;
  return time;
}

// A cursor over the text. Each take_… advances past what it names, or leaves the cursor alone and says no.
class Cursor {
 public:
  explicit Cursor(std::string_view text) : rest_(text) {}
  [[nodiscard]] bool empty() const { return rest_.empty(); }

  bool take(char c) {
    if (rest_.empty() || rest_.front() != c) return false;
    rest_.remove_prefix(1);
    return true;
  }
  // Between `min` and `max` digits, all that are there.
  template <class Number>
  bool take_number(std::size_t min, std::size_t max, Number& out) {
    std::size_t n = 0;
    Number value = 0;
    while (n < rest_.size() && ascii::is_digit(rest_[n])) {
      if (n == max) return false;
      value = value * 10 + static_cast<Number>(rest_[n++] - '0');
    }
    if (n < min) return false;
    out = value;
    rest_.remove_prefix(n);
    digits_ = n;
    return true;
  }
  [[nodiscard]] std::size_t digits() const { return digits_; }  // of the last number
  std::string_view take_word() {
    std::size_t n = 0;
    while (n < rest_.size() && ascii::is_alpha(rest_[n])) ++n;
    const std::string_view word = rest_.substr(0, n);
    rest_.remove_prefix(n);
    return word;
  }
  // Blanks, folds and comments (CFWS); false if a comment does not end.
  bool skip_blanks() {
    int depth = 0;
    while (!rest_.empty()) {
      const char c = rest_.front();
      if (c == '(') {
        ++depth;
      } else if (c == ')' && depth > 0) {
        --depth;
      } else if (c == '\\' && depth > 0 && rest_.size() > 1) {
        rest_.remove_prefix(1);
      } else if (depth == 0 && !ascii::is_space(c)) {
        return true;
      }
      rest_.remove_prefix(1);
    }
    return depth == 0;
  }

 private:
  std::string_view rest_;
  std::size_t digits_ = 0;
};

// "+0100" or, with a colon, "+01:00".
bool take_offset(Cursor& at, bool colon, int& minutes) {
  const bool negative = at.take('-');
  if (!negative && !at.take('+')) return false;
  int hours = 0;
  int rest = 0;
  if (colon) {
    if (!at.take_number(2, 2, hours) || !at.take(':') || !at.take_number(2, 2, rest)) return false;
  } else {
    int both = 0;
    if (!at.take_number(4, 4, both)) return false;
    hours = both / 100;
    rest = both % 100;
  }
  if (hours > 23 || rest > 59) return false;
  minutes = (hours * 60 + rest) * (negative ? -1 : 1);
  return true;
}

bool take_fraction(Cursor& at, std::int64_t& microseconds) {
  std::int64_t value = 0;
  if (!at.take_number(1, 12, value)) return false;
  std::size_t digits = at.digits();
  for (; digits < 6; ++digits) value *= 10;
  for (; digits > 6; --digits) value /= 10;
  microseconds = value;
  return true;
}

std::optional<Time> parse_internet_date(Cursor at) {
  Fields f;
  if (!at.take_number(4, 4, f.year) || !at.take('-') || !at.take_number(2, 2, f.month) || !at.take('-') ||
      !at.take_number(2, 2, f.day) || !(at.take('T') || at.take('t') || at.take(' ')) ||
      !at.take_number(2, 2, f.hour) || !at.take(':') || !at.take_number(2, 2, f.minute) || !at.take(':') ||
      !at.take_number(2, 2, f.second)) {
    return std::nullopt;
  }
  if (at.take('.') && !take_fraction(at, f.microseconds)) return std::nullopt;
  if (!(at.take('Z') || at.take('z')) && !take_offset(at, true, f.offset_minutes)) return std::nullopt;
  if (!at.empty()) return std::nullopt;
  return to_time(f);
}

template <std::size_t N>
std::optional<unsigned> find_name(const std::array<std::string_view, N>& names, std::string_view word) {
  for (unsigned i = 0; i < N; ++i) {
    if (ascii::equal_ignoring_case(names[i], word)) return i;
  }
  return std::nullopt;
}

bool take_zone(Cursor& at, int& minutes) {
  if (take_offset(at, false, minutes)) return true;
  const std::string_view word = at.take_word();
  if (word.size() == 1) return !ascii::equal_ignoring_case(word, "J");
  for (const NamedZone& zone : kZones) {
    if (!ascii::equal_ignoring_case(zone.name, word)) continue;
    minutes = zone.minutes;
    return true;
  }
  return false;
}

std::optional<Time> parse_message_date(Cursor at) {
  Fields f;
  if (!at.skip_blanks()) return std::nullopt;
  if (const std::string_view day = at.take_word(); !day.empty()) {
    if (!find_name(kDays, day) || !at.skip_blanks() || !at.take(',') || !at.skip_blanks()) return std::nullopt;
  }
  if (!at.take_number(1, 2, f.day) || !at.skip_blanks()) return std::nullopt;
  const auto month = find_name(kMonths, at.take_word());
  if (!month || !at.skip_blanks() || !at.take_number(2, 4, f.year)) return std::nullopt;
  f.month = *month + 1;
  if (at.digits() == 2) f.year += f.year < 50 ? 2000 : 1900;  // RFC 5322 §4.3
  if (at.digits() == 3) f.year += 1900;
  if (!at.skip_blanks() || !at.take_number(2, 2, f.hour) || !at.skip_blanks() || !at.take(':') || !at.skip_blanks() ||
      !at.take_number(2, 2, f.minute) || !at.skip_blanks()) {
    return std::nullopt;
  }
  if (at.take(':') && (!at.skip_blanks() || !at.take_number(2, 2, f.second) || !at.skip_blanks())) return std::nullopt;
  if (!take_zone(at, f.offset_minutes) || !at.skip_blanks() || !at.empty()) return std::nullopt;
  return to_time(f);
}

void append_number(std::string& out, unsigned value, int width) {
  char digits[4];
  for (int i = width - 1; i >= 0; --i, value /= 10) digits[i] = static_cast<char>('0' + value % 10);
  out.append(digits, static_cast<std::size_t>(width));
}

}  // namespace

std::string format_date(Time time) {
  const auto days = chrono::floor<chrono::days>(time);
  const chrono::year_month_day date{days};
  const chrono::hh_mm_ss clock{chrono::floor<chrono::seconds>(time - days)};
  std::string out;
  out.reserve(31);
  out += kDays[chrono::weekday{days}.c_encoding()];
  out += ", ";
  append_number(out, static_cast<unsigned>(date.day()), 2);
  out += ' ';
  out += kMonths[static_cast<unsigned>(date.month()) - 1];
  out += ' ';
  append_number(out, static_cast<unsigned>(std::clamp(static_cast<int>(date.year()), 0, 9999)), 4);
  out += ' ';
  append_number(out, static_cast<unsigned>(clock.hours().count()), 2);
  out += ':';
  append_number(out, static_cast<unsigned>(clock.minutes().count()), 2);
  out += ':';
  append_number(out, static_cast<unsigned>(clock.seconds().count()), 2);
  out += " +0000";
  return out;
}

std::optional<Time> parse_date(std::string_view text) {
  text = ascii::trim(text);
  if (const auto time = parse_internet_date(Cursor(text))) return time;
  return parse_message_date(Cursor(text));
}

}  // namespace penstock::mime
