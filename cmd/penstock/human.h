// SPDX-License-Identifier: Apache-2.0
// Numbers, sizes, ages and tables as people read them.   Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"

namespace penstock::cli {

[[nodiscard]] std::string human_count(std::uint64_t count);  // "4,900,000"
[[nodiscard]] std::string human_rate(double per_second);     // "812.5", "0.02", "0"
[[nodiscard]] std::string human_size(std::uint64_t bytes);   // "2.0 GiB"
[[nodiscard]] std::string human_span(Duration span);         // the two largest units: "2d02h", "7m00s", "12s"
// The span between two times of the API (RFC 3339); "" when one is missing.
[[nodiscard]] std::string human_between(std::string_view from, std::string_view until);
// "2026-11-24 08:30:00" of the API's time, which is UTC.
[[nodiscard]] std::string human_time(std::string_view time);
// Text from outside made harmless for a terminal: what steers it (base/characters.h) becomes "?".
[[nodiscard]] std::string printable(std::string_view text);
// The same for a text of several lines.
[[nodiscard]] std::string printable_lines(std::string_view text);

// Columns aligned by their widest cell; the last one is not padded.
class Table {
 public:
  enum class Align { Left, Right };
  struct Column {
    std::string title;
    Align align = Align::Left;
  };
  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}
  // As many cells as there are columns; made printable().
  void add(std::vector<std::string> cells);
  [[nodiscard]] std::string text() const;

 private:
  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace penstock::cli
