// SPDX-License-Identifier: Apache-2.0
#include "report/html_text.h"

#include <cstdint>

#include "base/ascii.h"

namespace penstock::report {
namespace {

bool is_name(std::string_view tag, std::string_view name) {
  return ascii::starts_with_ignoring_case(tag, name) &&
         (tag.size() == name.size() || !ascii::is_alnum(tag[name.size()]));
}

bool ends_line(std::string_view tag) {
  if (tag.starts_with('/')) tag.remove_prefix(1);
  for (const std::string_view name :
       {"br", "p", "div", "tr", "li", "ul", "table", "h1", "h2", "h3", "pre", "hr", "td"}) {
    if (is_name(tag, name)) return true;
  }
  return false;
}

// Appends the character that `reference` ("lt", "#64", "#x40") stands for; false when it is not known.
bool append_reference(std::string& out, std::string_view reference) {
  struct Named {
    std::string_view name;
    char character;
  };
  static constexpr Named kNamed[] = {{"lt", '<'},   {"gt", '>'},    {"amp", '&'},
                                     {"quot", '"'}, {"apos", '\''}, {"nbsp", ' '}};
  for (const Named& named : kNamed) {
    if (reference != named.name) continue;
    out += named.character;
    return true;
  }
  if (!reference.starts_with('#') || reference.size() < 2) return false;
  const bool hex = ascii::to_lower(reference[1]) == 'x';
  std::uint32_t code = 0;
  for (const char c : reference.substr(hex ? 2 : 1)) {
    const char digit = ascii::to_lower(c);
    if (ascii::is_digit(digit)) {
      code = code * (hex ? 16 : 10) + static_cast<std::uint32_t>(digit - '0');
    } else if (hex && digit >= 'a' && digit <= 'f') {
      code = code * 16 + static_cast<std::uint32_t>(digit - 'a' + 10);
    } else {
      return false;
    }
  }
  out += code >= 32 && code < 127 ? static_cast<char>(code) : ' ';
  return true;
}

}  // namespace

std::string html_to_text(std::string_view html) {
  constexpr std::size_t kReferenceMax = 8;
  std::string out;
  out.reserve(html.size() / 2);
  std::string_view skip_until;  // the end tag of a script or style we are in
  for (std::size_t i = 0; i < html.size(); ++i) {
    if (html[i] == '<') {
      const std::size_t end = html.find('>', i);
      if (end == std::string_view::npos) break;
      const std::string_view tag = html.substr(i + 1, end - i - 1);
      if (!skip_until.empty()) {
        if (is_name(tag, skip_until)) skip_until = {};
      } else if (is_name(tag, "style")) {
        skip_until = "/style";
      } else if (is_name(tag, "script")) {
        skip_until = "/script";
      } else if (ends_line(tag)) {
        out += '\n';
      }
      i = end;
    } else if (!skip_until.empty()) {
      continue;
    } else if (html[i] == '&') {
      const std::size_t end = html.substr(i, kReferenceMax + 2).find(';');
      if (end != std::string_view::npos && append_reference(out, html.substr(i + 1, end - 1))) {
        i += end;
      } else {
        out += '&';
      }
    } else {
      out += html[i] == '\n' ? ' ' : html[i];
    }
  }
  return out;
}

}  // namespace penstock::report
