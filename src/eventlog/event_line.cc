// SPDX-License-Identifier: Apache-2.0
#include "eventlog/event_line.h"

#include <charconv>
#include <cstring>

#include "base/ascii.h"
#include "eventlog/event_format.h"
#include "eventlog/json_text.h"

namespace penstock::eventlog {
namespace {

// The inside of the string that begins after the quote at the start of `rest`; advances past the closing quote.
bool take_string(std::string_view& rest, std::string_view& inside) {
  std::size_t i = 1;
  for (; i < rest.size() && rest[i] != '"'; ++i) {
    if (static_cast<unsigned char>(rest[i]) < 0x20) return false;
    if (rest[i] == '\\') ++i;
  }
  if (i >= rest.size()) return false;
  inside = rest.substr(1, i - 1);
  rest.remove_prefix(i + 1);
  return true;
}

bool take_value(std::string_view& rest, std::string_view& value) {
  if (rest.starts_with('"')) return take_string(rest, value);
  std::size_t i = 0;
  while (i < rest.size() && (ascii::is_alnum(rest[i]) || rest[i] == '-' || rest[i] == '+' || rest[i] == '.')) ++i;
  value = rest.substr(0, i);
  rest.remove_prefix(i);
  return i > 0;
}

// The field called `name`, looked for from `next` on, where it is when members come in our order.
std::size_t find_field(std::string_view name, std::size_t next) {
  for (std::size_t i = 0; i < kFieldNames.size(); ++i) {
    const std::size_t at = next + i < kFieldNames.size() ? next + i : next + i - kFieldNames.size();
    if (kFieldNames[at] == name) return at;
  }
  return kFieldNames.size();
}

bool take_number(std::string_view& text, std::size_t digits, char after, unsigned& value) {
  if (text.size() <= digits || text[digits] != after) return false;
  const auto [end, error] = std::from_chars(text.data(), text.data() + digits, value);
  if (error != std::errc{} || end != text.data() + digits) return false;
  text.remove_prefix(digits + 1);
  return true;
}

}  // namespace

bool EventLine::parse(std::string_view line) {
  values_.fill({});
  if (line.size() < 2 || line.front() != '{' || line.back() != '}') return false;
  std::string_view rest = line.substr(1, line.size() - 2);
  std::size_t next = 0;
  while (!rest.empty()) {
    std::string_view name;
    std::string_view value;
    if (rest.front() != '"' || !take_string(rest, name) || !rest.starts_with(':')) return false;
    rest.remove_prefix(1);
    if (!take_value(rest, value)) return false;
    const std::size_t field = find_field(name, next);
    if (field < values_.size()) {
      values_[field] = value;
      next = field + 1 < values_.size() ? field + 1 : 0;
    }
    if (rest.empty()) break;
    if (rest.front() != ',' || rest.size() == 1) return false;
    rest.remove_prefix(1);
  }
  return true;
}

std::string_view EventLine::text(Field field, std::string& scratch) const {
  const std::string_view value = raw(field);
  if (value.empty() || std::memchr(value.data(), '\\', value.size()) == nullptr) return value;
  scratch.clear();
  return unescape_json(value, scratch) ? std::string_view(scratch) : std::string_view();
}

std::uint64_t EventLine::number(Field field) const {
  const std::string_view value = raw(field);
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
  return error == std::errc{} && end == value.data() + value.size() ? number : 0;
}

std::optional<Time> EventLine::time(Field field) const {
  return parse_time(raw(field));
}

std::optional<Time> time_of_line(std::string_view line) {
  if (!line.starts_with(kLineStart)) return std::nullopt;
  return parse_time(line.substr(kLineStart.size(), kTimeLength));
}

std::optional<Time> parse_time(std::string_view text) {
  if (text.size() != kTimeLength) return std::nullopt;
  unsigned year = 0;
  unsigned month = 0;
  unsigned day = 0;
  unsigned hour = 0;
  unsigned minute = 0;
  unsigned second = 0;
  unsigned micros = 0;
  if (!take_number(text, 4, '-', year) || !take_number(text, 2, '-', month) || !take_number(text, 2, 'T', day) ||
      !take_number(text, 2, ':', hour) || !take_number(text, 2, ':', minute) || !take_number(text, 2, '.', second) ||
      !take_number(text, 6, 'Z', micros)) {
    return std::nullopt;
  }
  const std::chrono::year_month_day date{std::chrono::year{static_cast<int>(year)}, std::chrono::month{month},
                                         std::chrono::day{day}};
  if (!date.ok() || year < 1970 || hour > 23 || minute > 59 || second > 59) return std::nullopt;
  return Time{std::chrono::sys_days{date}} + std::chrono::hours{hour} + std::chrono::minutes{minute} +
         std::chrono::seconds{second} + std::chrono::microseconds{micros};
}

std::string_view take_line(std::string_view& lines) {
  const std::size_t end = std::min(lines.find('\n'), lines.size());
  const std::string_view line = lines.substr(0, end);
  lines.remove_prefix(std::min(end + 1, lines.size()));
  return line;
}

}  // namespace penstock::eventlog
