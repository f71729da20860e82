// SPDX-License-Identifier: Apache-2.0
#include "model/reply.h"

#include <fmt/format.h>

#include "base/ascii.h"
#include "base/check.h"

namespace penstock::model {
namespace {

// RFC 3463 §2: class is one digit, subject and detail have one to three.
bool take_number(std::string_view& text, std::size_t digits_max, std::uint16_t& out) {
  std::size_t n = 0;
  out = 0;
  while (n < text.size() && n < digits_max && ascii::is_digit(text[n])) {
    out = static_cast<std::uint16_t>(out * 10 + (text[n++] - '0'));
  }
  text.remove_prefix(n);
  return n > 0;
}
bool take_dot(std::string_view& text) {
  if (text.empty() || text.front() != '.') return false;
  text.remove_prefix(1);
  return true;
}

}  // namespace

std::string EnhancedStatus::to_string() const {
  return *this ? fmt::format("{}.{}.{}", status_class, subject, detail) : std::string();
}

EnhancedStatus EnhancedStatus::take(std::string_view& text) {
  std::string_view rest = text;
  EnhancedStatus s;
  if (!take_number(rest, 1, s.status_class) || !take_dot(rest) || !take_number(rest, 3, s.subject) || !take_dot(rest) ||
      !take_number(rest, 3, s.detail)) {
    return {};
  }
  const bool known_class = s.status_class == 2 || s.status_class == 4 || s.status_class == 5;
  if (!known_class || (!rest.empty() && rest.front() != ' ')) return {};
  if (!rest.empty()) rest.remove_prefix(1);
  text = rest;
  return s;
}

std::string Reply::to_string() const {
  if (code == 0) return text;
  std::string out = fmt::format("{}", code);
  if (enhanced) out += " " + enhanced.to_string();
  if (!text.empty()) out += ' ';
  for (const char c : text) {
    if (c == '\n') {
      out += " / ";
    } else {
      out += c;
    }
  }
  return out;
}

std::string_view to_string(Step step) {
  switch (step) {
    case Step::Connect: return "connect";
    case Step::Banner: return "banner";
    case Step::Ehlo: return "ehlo";
    case Step::StartTls: return "starttls";
    case Step::Auth: return "auth";
    case Step::Mail: return "mail";
    case Step::Rcpt: return "rcpt";
    case Step::Data: return "data";
    case Step::EndOfData: return "end-of-data";
    case Step::Rset: return "rset";
    case Step::Quit: return "quit";
  }
  PENSTOCK_UNREACHABLE();
}

}  // namespace penstock::model
