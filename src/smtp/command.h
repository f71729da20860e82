// SPDX-License-Identifier: Apache-2.0
// Command: a client's line cut into verb and argument (RFC 5321 §4.1.1).   Pure; any thread; no allocation.
#pragma once

#include <cstdint>
#include <string_view>

namespace penstock::smtp {

enum class Verb : std::uint8_t {
  Unknown,
  Ehlo,
  Helo,
  Mail,
  Rcpt,
  Data,
  Bdat,
  Rset,
  Noop,
  Quit,
  Vrfy,
  Expn,
  Help,
  StartTls,
  Auth,
  Xclient,
  Http,  // GET, POST, …: a browser was made to talk to us
};

struct Command {
  Verb verb = Verb::Unknown;
  std::string_view argument;  // without the blanks around it
};

// Verbs compare without case. MAIL and RCPT are known by the word alone: what must follow is their own matter.
[[nodiscard]] Command parse_command(std::string_view line);

}  // namespace penstock::smtp
