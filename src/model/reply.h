// SPDX-License-Identifier: Apache-2.0
// An SMTP reply as data: what a receiver said, or what we say (RFC 5321 §4.2, RFC 2034, RFC 3463).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace penstock::model {

// "5.1.1" is {5, 1, 1}. A class of 0 means that no enhanced code was given.
struct EnhancedStatus {
  std::uint16_t status_class = 0;
  std::uint16_t subject = 0;
  std::uint16_t detail = 0;
  constexpr explicit operator bool() const { return status_class != 0; }
  constexpr bool operator==(const EnhancedStatus&) const = default;
  [[nodiscard]] std::string to_string() const;  // "5.1.1", or "" when not given
  // Reads one at the start of `text`, followed by a space or the end; advances `text` past both. Absent: {0,0,0}.
  static EnhancedStatus take(std::string_view& text);
};

struct Reply {
  std::uint16_t code = 0;  // 200–599; 0: none (the link was lost, or nothing was said)
  EnhancedStatus enhanced;
  std::string text;  // without codes; lines joined by '\n', never ends in one

  [[nodiscard]] bool positive() const { return code >= 200 && code < 300; }
  [[nodiscard]] bool intermediate() const { return code >= 300 && code < 400; }
  [[nodiscard]] bool transient() const { return code >= 400 && code < 500; }
  [[nodiscard]] bool permanent() const { return code >= 500 && code < 600; }
  // On one line, as in events and DSNs: "550 5.1.1 no such user". Lines of the text are joined by " / ".
  [[nodiscard]] std::string to_string() const;
  bool operator==(const Reply&) const = default;
};

// Where in the conversation something happened. The names are those in events and in classification rules.
enum class Step : std::uint8_t { Connect, Banner, Ehlo, StartTls, Auth, Mail, Rcpt, Data, EndOfData, Rset, Quit };
[[nodiscard]] std::string_view to_string(Step step);  // "connect", "banner", "ehlo", "starttls", "auth", "mail", …

}  // namespace penstock::model
