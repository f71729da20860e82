// SPDX-License-Identifier: Apache-2.0
// The smallest SMTP client: one connection, the null sender, one recipient, for mail that exists already (RFC 5321).
// Blocking; every wait ends after kWait. Lines of a message end in LF or CRLF; dots are stuffed.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "base/result.h"

namespace penstock::cli {

class SmtpDoor {
 public:
  static constexpr std::chrono::seconds kWait{60};

  SmtpDoor() = default;
  ~SmtpDoor();
  SmtpDoor(const SmtpDoor&) = delete;
  SmtpDoor& operator=(const SmtpDoor&) = delete;

  // "127.0.0.1:25"; greets and says EHLO.
  [[nodiscard]] Result<> open(const std::string& address);
  // The reply that decided: 250 when the message was taken.
  [[nodiscard]] Result<std::string> send(const std::string& recipient, std::string_view message);

 private:
  [[nodiscard]] Result<> write(std::string_view bytes);
  [[nodiscard]] Result<std::string> reply();
  [[nodiscard]] Result<std::string> say(const std::string& line);

  int socket_ = -1;
  std::string pending_;
};

}  // namespace penstock::cli
