// SPDX-License-Identifier: Apache-2.0
// Header fields that we write ourselves: Received (RFC 5321 §4.4), Message-ID and Date (RFC 5322 §3.6).
//
// What a client said is made harmless first: of its name only the bytes of host names and address literals stay, the
// others become '?'. A recipient with a quoted local part is left out.   Pure; any thread.
#pragma once

#include <string>
#include <string_view>

#include "base/clock.h"

namespace penstock::mime {

struct ReceivedLine {
  std::string_view client_name{};     // what it said in EHLO; "" when it said nothing
  std::string_view client_address{};  // "192.0.2.1" or "2001:db8::1", no brackets; "" when there is no client
  std::string_view host{};            // our name
  std::string_view protocol{};        // "ESMTP", "ESMTPS", "UTF8SMTP", "HTTP", … (RFC 3848)
  std::string_view id{};
  std::string_view recipient{};  // "" unless there is exactly one: "for" must not reveal the others
  Time time{};                   // wall
};
// The whole field, folded, ending in CRLF.
[[nodiscard]] std::string format_received(const ReceivedLine& line);

// "<01K8Q2R5VX3ZP@mta1.example.com>"
[[nodiscard]] std::string make_message_id(std::string_view id, std::string_view host);

// "Name: value\r\n"; CR, LF and NUL in `value` become blanks. `name` is ours.
[[nodiscard]] std::string format_field(std::string_view name, std::string_view value);

}  // namespace penstock::mime
