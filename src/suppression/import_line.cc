// SPDX-License-Identifier: Apache-2.0
#include "suppression/import_line.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/json/monotonic_resource.hpp>
#include <boost/json/parse.hpp>
#include <charconv>

#include "base/ascii.h"
#include "base/csv.h"

namespace penstock::suppression {
namespace {

namespace json = boost::json;

constexpr std::array<std::string_view, 10> kMembers{"address", "scope", "cause", "reason", "source",
                                                    "note",    "who",   "since", "until",  "investigate"};

template <class Number>
bool read_number(std::string_view text, Number& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc() && end == text.data() + text.size();
}

// Fields of one record (RFC 4180). Errors: BadLine.
Result<std::vector<std::string>> split_csv(std::string_view line) {
  std::vector<std::string> fields(1);
  bool quoted = false;
  bool closed = false;  // the field was quoted and its quotes have ended
  for (std::size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if (quoted) {
      if (c == '\r' || c == '\n') {
        if (!fields.back().ends_with(' ')) fields.back() += ' ';  // an entry's texts are of one line
      } else if (c != '"') {
        fields.back() += c;
      } else if (i + 1 < line.size() && line[i + 1] == '"') {
        fields.back() += line[++i];
      } else {
        quoted = false;
        closed = true;
      }
    } else if (c == ',') {
      fields.emplace_back();
      closed = false;
    } else if (closed) {
      if (!ascii::is_space(c)) return fail(Errc::BadLine, "something follows a closing quote");
    } else if (c == '"' && ascii::trim(fields.back()).empty()) {
      fields.back().clear();
      quoted = true;
    } else {
      fields.back() += c;
    }
  }
  if (quoted) return fail(Errc::BadLine, "a quote is not closed");
  return fields;
}

std::string text_of(const json::value& value) {
  if (value.is_string()) return std::string(value.get_string());
  if (value.is_bool()) return value.get_bool() ? "true" : "false";
  if (value.is_int64()) return std::to_string(value.get_int64());
  if (value.is_uint64()) return std::to_string(value.get_uint64());
  return {};
}

}  // namespace

bool goes_on(std::string_view record) {
  bool quoted = false;
  bool begins = true;  // of a field: a quote within one is a letter
  for (const char c : record) {
    if (c == '"' && (quoted || begins)) {
      quoted = !quoted;
      begins = true;  // a quote right behind a closing one opens it again
    } else if (!quoted) {
      begins = c == ',' || (begins && ascii::is_space(c));
    }
  }
  return quoted;
}

Format format_of(std::string_view first_line) {
  return ascii::trim(first_line).starts_with('{') ? Format::Ndjson : Format::Csv;
}

std::optional<Time> parse_time(std::string_view text) {
  std::int64_t seconds = 0;
  if (read_number(text, seconds)) {
    if (seconds < 0 || seconds > 253'402'300'799) return std::nullopt;
    return Time{std::chrono::seconds{seconds}};
  }
  int year = 0;
  unsigned month = 0, day = 0, hour = 0, minute = 0, second = 0;
  if (text.size() < 10 || text[4] != '-' || text[7] != '-' || !read_number(text.substr(0, 4), year) ||
      !read_number(text.substr(5, 2), month) || !read_number(text.substr(8, 2), day)) {
    return std::nullopt;
  }
  const std::chrono::year_month_day date{std::chrono::year{year}, std::chrono::month{month}, std::chrono::day{day}};
  if (!date.ok() || year < 1970) return std::nullopt;
  Time time{std::chrono::sys_days{date}.time_since_epoch()};
  if (text.size() == 10) return time;
  if (text.size() < 19 || (text[10] != 'T' && text[10] != ' ') || text[13] != ':' || text[16] != ':' ||
      !read_number(text.substr(11, 2), hour) || !read_number(text.substr(14, 2), minute) ||
      !read_number(text.substr(17, 2), second) || hour > 23 || minute > 59 || second > 60) {
    return std::nullopt;
  }
  time += std::chrono::hours{hour} + std::chrono::minutes{minute} + std::chrono::seconds{second};
  std::string_view zone = text.substr(19);
  if (zone.starts_with('.')) {
    zone.remove_prefix(1);
    while (!zone.empty() && ascii::is_digit(zone.front())) zone.remove_prefix(1);
  }
  if (zone.empty() || zone == "Z" || zone == "z") return time;
  if (zone.size() != 6 || (zone[0] != '+' && zone[0] != '-') || zone[3] != ':' ||
      !read_number(zone.substr(1, 2), hour) || !read_number(zone.substr(4, 2), minute) || hour > 23 || minute > 59) {
    return std::nullopt;
  }
  const auto offset = std::chrono::hours{hour} + std::chrono::minutes{minute};
  return zone[0] == '+' ? time - offset : time + offset;
}

LineReader::LineReader(Format format, Entry defaults, ProviderRules rules)
    : format_(format), defaults_(std::move(defaults)), rules_(rules), columns_(kMembers.begin(), kMembers.end()) {}

Result<std::optional<Entry>> LineReader::read(std::string_view line) {
  if (line.starts_with("\xEF\xBB\xBF")) line.remove_prefix(3);
  line = ascii::trim(line);
  if (line.empty() || line.starts_with('#')) return std::optional<Entry>();
  if (line.size() > kLineMax) return fail(Errc::BadLine, fmt::format("the line has more than {} bytes", kLineMax));
  auto entry = format_ == Format::Csv ? read_csv(line) : read_json(line);
  first_ = false;
  return entry;
}

Result<std::optional<Entry>> LineReader::read_csv(std::string_view line) {
  auto fields = split_csv(line);
  if (!fields) return fail(fields.error());
  if (first_ && line.find('@') == std::string_view::npos) {
    std::vector<std::string> columns;
    for (const std::string& field : *fields) {
      columns.push_back(ascii::lower(ascii::trim(field)));
      if (columns.back() == "email" || columns.back() == "recipient") columns.back() = "address";
    }
    if (std::find(columns.begin(), columns.end(), "address") != columns.end()) {
      columns_ = std::move(columns);
      return std::optional<Entry>();
    }
  }
  if (fields->size() > columns_.size()) {
    return fail(Errc::BadLine, fmt::format("has {} fields, {} are known", fields->size(), columns_.size()));
  }
  Entry entry = defaults_;
  for (std::size_t i = 0; i < fields->size(); ++i) {
    const std::string_view value = csv_value(ascii::trim((*fields)[i]));
    if (value.empty()) continue;
    if (auto done = set(entry, columns_[i], value); !done) return fail(done.error());
  }
  if (entry.address.empty()) return fail(Errc::BadLine, "there is no address");
  return std::optional<Entry>(std::move(entry));
}

Result<std::optional<Entry>> LineReader::read_json(std::string_view line) {
  std::array<unsigned char, 8192> memory;
  json::monotonic_resource resource(memory.data(), memory.size());
  boost::system::error_code error;
  json::parse_options options;
  options.max_depth = 4;
  const json::value value = json::parse({line.data(), line.size()}, error, &resource, options);
  if (error) return fail(Errc::BadLine, "is not JSON: " + error.message());
  if (!value.is_object()) return fail(Errc::BadLine, "is not a JSON object");
  Entry entry = defaults_;
  for (const auto& member : value.get_object()) {
    const json::value& given = member.value();
    if (given.is_null()) continue;
    const std::string text = text_of(given);
    if (text.empty() && !given.is_string()) {
      return fail(Errc::BadLine, fmt::format("\"{}\" is not a text", std::string(member.key())));
    }
    if (text.empty()) continue;
    if (auto done = set(entry, member.key(), text); !done) return fail(done.error());
  }
  if (entry.address.empty()) return fail(Errc::BadLine, "there is no address");
  return std::optional<Entry>(std::move(entry));
}

Result<> LineReader::set(Entry& entry, std::string_view member, std::string_view value) const {
  if (value.size() > kTextMax) return fail(Errc::BadLine, fmt::format("{} has more than {} bytes", member, kTextMax));
  if (member == "address" || member == "email") {
    auto canonical = canonical_address(value, rules_);
    if (!canonical) return fail(canonical.error());
    entry.address = std::move(*canonical);
  } else if (member == "scope") {
    auto scope = parse_scope(value);
    if (!scope) return fail(scope.error());
    entry.scope = std::move(*scope);
  } else if (member == "cause") {
    const auto cause = parse_cause(value);
    if (!cause) return fail(Errc::BadLine, fmt::format("there is no cause \"{}\"", value.substr(0, 80)));
    entry.cause = *cause;
  } else if (member == "since" || member == "until") {
    const auto time = parse_time(value);
    if (!time) return fail(Errc::BadLine, fmt::format("{} is no time: \"{}\"", member, value.substr(0, 80)));
    (member == "since" ? entry.since : entry.until) = *time;
  } else if (member == "investigate") {
    entry.investigate = value == "true" || value == "1" || value == "yes";
  } else if (member == "reason") {
    entry.reason = value;
  } else if (member == "source") {
    entry.source = value;
  } else if (member == "note") {
    entry.note = value;
  } else if (member == "who") {
    entry.who = value;
  }
  // Others are somebody else's business: "seq", "state" of our own export, "name" of a mailing list.
  return {};
}

}  // namespace penstock::suppression
