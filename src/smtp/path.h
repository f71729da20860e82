// SPDX-License-Identifier: Apache-2.0
// Reverse and forward paths: what stands after "MAIL FROM:" and "RCPT TO:" (RFC 5321 §4.1.2, RFC 6531 §3.3).
//
// Use:  auto sender = take_path(rest, Utf8::Refused);  if (!sender) tell(sender.error());  // rest: " SIZE=1000"
//
// Strict in what an address is; lenient around it: blanks before the path and a path without angle brackets are taken,
// as every mail system does. Source routes ("<@a,@b:c@d>") are checked and dropped (RFC 5321 §3.3).
// The result is in one form, so that equal addresses are equal texts: domain in lower case, quotes and backslashes only
// where they are needed ("\"john\"@X.example" gives "john@x.example").
// Limits: a path of 256 bytes (§4.5.3.1.3). The 64 bytes of a local part (§4.5.3.1.1) are not held against anybody:
// return paths that carry a recipient's address are longer.   Pure; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "smtp/domain.h"

namespace penstock::smtp {

enum class PathProblem : std::uint8_t {
  Malformed,
  TooLong,
  NeedsUtf8,  // bytes above 127 with Utf8::Refused
};

// Takes a path from the front of `text`, up to a blank or the end. "" is the null path "<>". A mailbox without domain
// is malformed but for "<postmaster>", in any case (§4.1.1.3), which comes back as "postmaster".
[[nodiscard]] tl::expected<std::string, PathProblem> take_path(std::string_view& text, Utf8 utf8);

// "local@domain" alone, with the same rules, in the same form.
[[nodiscard]] tl::expected<std::string, PathProblem> parse_mailbox(std::string_view text, Utf8 utf8);

}  // namespace penstock::smtp
