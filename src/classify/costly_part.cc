// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "base/ascii.h"
#include "classify/lint.h"

namespace penstock::classify {
namespace {

constexpr int kRepeatsMost = 16;

// One thing that can be repeated: "a", "\d", "[^ ]", "."; groups are left to their parts.
struct Item {
  std::string_view text;
  bool may_be_blank = false;  // it matches a blank, so its repetition runs over words
};

Item take_class(std::string_view pattern, std::size_t& i) {
  const std::size_t start = i++;
  const bool negated = i < pattern.size() && pattern[i] == '^';
  if (negated) ++i;
  bool has_blank = false;
  for (bool first = true; i < pattern.size() && (pattern[i] != ']' || first); first = false) {
    if (pattern[i] == '\\' && i + 1 < pattern.size()) {
      has_blank |= pattern[i + 1] == 's' || pattern[i + 1] == 'W' || pattern[i + 1] == 'D';
      i += 2;
    } else {
      has_blank |= pattern[i++] == ' ';
    }
  }
  if (i < pattern.size()) ++i;
  return {pattern.substr(start, i - start), negated != has_blank};
}

Item take_item(std::string_view pattern, std::size_t& i) {
  if (pattern[i] == '[') return take_class(pattern, i);
  const std::size_t start = i;
  if (pattern[i] == '\\' && i + 1 < pattern.size()) {
    i += 2;
    const char kind = pattern[start + 1];
    if (kind == 'x' && i < pattern.size() && pattern[i] == '{')
      i = std::min(pattern.find('}', i), pattern.size() - 1) + 1;
    return {pattern.substr(start, 2), kind == 'W' || kind == 'D' || kind == 'C'};
  }
  ++i;
  return {pattern.substr(start, 1), pattern[start] == '.'};
}

// The bounds of "{m,n}" at i; -1: none given, that is without bound.
bool take_braces(std::string_view pattern, std::size_t& i, int& most) {
  const std::size_t end = pattern.find('}', i);
  if (end == std::string_view::npos || i + 1 >= pattern.size() || !ascii::is_digit(pattern[i + 1])) return false;
  const std::string_view inner = pattern.substr(i + 1, end - i - 1);
  const std::size_t comma = inner.find(',');
  const std::string_view last = comma == std::string_view::npos ? inner : inner.substr(comma + 1);
  most = -1;
  if (!last.empty()) {
    most = 0;
    for (const char c : last.substr(0, 4)) most = most * 10 + (c - '0');
  }
  i = end + 1;
  return true;
}

}  // namespace

std::string costly_part(const std::string& pattern) {
  const std::string_view view = pattern;
  for (std::size_t i = 0; i < view.size();) {
    const std::size_t start = i;
    const Item item = take_item(view, i);
    if (i >= view.size()) break;
    int most = 1;
    if (view[i] == '*' || view[i] == '+') {
      most = -1;
      ++i;
    } else if (view[i] != '{' || !take_braces(view, i, most)) {
      continue;
    }
    if (most == -1 && item.may_be_blank) {
      return fmt::format("\"{}\" repeats without bound", view.substr(start, i - start));
    }
    if (most > kRepeatsMost) {
      return fmt::format("\"{}\" repeats more than {} times", view.substr(start, i - start), kRepeatsMost);
    }
  }
  return {};
}

}  // namespace penstock::classify
