// SPDX-License-Identifier: Apache-2.0
// The footer of a time zone file: a POSIX TZ string with the extension of RFC 8536 §3.3.1 (hours from -167 to 167 in a
// rule's time), such as "CET-1CEST,M3.5.0,M10.5.0/3" or "<-03>3".
#include <algorithm>
#include <charconv>
#include <chrono>

#include "queue/errc.h"
#include "queue/zone_rules.h"

namespace penstock::queue {

// Reads the parts in order. After the first one that does not fit, `good` stays false and values are without meaning.
class ZoneRules::FooterReader {
 public:
  explicit FooterReader(std::string_view text) : text_(text) {}
  [[nodiscard]] bool good() const { return good_; }
  [[nodiscard]] bool at_end() const { return text_.empty(); }
  [[nodiscard]] bool next_is(char c) const { return !text_.empty() && text_.front() == c; }

  void skip(char c) {
    if (next_is(c))
      text_.remove_prefix(1);
    else
      good_ = false;
  }
  void skip_name() {
    const bool quoted = next_is('<');
    const std::size_t end = quoted ? text_.find('>') : text_.find_first_of("+-0123456789,");
    const std::size_t length = end == std::string_view::npos ? text_.size() : end;
    if (length < 3 || (quoted && end == std::string_view::npos)) good_ = false;
    text_.remove_prefix(std::min(text_.size(), length + (quoted ? 1 : 0)));
  }
  int number(int least, int most) {
    int value = 0;
    const auto [end, problem] = std::from_chars(text_.data(), text_.data() + text_.size(), value);
    const bool fits = problem == std::errc{} && !next_is('-') && least <= value && value <= most;
    text_.remove_prefix(static_cast<std::size_t>(end - text_.data()));
    if (!fits) good_ = false;
    return fits ? value : least;
  }
  // [+-]hh[:mm[:ss]] in seconds.
  std::int32_t time(int hours_max) {
    const bool negative = next_is('-');
    if (negative || next_is('+')) text_.remove_prefix(1);
    std::int32_t seconds = number(0, hours_max) * 3600;
    for (const int unit : {60, 1}) {
      if (!next_is(':')) break;
      skip(':');
      seconds += number(0, 59) * unit;
    }
    return negative ? -seconds : seconds;
  }
  RuleDay day() {
    RuleDay rule;
    skip(',');
    if (next_is('M')) {
      skip('M');
      rule.month = number(1, 12);
      skip('.');
      rule.week = number(1, 5);
      skip('.');
      rule.weekday = number(0, 6);
    } else if (next_is('J')) {
      skip('J');
      rule.kind = RuleDay::Kind::Julian;
      rule.day = number(1, 365);
    } else {
      rule.kind = RuleDay::Kind::DayOfYear;
      rule.day = number(0, 365);
    }
    if (next_is('/')) {
      skip('/');
      rule.seconds = time(167);
    }
    return rule;
  }

 private:
  std::string_view text_;
  bool good_ = true;
};

Result<std::optional<ZoneRules::Footer>> ZoneRules::parse_footer(std::string_view text) {
  if (text.empty()) return std::nullopt;
  FooterReader reader(text);
  Footer footer;
  reader.skip_name();
  footer.standard = -reader.time(24);  // POSIX counts west of Greenwich
  if (reader.good() && !reader.at_end()) {
    footer.has_daylight = true;
    reader.skip_name();
    footer.daylight = reader.next_is(',') ? footer.standard + 3600 : -reader.time(24);
    footer.starts = reader.day();
    footer.ends = reader.day();
  }
  if (!reader.good() || !reader.at_end()) return fail(Errc::BadZone, "footer \"" + std::string(text) + "\"");
  return footer;
}

// Midnight that begins the rule's day, as clocks there show it.
std::int64_t ZoneRules::day_start(const RuleDay& rule, std::int64_t year_number) {
  using namespace std::chrono;
  const year y{static_cast<int>(year_number)};
  sys_days day = y / January / 1;
  switch (rule.kind) {
    case RuleDay::Kind::Month: {
      const month m{static_cast<unsigned>(rule.month)};
      const weekday w{static_cast<unsigned>(rule.weekday)};
      day = rule.week == 5 ? sys_days{y / m / w[last]} : sys_days{y / m / w[static_cast<unsigned>(rule.week)]};
      break;
    }
    case RuleDay::Kind::Julian:  // February 29 is never counted
      day += days{rule.day - 1 + (y.is_leap() && rule.day >= 60 ? 1 : 0)};
      break;
    case RuleDay::Kind::DayOfYear: day += days{rule.day}; break;
  }
  return duration_cast<seconds>(day.time_since_epoch()).count();
}

std::int32_t ZoneRules::footer_offset(const Footer& footer, std::int64_t utc) {
  using namespace std::chrono;
  if (!footer.has_daylight) return footer.standard;
  // The calendar repeats every 400 years, to the weekday. So no moment is too far away for std::chrono.
  constexpr std::int64_t kCycle = std::int64_t{146'097} * 86'400;
  utc = (utc % kCycle + kCycle) % kCycle;
  const sys_seconds standard_time{seconds{utc + footer.standard}};
  const auto year_number = static_cast<int>(year_month_day{floor<days>(standard_time)}.year());
  const std::int64_t starts = day_start(footer.starts, year_number) + footer.starts.seconds - footer.standard;
  const std::int64_t ends = day_start(footer.ends, year_number) + footer.ends.seconds - footer.daylight;
  const bool daylight = starts < ends ? starts <= utc && utc < ends : !(ends <= utc && utc < starts);
  return daylight ? footer.daylight : footer.standard;
}

}  // namespace penstock::queue
