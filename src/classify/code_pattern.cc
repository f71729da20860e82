// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <charconv>

#include "base/ascii.h"
#include "classify/rule.h"

namespace penstock::classify {
namespace {

// "7" is a number, "x" any.
bool read_part(std::string_view text, std::optional<std::uint16_t>& out) {
  if (text == "x") return true;
  if (text.empty() || text.size() > 3) return false;
  std::uint16_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return false;
  out = number;
  return true;
}

// "28", "x", "606-649".
bool read_detail(std::string_view text, CodePattern& pattern) {
  const std::size_t dash = text.find('-');
  if (dash == std::string_view::npos) return read_part(text, pattern.detail);
  return read_part(text.substr(0, dash), pattern.detail) && read_part(text.substr(dash + 1), pattern.detail_to) &&
         pattern.detail && pattern.detail_to && *pattern.detail < *pattern.detail_to;
}

std::optional<CodePattern> parse_enhanced(std::string_view text) {
  CodePattern pattern{.enhanced = true};
  const std::size_t first = text.find('.');
  const std::size_t second = text.find('.', first + 1);
  if (second == std::string_view::npos) return std::nullopt;
  const bool good = read_part(text.substr(0, first), pattern.status_class) &&
                    read_part(text.substr(first + 1, second - first - 1), pattern.subject) &&
                    read_detail(text.substr(second + 1), pattern);
  if (!good || (pattern.status_class && *pattern.status_class != 4 && *pattern.status_class != 5)) return std::nullopt;
  return pattern;
}

}  // namespace

bool CodePattern::matches(std::uint16_t code, const model::EnhancedStatus& given) const {
  if (!enhanced) return code >= code_from && code <= code_to;
  if (!given || status_class.value_or(given.status_class) != given.status_class ||
      subject.value_or(given.subject) != given.subject) {
    return false;
  }
  if (detail_to) return given.detail >= *detail && given.detail <= *detail_to;
  return detail.value_or(given.detail) == given.detail;
}

std::optional<CodePattern> parse_code_pattern(std::string_view text) {
  if (text.find('.') != std::string_view::npos) return parse_enhanced(text);
  if (text == "0") return CodePattern{};  // nobody answered, or the words came without a code
  if (text.size() != 3 || (text[0] != '4' && text[0] != '5')) return std::nullopt;
  const auto hundred = static_cast<std::uint16_t>((text[0] - '0') * 100);
  if (text.substr(1) == "xx") {
    return CodePattern{.code_from = hundred, .code_to = static_cast<std::uint16_t>(hundred + 99)};
  }
  if (!ascii::is_digit(text[1]) || !ascii::is_digit(text[2])) return std::nullopt;
  const auto code = static_cast<std::uint16_t>(hundred + (text[1] - '0') * 10 + (text[2] - '0'));
  return CodePattern{.code_from = code, .code_to = code};
}

}  // namespace penstock::classify
