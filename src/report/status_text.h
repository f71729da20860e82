// SPDX-License-Identifier: Apache-2.0
// Finding SMTP codes and enhanced status codes in text that was written for people.   Pure; any thread.
#pragma once

#include <string>
#include <string_view>

#include "model/reply.h"

namespace penstock::report {

// The reply that a text quotes: its code, its enhanced code, and the words. A well-formed reply ("550 5.1.1 …",
// "550-5.1.1 …") is preferred to codes that stand alone ("(#5.1.1)", "550"), and among equals the first. Dotted numbers
// that are addresses or versions do not count. `text` is one line.
struct QuotedReply {
  model::Reply reply;     // code 0 and enhanced {0,0,0} where none is found; `text` is set in any case
  bool adjacent = false;  // the enhanced code follows the SMTP code, as in a reply
  bool exact = false;     // likewise with nothing but a blank or '-' between: the receiver's own words
  std::size_t begin = 0;  // where it starts in `text`; 0 when nothing was found
};
[[nodiscard]] QuotedReply find_reply(std::string_view text);

// "5.1.1 (bad destination mailbox)", "#5.1.1": the first enhanced code; {0,0,0} when there is none.
[[nodiscard]] model::EnhancedStatus find_status(std::string_view text);

// Runs of white space and control characters become one blank; at most bytes_max bytes, cut between characters; bytes
// that are not UTF-8 become '?'.
[[nodiscard]] std::string squeeze(std::string_view text, std::size_t bytes_max);

}  // namespace penstock::report
