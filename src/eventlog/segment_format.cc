// SPDX-License-Identifier: Apache-2.0
#include "eventlog/segment_format.h"

#include <fmt/format.h>

#include <charconv>

namespace penstock::eventlog {
namespace {
constexpr std::size_t kDigits = 20;
}

std::string segment_name(Offset start, std::string_view suffix) {
  return fmt::format("{:020}{}", start, suffix);
}

std::optional<SegmentName> parse_segment_name(std::string_view name) {
  if (name.size() <= kDigits) return std::nullopt;
  SegmentName parsed;
  const auto [end, error] = std::from_chars(name.data(), name.data() + kDigits, parsed.start);
  if (error != std::errc{} || end != name.data() + kDigits) return std::nullopt;
  for (const std::string_view suffix : {kPlainSuffix, kCompressedSuffix, kFilterSuffix}) {
    if (name.substr(kDigits) == suffix) {
      parsed.suffix = suffix;
      return parsed;
    }
  }
  return std::nullopt;
}

}  // namespace penstock::eventlog
