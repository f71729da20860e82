// SPDX-License-Identifier: Apache-2.0
// BodyReader: the message itself, as DATA (dot-stuffed, to its end) or as BDAT chunks, gathered in one string.
//
// Use:  reader.start(declared, kind);
//       DATA:  reader.take_data(bytes) until it is not More.
//       BDAT:  reader.take_chunk(bytes) as often as need be, reader.finish() after the last chunk.
//       then:  reader.defect(), reader.release()
// A message that is too large or malformed is read on and not kept, so that its end is found and can be answered.
// Limits: server_options.h. Memory: the text, and what std::string reserves.   Threads: one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "model/envelope.h"
#include "smtp/server_options.h"
#include "smtp/text_scanner.h"

namespace penstock::smtp {

class BodyReader {
 public:
  static constexpr std::size_t kReservedBytesMax = 256 * 1024;  // SIZE= is a claim, not a reason to hold memory

  explicit BodyReader(const ServerOptions& options) : options_(options) {}

  // What is reserved for a message of this SIZE=, 0 if none.
  [[nodiscard]] static std::size_t room_for(std::uint64_t declared_bytes);

  // A string whose room the next message may use.
  void lend(std::string room) { room_ = std::move(room); }
  // Gives up what was gathered.
  void drop() { body_ = std::string(); }
  // A new message. `declared_bytes` is SIZE=, 0 if none.
  void start(std::uint64_t declared_bytes, model::BodyKind kind);

  enum class Got : std::uint8_t {
    More,    // all bytes are taken
    End,     // CRLF.CRLF was found; what follows is left in `bytes`
    Endless  // so much was thrown away that the end is not waited for
  };
  Got take_data(std::string_view& bytes);
  void take_chunk(std::string_view bytes);
  // No more chunks come.
  void finish() { scanner_.finish(); }

  enum class Defect : std::uint8_t { None, BareLineEnd, ZeroByte, TooLarge, LongLine };
  // The gravest one so far. Does not depend on how the bytes were split.
  [[nodiscard]] Defect defect() const;
  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }  // of the text so far, kept or not
  [[nodiscard]] bool eight_bit() const { return scanner_.eight_bit(); }
  // What take_data() and take_chunk() may have read in all before the link is better closed.
  [[nodiscard]] std::uint64_t raw_bytes_max() const;
  // The text, moved out. Precondition: no defect.
  [[nodiscard]] std::string release() { return std::move(body_); }

 private:
  enum class Dot : std::uint8_t { None, Alone, BeforeCr };  // at the start of a line

  void keep(std::string_view text);
  bool take_lines(std::string_view& bytes);

  const ServerOptions& options_;
  TextScanner scanner_;
  std::string body_;
  std::string room_;
  std::uint64_t declared_bytes_ = 0;
  std::uint64_t bytes_ = 0;
  std::uint64_t raw_bytes_ = 0;  // as they came, dots included
  Dot dot_ = Dot::None;
  bool binary_ = false;
};

}  // namespace penstock::smtp
