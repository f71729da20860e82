// SPDX-License-Identifier: Apache-2.0
#include "classify/wait.h"

#include <array>
#include <cstdint>

#include "base/ascii.h"

namespace penstock::classify {
namespace {

using std::chrono::seconds;

struct Unit {
  std::string_view word;
  std::int64_t seconds;
};
// Longest first within a family; a word must end where the text's does.
constexpr std::array kUnits{Unit{"seconds", 1},  Unit{"second", 1},    Unit{"secondes", 1},   Unit{"sekunden", 1},
                            Unit{"segundos", 1}, Unit{"secs", 1},      Unit{"sec", 1},        Unit{"s", 1},
                            Unit{"minutes", 60}, Unit{"minute", 60},   Unit{"minuten", 60},   Unit{"minutos", 60},
                            Unit{"mins", 60},    Unit{"min", 60},      Unit{"m", 60},         Unit{"hours", 3600},
                            Unit{"hour", 3600},  Unit{"heures", 3600}, Unit{"stunden", 3600}, Unit{"horas", 3600},
                            Unit{"hrs", 3600},   Unit{"hr", 3600},     Unit{"h", 3600},       Unit{"days", 86400},
                            Unit{"day", 86400},  Unit{"jours", 86400}, Unit{"tage", 86400},   Unit{"d", 86400}};

constexpr std::int64_t kMostSeconds = 7 * 86400;

bool read_number(std::string_view text, std::size_t& i, std::int64_t& out) {
  const std::size_t start = i;
  out = 0;
  while (i < text.size() && ascii::is_digit(text[i]) && i - start < 7) out = out * 10 + (text[i++] - '0');
  return i > start && (i == text.size() || !ascii::is_digit(text[i]));
}

// "00:05:00" at i.
std::optional<std::int64_t> clock_time(std::string_view text, std::size_t i) {
  std::int64_t hours = 0;
  std::int64_t minutes = 0;
  std::int64_t secs = 0;
  if (!read_number(text, i, hours) || i >= text.size() || text[i++] != ':') return std::nullopt;
  if (!read_number(text, i, minutes) || i >= text.size() || text[i++] != ':') return std::nullopt;
  if (!read_number(text, i, secs) || minutes > 59 || secs > 59) return std::nullopt;
  return hours * 3600 + minutes * 60 + secs;
}

// "10 minutes", "300s", "5-minute" at i.
std::optional<std::int64_t> number_with_unit(std::string_view text, std::size_t i) {
  std::int64_t number = 0;
  if (!read_number(text, i, number)) return std::nullopt;
  if (i < text.size() && (text[i] == ' ' || text[i] == '-')) ++i;
  std::size_t end = i;
  while (end < text.size() && ascii::is_alpha(text[end])) ++end;
  const std::string_view word = text.substr(i, end - i);
  for (const Unit& unit : kUnits) {
    if (unit.word == word) return number * unit.seconds;
  }
  return std::nullopt;
}

bool behind_cue(std::string_view before) {
  constexpr std::array<std::string_view, 14> kCues{"in",   "after", "for",  "wait", "within", "least", "about",
                                                   "dans", "apres", "nach", "in:",  "after:", "every", "another"};
  before = ascii::trim(before);
  const std::size_t space = before.rfind(' ');
  const std::string_view last = space == std::string_view::npos ? before : before.substr(space + 1);
  for (const std::string_view cue : kCues) {
    if (last == cue) return true;
  }
  return last.ends_with("retry=") || last.ends_with("=");
}

}  // namespace

std::optional<Duration> told_wait(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (!ascii::is_digit(text[i]) || (i > 0 && (ascii::is_alnum(text[i - 1]) || text[i - 1] == '.'))) continue;
    if (!behind_cue(text.substr(0, i))) continue;
    auto told = clock_time(text, i);
    if (!told) told = number_with_unit(text, i);
    if (told && *told > 0 && *told <= kMostSeconds) return seconds(*told);
  }
  return std::nullopt;
}

}  // namespace penstock::classify
