// SPDX-License-Identifier: Apache-2.0
#include "smtp/client_extensions.h"

#include <charconv>

#include "base/ascii.h"

namespace penstock::smtp {
namespace {

constexpr std::size_t kLinesMax = 64;

std::string_view take_word(std::string_view& text) {
  text = ascii::trim(text);
  const std::size_t end = std::min(text.find_first_of(" \t"), text.size());
  const std::string_view word = text.substr(0, end);
  text.remove_prefix(end);
  return word;
}

std::uint64_t number_or_zero(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size() ? number : 0;
}

void add_mechanisms(std::string& auth, std::string_view mechanisms) {
  while (true) {
    const std::string_view word = take_word(mechanisms);
    if (word.empty()) return;
    if (!auth.empty()) auth += ' ';
    auth += word;
  }
}

void add_keyword(Extensions& offered, std::string_view line) {
  std::string_view rest = line;
  const std::string_view keyword = take_word(rest);
  const auto is = [keyword](std::string_view name) { return ascii::equal_ignoring_case(keyword, name); };
  if (is("SIZE")) {
    offered.size = true;
    offered.size_max_bytes = number_or_zero(take_word(rest));
  } else if (is("PIPELINING")) {
    offered.pipelining = true;
  } else if (is("8BITMIME")) {
    offered.eight_bit_mime = true;
  } else if (is("BINARYMIME")) {
    offered.binary_mime = true;
  } else if (is("CHUNKING")) {
    offered.chunking = true;
  } else if (is("SMTPUTF8")) {
    offered.smtputf8 = true;
  } else if (is("DSN")) {
    offered.dsn = true;
  } else if (is("ENHANCEDSTATUSCODES")) {
    offered.enhanced_status_codes = true;
  } else if (is("STARTTLS")) {
    offered.starttls = true;
  } else if (is("REQUIRETLS")) {
    offered.require_tls = true;
  } else if (is("AUTH")) {
    add_mechanisms(offered.auth, rest);
  } else if (ascii::starts_with_ignoring_case(keyword, "AUTH=")) {
    // What mail systems of before RFC 2554 understood; some still send only this.
    add_mechanisms(offered.auth, keyword.substr(5));
    add_mechanisms(offered.auth, rest);
  }
}

}  // namespace

std::string Extensions::to_string() const {
  std::string out;
  for (const std::string& keyword : keywords) {
    if (!out.empty()) out += ',';
    out += keyword;
  }
  return out;
}

Extensions parse_extensions(const model::Reply& reply) {
  Extensions offered;
  offered.esmtp = true;
  std::string_view text = reply.text;
  for (std::size_t n = 0; n < kLinesMax && !text.empty(); ++n) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = ascii::trim(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (n == 0 || line.empty()) continue;  // the first line is a greeting
    offered.keywords.emplace_back(line);
    add_keyword(offered, line);
  }
  return offered;
}

}  // namespace penstock::smtp
