// SPDX-License-Identifier: Apache-2.0
// LineReader: one line (or CSV record) of a file of suppressions, CSV or NDJSON, as an entry.
//
// Use:  LineReader reader(format_of(first_line), defaults);
//       const auto entry = reader.read(line);   // an entry, nothing (blank, comment, heading), or BadLine
// NDJSON: one object a line with the members of Entry: address, scope, cause, reason, source, note, who, since, until,
//   investigate. CSV: the same as columns, named by a first line that has "address" (or "email"); without one they are
//   taken in that order. Fields in quotes as RFC 4180 has them; a line break within becomes a blank. Times: RFC 3339, a
//   date, or seconds since 1970.
// Pure but for what it remembers of the heading.   Limits: 4,000 bytes a line, 1,000 a text.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "suppression/address.h"
#include "suppression/entry.h"

namespace penstock::suppression {

enum class Format : std::uint8_t { Csv, Ndjson };
[[nodiscard]] Format format_of(std::string_view first_line);

// Whether a quoted field of a CSV record is still open at its end: the next line belongs to it.
[[nodiscard]] bool goes_on(std::string_view record);

class LineReader {
 public:
  static constexpr std::size_t kLineMax = 4'000;
  static constexpr std::size_t kTextMax = 1'000;

  // `defaults` fill in what a line does not say.
  LineReader(Format format, Entry defaults, ProviderRules rules);
  // The entry's address is canonical. Errors: BadLine, BadAddress, BadScope, in words for whoever mends the file.
  [[nodiscard]] Result<std::optional<Entry>> read(std::string_view line);

 private:
  [[nodiscard]] Result<std::optional<Entry>> read_csv(std::string_view line);
  [[nodiscard]] Result<std::optional<Entry>> read_json(std::string_view line);
  [[nodiscard]] Result<> set(Entry& entry, std::string_view member, std::string_view value) const;

  const Format format_;
  const Entry defaults_;
  const ProviderRules rules_;
  bool first_ = true;
  std::vector<std::string> columns_;
};

// "2026-11-24T08:30:00Z", "2026-11-24", "1795509000"; nothing when it is none of these.
[[nodiscard]] std::optional<Time> parse_time(std::string_view text);

}  // namespace penstock::suppression
