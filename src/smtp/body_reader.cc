// SPDX-License-Identifier: Apache-2.0
#include "smtp/body_reader.h"

#include <algorithm>
#include <limits>

namespace penstock::smtp {
namespace {

constexpr std::size_t kReservedBytes = 16 * 1024;  // for a message that does not say its size
constexpr std::size_t kLineBytesMin = 128;         // what TextScanner can measure

}  // namespace

std::size_t BodyReader::room_for(std::uint64_t declared_bytes) {
  return declared_bytes == 0 ? kReservedBytes : std::min<std::uint64_t>(declared_bytes, kReservedBytesMax);
}

void BodyReader::start(std::uint64_t declared_bytes, model::BodyKind kind) {
  binary_ = kind == model::BodyKind::BinaryMime;
  const std::size_t line_bytes = options_.text_line_bytes_max;
  scanner_ = TextScanner(line_bytes == 0 ? 0 : std::max(line_bytes, kLineBytesMin));
  body_ = std::move(room_);
  body_.clear();
  room_ = std::string();
  declared_bytes_ = declared_bytes;
  bytes_ = 0;
  raw_bytes_ = 0;
  dot_ = Dot::None;
}

std::uint64_t BodyReader::raw_bytes_max() const {
  if (options_.message_bytes_max == 0) return std::numeric_limits<std::uint64_t>::max();
  // Doubled dots can swell a message to less than twice its size.
  return 2 * options_.message_bytes_max + options_.discarded_bytes_max;
}

BodyReader::Got BodyReader::take_data(std::string_view& bytes) {
  std::string_view piece = bytes.substr(0, std::min<std::uint64_t>(bytes.size(), raw_bytes_max() - raw_bytes_));
  const std::size_t offered = piece.size();
  const bool ended = take_lines(piece);
  const std::size_t taken = offered - piece.size();
  raw_bytes_ += taken;
  bytes.remove_prefix(taken);
  if (ended) return Got::End;
  return raw_bytes_ == raw_bytes_max() ? Got::Endless : Got::More;
}

bool BodyReader::take_lines(std::string_view& bytes) {
  while (!bytes.empty()) {
    if (dot_ == Dot::None) {
      const std::size_t count = scanner_.scan_to_dot(bytes);
      keep(bytes.substr(0, count));
      bytes.remove_prefix(count);
      if (bytes.empty()) return false;
      bytes.remove_prefix(1);
      scanner_.skip_dot();
      dot_ = Dot::Alone;
    } else if (dot_ == Dot::Alone) {
      if (bytes.front() == '\r') {
        bytes.remove_prefix(1);
        dot_ = Dot::BeforeCr;
      } else {
        dot_ = Dot::None;  // a doubled dot, or one that should have been: either way it goes (RFC 5321 §4.5.2)
      }
    } else {
      if (bytes.front() == '\n') {
        bytes.remove_prefix(1);
        dot_ = Dot::None;
        return true;
      }
      scanner_.scan("\r");
      keep("\r");
      dot_ = Dot::None;
    }
  }
  return false;
}

void BodyReader::take_chunk(std::string_view bytes) {
  scanner_.scan(bytes);
  keep(bytes);
}

void BodyReader::keep(std::string_view text) {
  bytes_ += text.size();
  if (defect() != Defect::None) {
    body_ = std::string();
    return;
  }
  if (body_.empty()) {
    body_.reserve(room_for(declared_bytes_));
  }
  body_.append(text);
}

BodyReader::Defect BodyReader::defect() const {
  if (!binary_) {
    if (scanner_.bare_line_end()) return Defect::BareLineEnd;
    if (scanner_.zero_byte() && options_.zero_bytes_refused) return Defect::ZeroByte;
  }
  if (options_.message_bytes_max != 0 && bytes_ > options_.message_bytes_max) return Defect::TooLarge;
  return scanner_.long_line() && !binary_ ? Defect::LongLine : Defect::None;
}

}  // namespace penstock::smtp
