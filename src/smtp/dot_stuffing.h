// SPDX-License-Identifier: Apache-2.0
// DotStuffer: a message as the chunks to write after DATA, with dots doubled and the end of data added (RFC 5321
// §4.5.2), without copying it.
//
// Use:  DotStuffer stuffer(parts);  do { done = stuffer.fill(chunks);  write(chunks);  chunks.clear(); } while (!done);
//
// A dot after any LF is doubled, after a bare one too: a receiver that takes a bare LF for a line's end then sees no
// end of data inside the message (SMTP smuggling). If the last line lacks its CRLF, it is completed. Views go into the
// parts, which must stay valid until they are written.   Costs: about 0.4 µs for 10 KiB. Limits: a fill() appends at
// most kChunksMax + 2 chunks and about kBytesMax bytes, so that a body of nothing but dots takes no memory and each
// write has a time-out of its own.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

namespace penstock::smtp {

class DotStuffer {
 public:
  static constexpr std::size_t kChunksMax = 256;
  static constexpr std::size_t kBytesMax = 1024 * 1024;

  DotStuffer() = default;
  explicit DotStuffer(std::span<const std::string_view> parts) : parts_(parts) {}

  // Appends what is to be written next; true when the end of data is in it.
  bool fill(std::vector<std::string_view>& chunks);

 private:
  std::span<const std::string_view> parts_;  // not yet begun
  std::string_view rest_;                    // of the part begun
  char last_ = '\n';                         // byte before rest_
  char before_last_ = '\r';                  // and the one before it
  bool doubled_ = false;                     // the dot at the front of rest_ is the second one
};

// First position of a dot that follows an LF in `text`, npos if there is none. A dot at position 0 does not count.
[[nodiscard]] std::size_t find_leading_dot(std::string_view text);

// What must follow a text that ends in these two bytes so that its last line is complete: "", "\n" or "\r\n".
[[nodiscard]] std::string_view missing_line_end(char before_last, char last);

}  // namespace penstock::smtp
