// SPDX-License-Identifier: Apache-2.0
// ReplyParser: bytes from a receiver become replies (RFC 5321 §4.2), whatever the split of the bytes.
//
// Use:  while (!bytes.empty()) { if (parser.take(bytes) == ReplyParser::Got::Reply) use(parser.reply()); … }
//
// Lenient where real receivers need it: a line may end in a bare LF, the text may be missing ("250"), lines of one
// reply may carry different codes (the last line's counts, RFC 5321 §4.2.1), the enhanced code (RFC 2034) may be
// missing, on some lines only, or of another class than the code. It is taken from the first line that has one and
// removed from every line that repeats it. Strict otherwise: a line that does not begin with a code of 200–599 and then
// ' ', '-' or the line's end makes the stream unreadable for good. Text: other control characters than the line's end
// and bytes that are not UTF-8 become '?', a TAB becomes a space; spaces at the end of a line are removed. Limits:
// kLineBytesMax and kReplyBytesMax; above, the stream is unreadable.   Costs: no allocation once warm, and no copy of a
// line that arrives whole except into the reply's text.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "model/reply.h"

namespace penstock::smtp {

class ReplyParser {
 public:
  static constexpr std::size_t kLineBytesMax = 4 * 1024;    // with its end; RFC 5321 §4.5.3.1.5 promises 512
  static constexpr std::size_t kReplyBytesMax = 64 * 1024;  // of all lines

  enum class Got : std::uint8_t {
    More,       // all bytes taken, the reply goes on
    Reply,      // reply() is complete; what follows it is left in `bytes`
    Unreadable  // problem() says why; stays so
  };
  // Takes from the front of `bytes` up to the end of one reply.
  Got take(std::string_view& bytes);

  // The last complete reply. Valid until the next take(); may be moved from.
  [[nodiscard]] model::Reply& reply() { return reply_; }
  // "the answer is not an SMTP reply: HTTP/1.1 400 Bad Request"
  [[nodiscard]] const std::string& problem() const { return problem_; }
  // Part of a reply was taken.
  [[nodiscard]] bool inside_reply() const { return reply_bytes_ > 0 || !partial_line_.empty(); }

 private:
  Got take_line(std::string_view line);
  void append_text(std::string_view text);
  Got unreadable(std::string_view why, std::string_view line);

  model::Reply reply_;
  std::string partial_line_;
  std::string problem_;
  std::size_t reply_bytes_ = 0;
};

// Appends `text` made safe for logs and notices, as above.
void append_clean_text(std::string& out, std::string_view text);

}  // namespace penstock::smtp
