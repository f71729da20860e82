// SPDX-License-Identifier: Apache-2.0
// XCLIENT: a trusted proxy or content filter tells whom it speaks for. Attributes and their encoding are those of
// Postfix's XCLIENT_README: NAME ADDR PORT PROTO HELO LOGIN DESTADDR DESTPORT, values in xtext.
//
// "[UNAVAILABLE]" and "[TEMPUNAVAIL]" say that a value is not known; it is then present and empty. An attribute that
// was not sent is nothing.   Pure; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/ip_network.h"

namespace penstock::smtp {

struct Xclient {
  std::optional<std::string> name;      // host name of the client; "" unknown
  std::optional<IpAddress> address;     // nothing: not sent or unknown
  std::optional<std::uint16_t> port;    // nothing: not sent or unknown
  std::optional<std::string> protocol;  // "SMTP" or "ESMTP"
  std::optional<std::string> helo;      // what the client said in EHLO
  std::optional<std::string> login;     // name it authenticated as; "" none
  std::optional<IpAddress> destination_address;
  std::optional<std::uint16_t> destination_port;
};

// `arguments` is what follows "XCLIENT ". Nothing when it is malformed: no attribute, an unknown or repeated one, a
// value that is not xtext or holds control characters, an address or port that is none, anything above 255 bytes.
[[nodiscard]] std::optional<Xclient> parse_xclient(std::string_view arguments);

}  // namespace penstock::smtp
