// SPDX-License-Identifier: Apache-2.0
#include "smtp/path.h"

#include <algorithm>

#include "base/ascii.h"
#include "smtp/utf8.h"

namespace penstock::smtp {
namespace {

constexpr std::size_t kPathBytesMax = 256;
constexpr std::size_t kRouteBytesMax = 1024;  // a source route is dropped, so its length matters little

bool is_high(char c) {
  return (static_cast<unsigned char>(c) & 0x80U) != 0;
}

bool is_atom_char(char c) {
  return ascii::is_alnum(c) || is_high(c) || std::string_view("!#$%&'*+-/=?^_`{|}~").find(c) != std::string_view::npos;
}

// atoms with single dots between them
bool is_dot_string(std::string_view text) {
  bool after_dot = true;
  for (const char c : text) {
    if (c == '.' ? after_dot : !is_atom_char(c)) return false;
    after_dot = c == '.';
  }
  return !after_dot;
}

// Takes "…" with its quotes; gives what it means. False when it does not end or holds what it must not.
bool take_quoted(std::string_view& text, std::string& meaning) {
  text.remove_prefix(1);
  while (!text.empty() && text.front() != '"') {
    if (text.front() == '\\') {
      text.remove_prefix(1);
      if (text.empty() || is_high(text.front())) return false;
    }
    if (!is_high(text.front()) && !is_printable(text.substr(0, 1))) return false;
    meaning += text.front();
    text.remove_prefix(1);
  }
  if (text.empty()) return false;
  text.remove_prefix(1);
  return true;
}

std::string quote(std::string_view meaning) {
  std::string out = "\"";
  for (const char c : meaning) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  out += '"';
  return out;
}

// Takes the local part up to its '@'; "" when it is malformed.
std::string take_local_part(std::string_view& text) {
  if (!text.empty() && text.front() == '"') {
    std::string meaning;
    if (!take_quoted(text, meaning)) return {};
    return is_dot_string(meaning) ? meaning : quote(meaning);
  }
  const std::string_view local = text.substr(0, text.find('@'));
  if (!is_dot_string(local)) return {};
  text.remove_prefix(local.size());
  return std::string(local);
}

// Takes "@a,@b:" if there is one. False when it is malformed.
bool take_source_route(std::string_view& text) {
  if (text.empty() || text.front() != '@') return true;
  const std::size_t colon = text.find(':');
  if (colon > kRouteBytesMax) return false;  // none at all is further still
  std::string_view route = text.substr(0, colon);
  text.remove_prefix(colon + 1);
  for (;;) {
    const std::string_view hop = route.substr(0, route.find(','));
    if (hop.size() < 2 || hop.front() != '@' || !is_domain(hop.substr(1), Utf8::Allowed)) return false;
    if (hop.size() == route.size()) return true;
    route.remove_prefix(hop.size() + 1);
  }
}

// Length of the path at the front, with its brackets; quotes may hide a '>' or a blank. npos: its end is missing.
std::size_t find_path_end(std::string_view text) {
  const bool bracketed = !text.empty() && text.front() == '<';
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (quoted && text[i] == '\\') {
      ++i;
    } else if (text[i] == '"') {
      quoted = !quoted;
    } else if (!quoted && bracketed && text[i] == '>') {
      return i + 1;
    } else if (!quoted && !bracketed && text[i] == ' ') {
      return i;
    }
  }
  return bracketed ? std::string_view::npos : text.size();
}

}  // namespace

tl::expected<std::string, PathProblem> parse_mailbox(std::string_view text, Utf8 utf8) {
  if (text.size() > kPathBytesMax - 2) return tl::unexpected(PathProblem::TooLong);
  if (has_eight_bit(text)) {
    if (!is_utf8_text(text)) return tl::unexpected(PathProblem::Malformed);
    if (utf8 == Utf8::Refused) return tl::unexpected(PathProblem::NeedsUtf8);
  }
  std::string mailbox = take_local_part(text);
  if (mailbox.empty() || text.empty() || text.front() != '@') return tl::unexpected(PathProblem::Malformed);
  const std::string_view domain = text.substr(1);
  if (!is_domain(domain, utf8) && !is_address_literal(domain)) return tl::unexpected(PathProblem::Malformed);
  mailbox += '@';
  std::transform(domain.begin(), domain.end(), std::back_inserter(mailbox), ascii::to_lower);
  return mailbox;
}

tl::expected<std::string, PathProblem> take_path(std::string_view& text, Utf8 utf8) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  const std::size_t end = find_path_end(text);
  if (end == 0 || end == std::string_view::npos) return tl::unexpected(PathProblem::Malformed);
  std::string_view path = text.substr(0, end);
  text.remove_prefix(end);
  if (!text.empty() && text.front() != ' ') return tl::unexpected(PathProblem::Malformed);

  if (path.front() == '<') {
    path = path.substr(1, path.size() - 2);
    if (path.empty()) return std::string();
    if (ascii::equal_ignoring_case(path, "postmaster")) return ascii::lower(path);
    if (!take_source_route(path)) return tl::unexpected(PathProblem::Malformed);
  }
  return parse_mailbox(path, utf8);
}

}  // namespace penstock::smtp
