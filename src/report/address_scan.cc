// SPDX-License-Identifier: Apache-2.0
#include "report/address_scan.h"

#include <algorithm>

#include "base/ascii.h"

namespace penstock::report {
namespace {

bool is_local_char(char c) {
  static constexpr std::string_view kOthers = ".!#$%&'*+/=?^_`{|}~-";
  return ascii::is_alnum(c) || kOthers.find(c) != std::string_view::npos;
}
bool is_domain_char(char c) {
  return ascii::is_alnum(c) || c == '.' || c == '-' || c == '_';
}
bool is_high(char c) {
  return static_cast<unsigned char>(c) > 0x7f;
}

// How many bytes a letter beyond ASCII takes that may be part of an address amid other words: Latin, Greek, Cyrillic
// (in UTF-8 0xc3 to 0xd4, but × and ÷). Scripts that put no blank between words end an address, and so do their and
// typographic quotation marks. 0: no such letter at `at`.
std::size_t letter_at(std::string_view line, std::size_t at) {
  if (at + 1 >= line.size()) return 0;
  const auto first = static_cast<unsigned char>(line[at]);
  const auto second = static_cast<unsigned char>(line[at + 1]);
  if (first < 0xc3 || first > 0xd4 || (second & 0xc0) != 0x80) return 0;
  return first == 0xc3 && (second == 0x97 || second == 0xb7) ? 0 : 2;
}
// The same for the letter that ends before `end`.
std::size_t letter_before(std::string_view line, std::size_t end) {
  return end >= 2 && letter_at(line, end - 2) == 2 ? 2 : 0;
}

// Whether what stands beside an address ends it. A character that addresses do not have, but words do, means that a
// part of one would be taken for the whole. Well-formed UTF-8 that is no letter as above is punctuation or another
// script.
bool delimits(char c) {
  static constexpr std::string_view kDelimiters = " \t\n\r<>()[]{};:,\"'`|*=!?./";
  return kDelimiters.find(c) != std::string_view::npos;
}
bool ends_character(std::string_view line, std::size_t end) {
  std::size_t i = end;
  while (i > 0 && end - i < 4 && (static_cast<unsigned char>(line[i - 1]) & 0xc0) == 0x80) --i;
  return i > 0 && i < end && static_cast<unsigned char>(line[i - 1]) >= 0xc2;
}
bool begins_character(std::string_view line, std::size_t at) {
  return static_cast<unsigned char>(line[at]) >= 0xc2 && at + 1 < line.size() &&
         (static_cast<unsigned char>(line[at + 1]) & 0xc0) == 0x80;
}
bool stands_alone(std::string_view line, Place place) {
  if (place.begin > 0) {
    const char before = line[place.begin - 1];
    // "us,er@" is one word; "a@x,b@y" are two.
    if (before == ',' && place.begin > 1 &&
        (ascii::is_alnum(line[place.begin - 2]) || is_high(line[place.begin - 2]))) {
      const std::string_view word = line.substr(0, place.begin - 1);
      const std::size_t blank = word.find_last_of(" \t<(\"");
      if (word.substr(blank == std::string_view::npos ? 0 : blank + 1).find('@') == std::string_view::npos)
        return false;
    }
    if (is_high(before) ? !ends_character(line, place.begin) : !delimits(before)) return false;
  }
  if (place.end >= line.size()) return true;
  const char after = line[place.end];
  return is_high(after) ? begins_character(line, place.end) : delimits(after) || after == '-' || after == '\\';
}

// Takes off "SMTP:", "smtp=", "mailto:" and their kin.
void skip_type(std::string_view line, Place& place) {
  for (const std::string_view type : {"smtp:", "smtp=", "mailto:", "rfc822;", "rfc822:", "rfc822=", "rcpt=", "to="}) {
    if (place.end - place.begin <= type.size()) continue;
    if (ascii::starts_with_ignoring_case(line.substr(place.begin, place.end - place.begin), type)) {
      place.begin += type.size();
    }
  }
}

// Between "<" and ">" everything is the address, or there is none. False where no such brackets are about the '@', or
// they hold words.
bool address_in_brackets(std::string_view line, std::size_t at, Place& place) {
  const std::size_t open = line.find_last_of("<>", at);
  const std::size_t close = line.find_first_of("<>", at);
  if (open == std::string_view::npos || close == std::string_view::npos) return false;
  if (line[open] != '<' || line[close] != '>') return false;
  Place inside{open + 1, close};
  const std::string_view text = line.substr(inside.begin, close - inside.begin);
  if (text.find_first_of(" \t\"") != std::string_view::npos) return false;
  skip_type(line, inside);
  if (inside.begin < inside.end && line[inside.begin] == '@') {  // a source route
    const std::size_t colon = line.find(':', inside.begin);
    if (colon < inside.end) inside.begin = colon + 1;
  }
  while (inside.end > inside.begin && line[inside.end - 1] == '.') --inside.end;
  place = {};
  if (inside.begin >= at || inside.end <= at + 1 || inside.end - inside.begin > 320) return true;
  if (line[inside.begin] == '.') return true;
  for (std::size_t i = inside.begin; i < inside.end; ++i) {
    const bool fits = i == at || is_high(line[i]) || (i < at ? is_local_char(line[i]) : is_domain_char(line[i]));
    if (!fits) return true;
  }
  place = inside;
  return true;
}

}  // namespace

Place address_around(std::string_view line, std::size_t at) {
  Place place{at, at + 1};
  if (address_in_brackets(line, at, place)) return place;
  place = {at, at + 1};
  if (at > 0 && line[at - 1] == '"') {
    const std::size_t quote = at >= 2 ? line.rfind('"', at - 2) : std::string_view::npos;
    if (quote == std::string_view::npos) return {};
    place.begin = quote;
  } else {
    for (;;) {
      const std::size_t letter = letter_before(line, place.begin);
      if (letter == 0 && (place.begin == 0 || !is_local_char(line[place.begin - 1]))) break;
      place.begin -= std::max<std::size_t>(letter, 1);
    }
    const auto decorates = [](char c) { return c == '\'' || c == '*' || c == '`'; };
    while (place.begin < at && decorates(line[place.begin])) ++place.begin;
    std::size_t dots = 0;
    while (place.begin + dots < at && line[place.begin + dots] == '.') ++dots;
    if (dots == 1) return {};  // the rest of a longer word
    place.begin += dots;
    skip_type(line, place);
  }
  for (;;) {
    const std::size_t letter = place.end < line.size() ? letter_at(line, place.end) : 0;
    if (letter == 0 && (place.end >= line.size() || !is_domain_char(line[place.end]))) break;
    place.end += std::max<std::size_t>(letter, 1);
  }
  while (place.end > at + 1 && (line[place.end - 1] == '.' || line[place.end - 1] == '-')) --place.end;
  if (place.begin >= at || place.end == at + 1 || place.end - place.begin > 320) return {};
  return stands_alone(line, place) ? place : Place{};
}

}  // namespace penstock::report
