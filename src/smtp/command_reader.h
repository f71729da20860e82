// SPDX-License-Identifier: Apache-2.0
// CommandReader: a client's bytes become command lines, whatever the split of the bytes. A line ends in CRLF and in
// nothing else.
//
// Use:  while (reader.take(bytes) == CommandReader::Got::Line) obey(reader.line());
// Limits: a line above `line_bytes_max` (with its CRLF) is thrown away up to its end; above kSkippedBytesMax nobody
// waits for that.   Memory: at most one line.   Costs: a line that comes whole is not copied.   Threads: one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace penstock::smtp {

class CommandReader {
 public:
  static constexpr std::size_t kSkippedBytesMax = 64 * 1024;

  explicit CommandReader(std::size_t line_bytes_max) : line_bytes_max_(line_bytes_max) {}

  enum class Got : std::uint8_t {
    More,         // all bytes are taken, no line is complete
    Line,         // line() holds it; what follows is left in `bytes`
    TooLong,      // a line was too long and is skipped; what follows is left
    BareLineEnd,  // CR without LF or LF without CR
    Endless,      // no line end within kSkippedBytesMax
  };
  // After BareLineEnd and Endless it is not known what the rest means: take no more.
  Got take(std::string_view& bytes);

  // Without its CRLF. Valid while the bytes it was taken from are, and until the next take().
  [[nodiscard]] std::string_view line() const { return line_; }

 private:
  Got skip(std::string_view piece, std::size_t line_bytes, bool complete);

  const std::size_t line_bytes_max_;
  std::string_view line_;
  std::string partial_;      // of a line that did not come whole
  std::size_t skipped_ = 0;  // bytes of the line being thrown away; 0: none
  char last_skipped_ = '\0';
  bool partial_used_ = false;  // line_ is in partial_
};

}  // namespace penstock::smtp
