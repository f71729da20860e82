// SPDX-License-Identifier: Apache-2.0
#include "spf/macro.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "base/ascii.h"
#include "spf/name.h"

namespace penstock::spf {
namespace {

constexpr std::string_view kLetters = "slodiphv";
constexpr std::string_view kExplanationLetters = "crt";
constexpr std::string_view kDelimiters = ".-+,/_=";
constexpr std::size_t kNameMax = 253;

// %{letter digits r delimiters}
struct Macro {
  char letter = 0;  // small
  bool escape = false;
  std::uint32_t keep = 0;  // parts at the right; 0: all
  bool reverse = false;
  std::string_view delimiters;
  std::size_t size = 0;  // bytes from the '%' on; 0: it is none
};

// `text` begins with "%{".
Macro read_macro(std::string_view text) {
  Macro macro;
  const std::size_t end = text.find('}');
  if (end == std::string_view::npos || end < 3) return macro;
  std::string_view inside = text.substr(2, end - 2);
  macro.letter = ascii::to_lower(inside.front());
  macro.escape = inside.front() != macro.letter;
  inside.remove_prefix(1);
  if (!ascii::is_alpha(macro.letter)) return macro;
  const bool counted = !inside.empty() && ascii::is_digit(inside.front());
  while (!inside.empty() && ascii::is_digit(inside.front())) {
    // More parts than a name can have are all of them.
    macro.keep = std::min<std::uint32_t>(1000, macro.keep * 10 + static_cast<std::uint32_t>(inside.front() - '0'));
    inside.remove_prefix(1);
  }
  if (counted && macro.keep == 0) return macro;  // §7.1: a number of parts is not zero
  if (!inside.empty() && ascii::to_lower(inside.front()) == 'r') {
    macro.reverse = true;
    inside.remove_prefix(1);
  }
  if (inside.find_first_not_of(kDelimiters) != std::string_view::npos) return macro;
  macro.delimiters = inside;
  macro.size = end + 1;
  return macro;
}

bool is_literal(char c) {
  return c > ' ' && c < '\x7F' && c != '%';
}

bool is_top_label(std::string_view label) {
  const bool shape = !label.empty() && ascii::is_alnum(label.front()) && ascii::is_alnum(label.back()) &&
                     std::all_of(label.begin(), label.end(), [](char c) { return ascii::is_alnum(c) || c == '-'; });
  return shape && !std::all_of(label.begin(), label.end(), ascii::is_digit);
}

// domain-end of §7.1: after the last dot a top label, or a macro at the very end.
bool ends_as_domain(std::string_view text, bool ends_in_macro) {
  if (ends_in_macro) return true;
  if (text.ends_with('.')) text.remove_suffix(1);
  const std::size_t dot = text.rfind('.');
  return dot != std::string_view::npos && is_top_label(text.substr(dot + 1));
}

std::string value_of(char letter, const MacroValues& values) {
  const std::size_t at = values.sender.rfind('@');
  switch (letter) {
    case 's': return std::string(values.sender);
    case 'l': return std::string(values.sender.substr(0, at));
    case 'o': return std::string(values.sender.substr(at == std::string_view::npos ? 0 : at + 1));
    case 'd': return std::string(values.domain);
    case 'i': return dotted_address(values.address);
    case 'p': return std::string(values.validated);
    case 'h': return std::string(values.helo);
    case 'v': return values.address.v6 ? "ip6" : "in-addr";
    case 'c': return values.address.to_string();
    case 'r': return std::string(values.receiver);
    case 't': return std::to_string(values.unix_seconds);
    default: return {};
  }
}

std::string transform(const std::string& value, const Macro& macro) {
  const std::string_view delimiters = macro.delimiters.empty() ? std::string_view(".") : macro.delimiters;
  if (macro.keep == 0 && !macro.reverse && macro.delimiters.empty()) return value;
  std::vector<std::string_view> parts;
  for (std::string_view rest = value;;) {
    const std::size_t at = rest.find_first_of(delimiters);
    parts.push_back(rest.substr(0, at));
    if (at == std::string_view::npos) break;
    rest.remove_prefix(at + 1);
  }
  if (macro.reverse) std::reverse(parts.begin(), parts.end());
  if (macro.keep > 0 && parts.size() > macro.keep) parts.erase(parts.begin(), parts.end() - macro.keep);
  return fmt::format("{}", fmt::join(parts, "."));
}

// Only the unreserved characters of RFC 3986 §2.3 stay.
std::string url_escape(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (ascii::is_alnum(c) || c == '-' || c == '.' || c == '_' || c == '~') {
      out += c;
    } else {
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return out;
}

}  // namespace

std::string check_macros(std::string_view text, MacroUse use) {
  const std::string_view whole = text;
  bool ends_in_macro = false;
  while (!text.empty()) {
    ends_in_macro = false;
    if (text.front() != '%') {
      const bool blank = text.front() == ' ' && use == MacroUse::Explanation;
      if (!is_literal(text.front()) && !blank)
        return fmt::format("\"{}\" has a character that may not be there", whole);
      text.remove_prefix(1);
      continue;
    }
    if (text.starts_with("%%") || text.starts_with("%_") || text.starts_with("%-")) {
      text.remove_prefix(2);
      ends_in_macro = true;
      continue;
    }
    if (!text.starts_with("%{")) return fmt::format("\"{}\" has a % that begins no macro", whole);
    const Macro macro = read_macro(text);
    if (macro.size == 0) return fmt::format("\"{}\" has a macro that cannot be read", whole);
    const bool known = kLetters.find(macro.letter) != std::string_view::npos;
    const bool only_explained = kExplanationLetters.find(macro.letter) != std::string_view::npos;
    if (!known && !only_explained) return fmt::format("\"{}\" has the unknown macro %{{{}}}", whole, macro.letter);
    if (only_explained && use == MacroUse::DomainSpec) {
      return fmt::format("\"{}\" has the macro %{{{}}}, which only explanations may have", whole, macro.letter);
    }
    text.remove_prefix(macro.size);
    ends_in_macro = true;
  }
  if (use == MacroUse::DomainSpec && !ends_as_domain(whole, ends_in_macro)) {
    return fmt::format("\"{}\" is no domain", whole);
  }
  return {};
}

std::string expand_macros(std::string_view text, const MacroValues& values) {
  std::string out;
  while (!text.empty()) {
    if (text.starts_with("%%")) {
      out += '%';
    } else if (text.starts_with("%_")) {
      out += ' ';
    } else if (text.starts_with("%-")) {
      out += "%20";
    } else if (text.starts_with("%{")) {
      const Macro macro = read_macro(text);
      if (macro.size == 0) return out;
      const std::string value = transform(value_of(macro.letter, values), macro);
      out += macro.escape ? url_escape(value) : value;
      text.remove_prefix(macro.size);
      continue;
    } else {
      out += text.front();
      text.remove_prefix(1);
      continue;
    }
    text.remove_prefix(2);
  }
  return out;
}

std::string expand_domain(std::string_view text, const MacroValues& values) {
  std::string name = canonical(expand_macros(text, values));
  while (name.size() > kNameMax) {
    const std::size_t dot = name.find('.');
    if (dot == std::string::npos) break;
    name.erase(0, dot + 1);
  }
  return name;
}

bool needs_validated_name(std::string_view text) {
  return text.find("%{p") != std::string_view::npos || text.find("%{P") != std::string_view::npos;
}

std::string dotted_address(const IpAddress& address) {
  if (!address.v6) return address.to_string();
  std::string out;
  for (const std::uint8_t byte : address.bytes)
    out += fmt::format("{}{:x}.{:x}", out.empty() ? "" : ".", byte >> 4, byte & 0xF);
  return out;
}

}  // namespace penstock::spf
