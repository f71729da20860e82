// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <re2/re2.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "base/ascii.h"
#include "classify/lint.h"

namespace penstock::classify {
namespace {

constexpr int kRepeatsMost = 16;

// One thing that can be repeated: "a", "\d", "[^ ]", ".", "\pL", "(?:[a-z]+ )".
struct Item {
  std::string_view text;
  bool runs_over_words = false;  // its repetition does: it matches a blank and more
  bool has_blank = false;        // it matches a blank
  bool is_wide = false;          // it matches more than one character
};

// What one character may be, RE2 knows best: "[[:alpha:] ]", "[!-~]", "\pZ".
Item probed(std::string_view text) {
  RE2::Options options;
  options.set_encoding(RE2::Options::EncodingLatin1);
  options.set_dot_nl(true);
  options.set_log_errors(false);
  const RE2 one("(?:" + std::string(text) + ")", options);
  Item item{text};
  if (!one.ok()) return item;
  int others = 0;
  for (int byte = 0; byte < 256; ++byte) {
    const char c = static_cast<char>(byte);
    if (!RE2::FullMatch(std::string_view(&c, 1), one)) continue;
    item.has_blank |= c == ' ';
    others += c == ' ' ? 0 : 1;
  }
  // "\s" is blanks of some kind all the same.
  const bool more = text == "\\s" || text == "[[:space:]]" || text == "[[:blank:]]" ? false : others > 0;
  item.is_wide = others > 1 && more;
  item.runs_over_words = item.has_blank && more;
  return item;
}

Item take_class(std::string_view pattern, std::size_t& i) {
  const std::size_t start = i++;
  if (i < pattern.size() && pattern[i] == '^') ++i;
  for (bool first = true; i < pattern.size() && (pattern[i] != ']' || first); first = false) {
    const std::size_t named = pattern.substr(i).starts_with("[:") ? pattern.find(":]", i + 2) : std::string_view::npos;
    if (named != std::string_view::npos) {
      i = named + 2;
    } else {
      i += pattern[i] == '\\' && i + 1 < pattern.size() ? 2 : 1;
    }
  }
  if (i < pattern.size()) ++i;
  return probed(pattern.substr(start, i - start));
}

Item take_item(std::string_view pattern, std::size_t& i) {
  if (pattern[i] == '[') return take_class(pattern, i);
  const std::size_t start = i;
  if (pattern[i] == '\\' && i + 1 < pattern.size()) {
    i += 2;
    const char kind = pattern[start + 1];
    const bool named = kind == 'x' || kind == 'p' || kind == 'P';
    if (named && i < pattern.size() && pattern[i] == '{') {
      i = std::min(pattern.find('}', i), pattern.size() - 1) + 1;
    } else if (kind == 'x') {
      i = std::min(i + 2, pattern.size());
    } else if (named && i < pattern.size()) {
      ++i;
    }
    return probed(pattern.substr(start, i - start));
  }
  ++i;
  const char c = pattern[start];
  return {pattern.substr(start, 1), c == '.', c == '.' || c == ' ', c == '.'};
}

// Behind "(": what says of which kind the group is, like "?:" or "?P<name>".
void skip_group_kind(std::string_view pattern, std::size_t& i) {
  if (i >= pattern.size() || pattern[i] != '?') return;
  while (i < pattern.size() && pattern[i] != ':' && pattern[i] != '>' && pattern[i] != ')') ++i;
  if (i < pattern.size() && pattern[i] != ')') ++i;
}

// Groups that are open. One that is repeated runs over words if a part of it does, or if it has a blank and, in this or
// another alternative, any letters: "(?:[a-z]+ )", "(?:\s|\S)". A choice of certain words does not: "(?:the |our )".
class OpenGroups {
 public:
  void open(std::size_t at) { open_.push_back({at}); }
  void take(const Item& item) {
    if (open_.empty()) return;
    open_.back().has_blank |= item.has_blank;
    open_.back().runs |= item.runs_over_words && item.is_wide;
    open_.back().any_letters |= item.is_wide;
  }
  // The group that ends before `end`. A ")" too many is the compiler's to complain of.
  Item close(std::string_view pattern, std::size_t end) {
    if (open_.empty()) return {};
    const Group group = open_.back();
    open_.pop_back();
    const bool runs = group.runs || (group.has_blank && group.any_letters);
    return {pattern.substr(group.start, end - group.start), runs, group.has_blank, group.any_letters};
  }

 private:
  struct Group {
    std::size_t start;
    bool has_blank = false, runs = false, any_letters = false;
  };
  std::vector<Group> open_;
};

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
  OpenGroups groups;
  for (std::size_t i = 0; i < view.size();) {
    if (view[i] == '(') {
      groups.open(i++);
      skip_group_kind(view, i);
      continue;
    }
    const Item item = view[i] == ')' ? groups.close(view, ++i) : take_item(view, i);
    groups.take(item);
    if (i >= view.size()) break;
    const std::size_t start = static_cast<std::size_t>(item.text.data() - view.data());
    if (item.text.empty()) continue;
    int most = 1;
    if (view[i] == '*' || view[i] == '+') {
      most = -1;
      ++i;
    } else if (view[i] != '{' || !take_braces(view, i, most)) {
      continue;
    }
    if (most == -1 && item.runs_over_words) {
      return fmt::format("\"{}\" repeats without bound", view.substr(start, i - start));
    }
    if (most > kRepeatsMost) {
      return fmt::format("\"{}\" repeats more than {} times", view.substr(start, i - start), kRepeatsMost);
    }
  }
  return {};
}

}  // namespace penstock::classify
