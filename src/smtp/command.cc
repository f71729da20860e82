// SPDX-License-Identifier: Apache-2.0
#include "smtp/command.h"

#include <array>
#include <utility>

#include "base/ascii.h"

namespace penstock::smtp {
namespace {

// Eight letters, upper case, in one number, so that a verb is found by comparing numbers.
constexpr std::uint64_t packed(std::string_view word) {
  std::uint64_t number = 0;
  for (const char c : word) number = number << 8 | static_cast<unsigned char>(ascii::to_upper(c));
  return number;
}

Verb find_verb(std::string_view word) {
  if (word.size() > 8) return Verb::Unknown;
  switch (packed(word)) {
    case packed("EHLO"): return Verb::Ehlo;
    case packed("HELO"): return Verb::Helo;
    case packed("MAIL"): return Verb::Mail;
    case packed("RCPT"): return Verb::Rcpt;
    case packed("DATA"): return Verb::Data;
    case packed("BDAT"): return Verb::Bdat;
    case packed("RSET"): return Verb::Rset;
    case packed("NOOP"): return Verb::Noop;
    case packed("QUIT"): return Verb::Quit;
    case packed("VRFY"): return Verb::Vrfy;
    case packed("EXPN"): return Verb::Expn;
    case packed("HELP"): return Verb::Help;
    case packed("STARTTLS"): return Verb::StartTls;
    case packed("AUTH"): return Verb::Auth;
    case packed("XCLIENT"): return Verb::Xclient;
    case packed("GET"):
    case packed("HEAD"):
    case packed("POST"):
    case packed("PUT"):
    case packed("DELETE"):
    case packed("OPTIONS"):
    case packed("CONNECT"): return Verb::Http;
    default: return Verb::Unknown;
  }
}

}  // namespace

Command parse_command(std::string_view line) {
  const std::string_view word = line.substr(0, line.find(' '));
  return {find_verb(word), ascii::trim(line.substr(word.size()))};
}

}  // namespace penstock::smtp
