// SPDX-License-Identifier: Apache-2.0
#include "cmd/penstock/human.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "api/time_text.h"
#include "base/characters.h"
#include "base/check.h"

namespace penstock::cli {
namespace {

// Code points; good enough for what tables hold.
std::size_t width_of(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

}  // namespace

std::string human_count(std::uint64_t count) {
  std::string digits = std::to_string(count);
  for (std::size_t at = digits.size(); at > 3;) {
    at -= 3;
    digits.insert(at, 1, ',');
  }
  return digits;
}

std::string human_rate(double per_second) {
  if (per_second <= 0) return "0";
  if (per_second < 0.1) return fmt::format("{:.2f}", per_second);
  if (per_second < 1000) return fmt::format("{:.1f}", per_second);
  return human_count(static_cast<std::uint64_t>(std::llround(per_second)));
}

std::string human_size(std::uint64_t bytes) {
  static constexpr std::array<const char*, 5> kUnits{"B", "KiB", "MiB", "GiB", "TiB"};
  auto value = static_cast<double>(bytes);
  std::size_t unit = 0;
  for (; value >= 1024 && unit + 1 < kUnits.size(); ++unit) value /= 1024;
  return unit == 0 ? fmt::format("{} B", bytes) : fmt::format("{:.1f} {}", value, kUnits[unit]);
}

std::string human_span(Duration span) {
  const auto seconds = std::max<std::int64_t>(0, std::chrono::duration_cast<std::chrono::seconds>(span).count());
  if (seconds < 60) return fmt::format("{}s", seconds);
  if (seconds < 3600) return fmt::format("{}m{:02}s", seconds / 60, seconds % 60);
  if (seconds < 86'400) return fmt::format("{}h{:02}m", seconds / 3600, seconds % 3600 / 60);
  return fmt::format("{}d{:02}h", seconds / 86'400, seconds % 86'400 / 3600);
}

std::string human_between(std::string_view from, std::string_view until) {
  const auto begin = api::parse_time(from);
  const auto end = api::parse_time(until);
  return begin && end ? human_span(*end - *begin) : "";
}

std::string human_time(std::string_view time) {
  const auto parsed = api::parse_time(time);
  if (!parsed) return printable(time);
  std::string text = api::format_time(*parsed).substr(0, 19);
  text[10] = ' ';
  return text;
}

std::string printable(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const Character next = first_character(text);
    out += next.steers || !next.valid ? "?" : text.substr(0, next.bytes);
    text.remove_prefix(next.bytes);
  }
  return out;
}

std::string printable_lines(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    out += printable(text.substr(0, end));
    if (end == std::string_view::npos) break;
    out += '\n';
    text.remove_prefix(end + 1);
  }
  return out;
}

void Table::add(std::vector<std::string> cells) {
  PENSTOCK_CHECK(cells.size() == columns_.size());
  for (std::string& cell : cells) cell = printable(cell);
  rows_.push_back(std::move(cells));
}

std::string Table::text() const {
  std::vector<std::size_t> widths;
  widths.reserve(columns_.size());
  for (const Column& column : columns_) widths.push_back(width_of(column.title));
  for (const auto& row : rows_) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width_of(row[i]));
  }
  std::string out;
  const auto put = [&](std::size_t i, const std::string& cell) {
    const std::string space(widths[i] - width_of(cell), ' ');
    const bool last = i + 1 == columns_.size();
    if (columns_[i].align == Align::Right) out += space + cell;
    if (columns_[i].align == Align::Left) out += last ? cell : cell + space;
    if (!last) out += "  ";
  };
  const auto end_line = [&out] {
    while (out.ends_with(' ')) out.pop_back();
    out += '\n';
  };
  for (std::size_t i = 0; i < columns_.size(); ++i) put(i, columns_[i].title);
  end_line();
  for (const auto& row : rows_) {
    for (std::size_t i = 0; i < row.size(); ++i) put(i, row[i]);
    end_line();
  }
  return out;
}

}  // namespace penstock::cli
