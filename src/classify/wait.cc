// SPDX-License-Identifier: Apache-2.0
#include "classify/wait.h"

#include <algorithm>
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
constexpr std::array kUnits{
    Unit{"seconds", 1},    Unit{"second", 1},    Unit{"secondes", 1},  Unit{"sekunden", 1},   Unit{"segundos", 1},
    Unit{"secs", 1},       Unit{"sec", 1},       Unit{"s", 1},         Unit{"minutes", 60},   Unit{"minute", 60},
    Unit{"minuten", 60},   Unit{"minutos", 60},  Unit{"mins", 60},     Unit{"min", 60},       Unit{"m", 60},
    Unit{"hours", 3600},   Unit{"hour", 3600},   Unit{"heures", 3600}, Unit{"stunden", 3600}, Unit{"horas", 3600},
    Unit{"hrs", 3600},     Unit{"hr", 3600},     Unit{"h", 3600},      Unit{"days", 86400},   Unit{"day", 86400},
    Unit{"jours", 86400},  Unit{"tage", 86400},  Unit{"d", 86400},     Unit{"secondi", 1},    Unit{"minuti", 60},
    Unit{"ore", 3600},     Unit{"stunde", 3600}, Unit{"hora", 3600},   Unit{"heure", 3600},   Unit{"dias", 86400},
    Unit{"giorni", 86400}, Unit{"uur", 3600},    Unit{"minut", 60},    Unit{"sekund", 1},     Unit{"godzin", 3600}};

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

struct NumberWord {
  std::string_view word;
  std::int64_t number;
};
constexpr std::array kNumberWords{
    NumberWord{"a", 1},       NumberWord{"an", 1},      NumberWord{"one", 1},      NumberWord{"two", 2},
    NumberWord{"three", 3},   NumberWord{"four", 4},    NumberWord{"five", 5},     NumberWord{"six", 6},
    NumberWord{"seven", 7},   NumberWord{"eight", 8},   NumberWord{"nine", 9},     NumberWord{"ten", 10},
    NumberWord{"eleven", 11}, NumberWord{"twelve", 12}, NumberWord{"fifteen", 15}, NumberWord{"twenty", 20},
    NumberWord{"thirty", 30}, NumberWord{"forty", 40},  NumberWord{"fifty", 50},   NumberWord{"sixty", 60}};

std::string_view word_at(std::string_view text, std::size_t i) {
  std::size_t end = i;
  while (end < text.size() && ascii::is_alpha(text[end])) ++end;
  return text.substr(i, end - i);
}

const NumberWord* number_word(std::string_view word) {
  const auto* found = std::find_if(kNumberWords.begin(), kNumberWords.end(),
                                   [&](const NumberWord& known) { return known.word == word; });
  return found == kNumberWords.end() ? nullptr : found;
}

// "30", "ten", "twenty-four" at i; i moves behind it.
bool read_count(std::string_view text, std::size_t& i, std::int64_t& out) {
  if (i < text.size() && ascii::is_digit(text[i])) return read_number(text, i, out);
  const NumberWord* first = number_word(word_at(text, i));
  if (first == nullptr) return false;
  out = first->number;
  i += first->word.size();
  if (out < 20 || i >= text.size() || text[i] != '-') return true;
  const NumberWord* ones = number_word(word_at(text, i + 1));
  if (ones == nullptr || ones->number > 9) return true;
  out += ones->number;
  i += 1 + ones->word.size();
  return true;
}

struct Amount {
  std::int64_t seconds = 0;
  std::int64_t unit = 0;  // seconds of its unit
};

const Unit* unit_named(std::string_view word) {
  const auto* found = std::find_if(kUnits.begin(), kUnits.end(), [&](const Unit& unit) { return unit.word == word; });
  return found == kUnits.end() ? nullptr : found;
}

// "half an hour", "eine halbe Stunde" has its own word: "half" at i; i moves behind the unit.
std::optional<Amount> half_of_unit(std::string_view text, std::size_t& i) {
  for (const std::string_view half : {"half an ", "half a ", "half ", "einer halben ", "halbe "}) {
    if (!text.substr(i).starts_with(half)) continue;
    const std::string_view word = word_at(text, i + half.size());
    const Unit* unit = unit_named(word);
    if (unit == nullptr || unit->seconds < 60) return std::nullopt;
    i += half.size() + word.size();
    return Amount{unit->seconds / 2, unit->seconds};
  }
  return std::nullopt;
}

// Behind a number: ".5" or ",5", in thousandths.
std::int64_t read_fraction(std::string_view text, std::size_t& i) {
  if (i + 1 >= text.size() || (text[i] != '.' && text[i] != ',') || !ascii::is_digit(text[i + 1])) return 0;
  std::int64_t thousandths = 0;
  std::int64_t worth = 100;
  for (++i; i < text.size() && ascii::is_digit(text[i]); ++i, worth /= 10) thousandths += (text[i] - '0') * worth;
  return thousandths;
}

