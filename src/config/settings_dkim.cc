// SPDX-License-Identifier: Apache-2.0
// [[dkim]]: keys that sign.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>

#include "base/ascii.h"
#include "config/rules.h"
#include "config/schema.h"

namespace penstock::config {
namespace {

using namespace std::chrono_literals;
using enum Apply;

constexpr std::size_t kHeaderNames = 64;

// Digits of a fixed number; -1 for anything else.
int digits(std::string_view text, std::size_t from, std::size_t count) {
  const std::string_view part = text.substr(std::min(from, text.size()), count);
  if (part.size() != count || !std::all_of(part.begin(), part.end(), ascii::is_digit)) return -1;
  int number = 0;
  std::from_chars(part.data(), part.data() + part.size(), number);
  return number;
}

// "2026-11-25" or "2026-11-25T08:00:00Z": what means the same everywhere.
std::optional<Time> parse_point(std::string_view text) {
  const int year = digits(text, 0, 4);
  const int month = digits(text, 5, 2);
  const int day = digits(text, 8, 2);
  if (year < 1970 || month < 0 || day < 0 || text[4] != '-' || text[7] != '-') return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok()) return std::nullopt;
  const Time midnight{std::chrono::sys_days(date)};
  if (text.size() == 10) return midnight;
  const int hour = digits(text, 11, 2);
  const int minute = digits(text, 14, 2);
  const int second = digits(text, 17, 2);
  if (text.size() != 20 || text[10] != 'T' || text[13] != ':' || text[16] != ':' || text[19] != 'Z')
    return std::nullopt;
  if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59) return std::nullopt;
  return midnight + std::chrono::hours(hour) + std::chrono::minutes(minute) + std::chrono::seconds(second);
}

std::string format_point(Time time) {
  const auto days = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date{days};
  const std::chrono::hh_mm_ss clock{std::chrono::floor<std::chrono::seconds>(time - days)};
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()), clock.hours().count(),
                     clock.minutes().count(), clock.seconds().count());
}

Kind<Time> point_in_time() {
  auto read = [](const Value& value, Time& out, Complaints& complaints) {
    const auto time = value.kind == Value::Kind::Text ? parse_point(value.text) : std::nullopt;
    if (!time) {
      complaints.wrong_kind(value, "a date in quotes", "write \"2026-11-25\" or \"2026-11-25T08:00:00Z\"");
      return false;
    }
    out = *time;
    return true;
  };
  return {"date", "\"2026-11-25\", or with a time in UTC", read,
          [](const Time& time) { return quote(format_point(time)); }};
}

Kind<std::string> selector() {
  return text("selector", [](std::string& given) -> std::optional<Wrong> {
    const bool good = !given.empty() && given.size() <= 190 && given.front() != '.' && given.back() != '.' &&
                      given.find("..") == std::string::npos && std::all_of(given.begin(), given.end(), [](char c) {
                        return ascii::is_alnum(c) || c == '-' || c == '_' || c == '.';
                      });
    if (good) return std::nullopt;
    return Wrong{"must be the label in front of \"._domainkey\", not " + quote(given.substr(0, 80)), ""};
  });
}

Kind<std::string> identity() {
  return text("identity", [](std::string& given) -> std::optional<Wrong> {
    const bool good = given.find('@') != std::string::npos && std::all_of(given.begin(), given.end(), [](char c) {
                        return c > ' ' && c < '\x7F' && c != ';' && c != '=';
                      });
    if (good) return std::nullopt;
    return Wrong{"must be an address or \"@\" and a domain, not " + quote(given.substr(0, 80)), ""};
  });
}

Kind<std::string> ways() {
  return word<std::string>({{"relaxed/relaxed", "relaxed/relaxed"},
                            {"relaxed/simple", "relaxed/simple"},
                            {"simple/relaxed", "simple/relaxed"},
                            {"simple/simple", "simple/simple"}});
}

}  // namespace

const Section& dkim_section() {
  static const Section section =
      SectionBuilder<Dkim>("[[dkim]]")
          .required("domain", &Dkim::domain, domain(), Live, "The domain that signs, d=.")
          .required("selector", &Dkim::selector, selector(), Live, "Where its public key is in DNS, s=.")
          .required("key_file", &Dkim::key_file, absolute_path(), Live,
                    "The private key, PEM. Read at start and reload; refused when others can use it.")
          .add("canonicalization", &Dkim::canonicalization, ways(), Live, "Of header and body, c=.")
          .add("headers", &Dkim::headers,
               list_of(header_name(), "list of header names", kHeaderNames, Single::Accepted), Live,
               "Fields that are signed besides the usual ones.")
          .add("identity", &Dkim::identity, identity(), Live, "At or below the domain, i=.", "none")
          .add("expire", &Dkim::expire, span_or_off(1h, 365 * 24h), Live, "How long a signature is good, x=.")
          .add("publish", &Dkim::publish, optional_of(point_in_time()), Live,
               "From when its record must be in DNS; for the operator and for checks.", "always")
          .add("sign", &Dkim::sign, optional_of(point_in_time()), Live, "From when it signs.", "at once")
          .add("streams", &Dkim::streams, list_of(name(), "list of names", 64, Single::Accepted), Live,
               "Whose mail it signs, before keys of the domain that name no stream.", "every stream's")
          .add("retire", &Dkim::retire, optional_of(point_in_time()), Live, "From when it signs no longer.", "never")
          .build();
  return section;
}

}  // namespace penstock::config
