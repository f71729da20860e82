// SPDX-License-Identifier: Apache-2.0
#include "sim/pattern.h"

#include <fmt/format.h>

#include <charconv>

#include "base/ascii.h"
#include "sim/errc.h"

namespace penstock::sim {
namespace {

bool parse_number(std::string_view text, std::size_t& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc{} && end == text.data() + text.size();
}

}  // namespace

// Greedy with one point of return: on a mismatch the last `*` takes one character more. Linear in practice.
bool matches(std::string_view pattern, std::string_view text) {
  if (pattern.empty()) return true;
  std::size_t p = 0;
  std::size_t t = 0;
  std::size_t star = std::string_view::npos;
  std::size_t resume = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      resume = t;
    } else if (p < pattern.size() && (pattern[p] == '?' || ascii::to_lower(pattern[p]) == ascii::to_lower(text[t]))) {
      ++p;
      ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++resume;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

Result<std::vector<std::string>> expand_family(std::string_view text) {
  const std::size_t open = text.find('{');
  if (open == std::string_view::npos) return std::vector<std::string>{std::string(text)};
  const std::size_t close = text.find('}', open);
  const auto bad = [&](std::string_view why) {
    return fail(Errc::BadArgument, fmt::format("\"{}\" {}; a family is written as \"d{{1..100}}.test\"", text, why));
  };
  if (close == std::string_view::npos) return bad("has no closing brace");
  const std::string_view range = text.substr(open + 1, close - open - 1);
  const std::string_view tail = text.substr(close + 1);
  if (tail.find('{') != std::string_view::npos) return bad("holds two ranges");
  const std::size_t dots = range.find("..");
  std::size_t first = 0;
  std::size_t last = 0;
  if (dots == std::string_view::npos || !parse_number(range.substr(0, dots), first) ||
      !parse_number(range.substr(dots + 2), last)) {
    return bad("holds no range");
  }
  if (last < first) return bad("holds a range that falls");
  if (last - first >= kFamilyMax) return bad(fmt::format("has more than {} members", kFamilyMax));
  const std::size_t width = range[0] == '0' ? dots : 0;
  std::vector<std::string> names;
  names.reserve(last - first + 1);
  for (std::size_t n = first; n <= last; ++n) {
    names.push_back(fmt::format("{}{:0{}}{}", text.substr(0, open), n, width, tail));
  }
  return names;
}

}  // namespace penstock::sim
