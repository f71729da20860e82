// SPDX-License-Identifier: Apache-2.0
#include "base/units.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <optional>

#include "base/ascii.h"

namespace penstock {
namespace {

using namespace std::chrono_literals;

template <class Value>
struct Unit {
  std::string_view name;
  Value value;
};

// Largest first, so that formatting finds the shortest form.
constexpr std::array<Unit<std::uint64_t>, 9> kSizes{{{"TiB", 1ULL << 40},
                                                     {"GiB", 1ULL << 30},
                                                     {"GB", 1'000'000'000},
                                                     {"MiB", 1ULL << 20},
                                                     {"MB", 1'000'000},
                                                     {"KiB", 1ULL << 10},
                                                     {"kB", 1'000},
                                                     {"KB", 1'000},
                                                     {"B", 1}}};
constexpr std::array<Unit<Duration>, 7> kSpans{
    {{"d", 24h}, {"h", 1h}, {"min", 1min}, {"m", 1min}, {"s", 1s}, {"ms", 1ms}, {"us", 1us}}};

// Splits "30 s" into 30 and "s"; the unit runs up to the next digit. Advances `text`.
struct Part {
  double number = 0;
  std::string_view unit;
};
std::optional<Part> take_part(std::string_view& text) {
  text = ascii::trim(text);
  Part part;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), part.number, std::chars_format::fixed);
  // from_chars reads "inf" and "nan" too.
  if (error != std::errc{} || !std::isfinite(part.number) || part.number < 0) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  text = ascii::trim(text);
  std::size_t length = 0;
  while (length < text.size() && ascii::is_alpha(text[length])) ++length;
  part.unit = text.substr(0, length);
  text.remove_prefix(length);
  return part;
}

}  // namespace

Parsed<std::uint64_t> parse_size(std::string_view text) {
  const std::string_view whole = text;
  const auto part = take_part(text);
  if (part && text.empty()) {
    const std::string_view name = part->unit.empty() ? "B" : part->unit;
    for (const auto& unit : kSizes) {
      if (unit.name != name) continue;
      const double bytes = part->number * static_cast<double>(unit.value);
      if (bytes < 1.8e19) return static_cast<std::uint64_t>(bytes);
    }
  }
  return tl::unexpected(fmt::format("\"{}\" is not a size; write it as \"512 KiB\", \"10 MiB\" or \"2 GiB\"", whole));
}

Parsed<Duration> parse_duration(std::string_view text) {
  const std::string_view whole = text;
  const auto error = tl::unexpected(
      fmt::format("\"{}\" is not a duration; write it with its unit, as \"30s\", \"5m\", \"2h\" or \"1d\"", whole));
  if (ascii::trim(text).empty()) return error;
  double total = 0;
  while (!ascii::trim(text).empty()) {
    const auto part = take_part(text);
    if (!part) return error;
    const auto* unit = std::find_if(kSpans.begin(), kSpans.end(), [&](const auto& u) { return u.name == part->unit; });
    if (unit == kSpans.end()) return error;
    total += part->number * static_cast<double>(unit->value.count());
  }
  if (total > 3.2e17) return error;  // ten thousand years in microseconds
  return Duration{static_cast<std::int64_t>(total)};
}

Parsed<Rate> parse_rate(std::string_view text) {
  const auto error = tl::unexpected(
      fmt::format("\"{}\" is not a rate; write it as \"10/s\", \"600/min\", \"5000/h\" or \"100000/d\"", text));
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos) return error;
  std::string_view left = text.substr(0, slash);
  const auto part = take_part(left);
  if (!part || !part->unit.empty() || !left.empty() || part->number <= 0) return error;
  const std::string_view per = ascii::trim(text.substr(slash + 1));
  for (const auto& unit : kSpans) {
    if (unit.name == per) return Rate{part->number, unit.value};
  }
  return error;
}

std::string format_size(std::uint64_t bytes) {
  for (const auto& unit : kSizes) {
    if (bytes != 0 && bytes % unit.value == 0) return fmt::format("{} {}", bytes / unit.value, unit.name);
  }
  return "0 B";
}

std::string format_duration(Duration duration) {
  if (duration <= Duration::zero()) return "0s";
  std::string text;
  for (const auto& unit : kSpans) {
    if (unit.name == "min" || duration < unit.value) continue;
    text += fmt::format("{}{}", duration / unit.value, unit.name);
    duration %= unit.value;
  }
  return text;
}

std::string format_rate(const Rate& rate) {
  for (const auto& unit : kSpans) {
    if (unit.name != "m" && unit.value == rate.per) return fmt::format("{}/{}", rate.count, unit.name);
  }
  return fmt::format("{}/s", rate.per_second());
}

}  // namespace penstock