// "5-10 minutes", "5 to 10 minutes": the longer one is meant; i moves to it.
void skip_to_end_of_range(std::string_view text, std::size_t& i) {
  std::int64_t number = 0;
  std::size_t at = i;
  if (!read_count(text, at, number)) return;
  for (const std::string_view between : {"-", " - ", " to ", " bis ", " or "}) {
    std::size_t next = at + between.size();
    if (!text.substr(std::min(at, text.size())).starts_with(between) || !read_count(text, next, number)) continue;
    i = at + between.size();
    return;
  }
}

// "10 minutes", "300s", "5-minute", "ten minutes", "1.5 hours", "half an hour" at i; i moves behind it.
std::optional<Amount> number_with_unit(std::string_view text, std::size_t& i) {
  if (const auto half = half_of_unit(text, i)) return half;
  std::int64_t number = 0;
  std::size_t at = i;
  skip_to_end_of_range(text, at);
  if (!read_count(text, at, number)) return std::nullopt;
  const std::int64_t thousandths = read_fraction(text, at);
  if (at < text.size() && (text[at] == ' ' || text[at] == '-')) ++at;
  const std::string_view word = word_at(text, at);
  const Unit* unit = unit_named(word);
  if (unit == nullptr) return std::nullopt;
  i = at + word.size();
  return Amount{number * unit->seconds + thousandths * unit->seconds / 1000, unit->seconds};
}

// "1 hour 30 minutes", "1h30m", "1 hour, 5 minutes and 3 seconds" at i: units fall from one to the next.
std::optional<std::int64_t> added_amounts(std::string_view text, std::size_t i) {
  const auto first = number_with_unit(text, i);
  if (!first) return std::nullopt;
  std::int64_t sum = first->seconds;
  std::int64_t unit = first->unit;
  for (;;) {
    std::size_t next = i;
    if (next < text.size() && text[next] == ',') ++next;
    if (next < text.size() && text[next] == ' ') ++next;
    if (text.substr(next).starts_with("and ")) next += 4;
    const auto more = number_with_unit(text, next);
    if (!more || more->unit >= unit) return sum;
    sum += more->seconds;
    unit = more->unit;
    i = next;
  }
}

bool behind_cue(std::string_view before) {
  constexpr std::array kCues{
      std::string_view("in"),      std::string_view("after"),   std::string_view("for"),
      std::string_view("wait"),    std::string_view("within"),  std::string_view("least"),
      std::string_view("about"),   std::string_view("dans"),    std::string_view("apres"),
      std::string_view("nach"),    std::string_view("in:"),     std::string_view("after:"),
      std::string_view("every"),   std::string_view("another"), std::string_view("next"),
      std::string_view("em"),      std::string_view("en"),      std::string_view("tra"),
      std::string_view("fra"),     std::string_view("over"),    std::string_view("za"),
      std::string_view("dentro"),  std::string_view("de"),      std::string_view("approximately"),
      std::string_view("around"),  std::string_view("retry"),   std::string_view("delay"),
      std::string_view("minimum"), std::string_view("later:"),  std::string_view("delay:"),
      std::string_view("wait:"),   std::string_view("retry:"),  std::string_view("time:")};
  before = ascii::trim(before);
  const std::size_t space = before.rfind(' ');
  const std::string_view last = space == std::string_view::npos ? before : before.substr(space + 1);
  for (const std::string_view cue : kCues) {
    if (last == cue) return true;
  }
  return last.ends_with("retry=") || last.ends_with("=");
}

// Seconds without a word for them: "greylisted for 300", "retry in 300."; a small number may count anything.
std::optional<std::int64_t> bare_seconds(std::string_view text, std::size_t i) {
  std::int64_t number = 0;
  std::size_t end = i;
  if (!ascii::is_digit(text[i]) || !read_number(text, end, number) || number < 30) return std::nullopt;
  constexpr std::string_view kAfter = ".,;)]";
  if (end < text.size() && kAfter.find(text[end]) == std::string_view::npos) return std::nullopt;
  if (end + 1 < text.size() && text[end + 1] != ' ') return std::nullopt;
  const std::string_view before = ascii::trim(text.substr(0, i));
  for (const std::string_view cue : {"listed for", "delayed for", "deferred for", "again in", "retry in", "again after",
                                     "retry after", "retry-after:", "back in", "back after", "greylist for"}) {
    if (before.ends_with(cue)) return number;
  }
  return std::nullopt;
}

}  // namespace

std::optional<Duration> told_wait(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (!ascii::is_alnum(text[i]) || (i > 0 && (ascii::is_alnum(text[i - 1]) || text[i - 1] == '.'))) continue;
    auto told = clock_time(text, i);
    if (!told) told = added_amounts(text, i);
    if (!told) {
      const auto bare = bare_seconds(text, i);
      if (bare && *bare <= kMostSeconds) return seconds(*bare);
    }
    if (told && *told > 0 && *told <= kMostSeconds && behind_cue(text.substr(0, i))) return seconds(*told);
  }
  return std::nullopt;
}

}  // namespace penstock::classify
