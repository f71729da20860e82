// SPDX-License-Identifier: Apache-2.0
// EventLine: the members of one stored line, as views into it.
//
// A scanner of our own for flat objects of strings, numbers, true, false and null, quicker than a JSON library because
// members come in a known order; others are found too, unknown ones are skipped. It accepts no nested value and no
// white space: the log has none.
// Pure.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "eventlog/event_fields.h"

namespace penstock::eventlog {

class EventLine {
 public:
  // Reads `line`, without its line end; the views live as long as it does. False when it is not such an object; then
  // the members are undefined. Of a name that comes twice the last counts.
  bool parse(std::string_view line);

  // As it stands: the inside of a string, escaped; or a number's digits. Empty when absent.
  [[nodiscard]] std::string_view raw(Field field) const { return values_[index_of(field)]; }
  [[nodiscard]] bool has(Field field) const { return raw(field).data() != nullptr; }
  // Unescaped; kept in `scratch` only when it was escaped. Empty when absent, or no string's inside.
  [[nodiscard]] std::string_view text(Field field, std::string& scratch) const;
  // 0 when absent or no whole number.
  [[nodiscard]] std::uint64_t number(Field field) const;
  // Nothing when absent or not written by format_time().
  [[nodiscard]] std::optional<Time> time(Field field) const;

 private:
  std::array<std::string_view, kFieldNames.size()> values_;
};

// The time at the start of a line of ours, without reading the rest.
[[nodiscard]] std::optional<Time> time_of_line(std::string_view line);
// What format_time() wrote.
[[nodiscard]] std::optional<Time> parse_time(std::string_view text);

// Cuts the next line off `lines` and gives it without its '\n'.
[[nodiscard]] std::string_view take_line(std::string_view& lines);

}  // namespace penstock::eventlog
