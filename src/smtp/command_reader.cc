// SPDX-License-Identifier: Apache-2.0
#include "smtp/command_reader.h"

namespace penstock::smtp {

CommandReader::Got CommandReader::take(std::string_view& bytes) {
  if (partial_used_) {
    partial_.clear();
    partial_used_ = false;
  }
  if (bytes.empty()) return Got::More;
  const std::size_t line_feed = bytes.find('\n');
  const bool complete = line_feed != std::string_view::npos;
  const std::string_view piece = complete ? bytes.substr(0, line_feed + 1) : bytes;
  bytes.remove_prefix(piece.size());

  const std::size_t line_bytes = skipped_ + partial_.size() + piece.size();
  if (line_bytes > line_bytes_max_) return skip(piece, line_bytes, complete);
  if (!complete || !partial_.empty()) partial_.append(piece);
  if (!complete) return Got::More;

  partial_used_ = !partial_.empty();
  line_ = partial_used_ ? std::string_view(partial_) : piece;
  line_.remove_suffix(1);
  if (line_.empty() || line_.back() != '\r') return Got::BareLineEnd;
  line_.remove_suffix(1);
  return line_.find('\r') == std::string_view::npos ? Got::Line : Got::BareLineEnd;
}

CommandReader::Got CommandReader::skip(std::string_view piece, std::size_t line_bytes, bool complete) {
  // The byte before the line feed may have come with an earlier piece, kept or skipped.
  const char before = piece.size() > 1 ? piece[piece.size() - 2] : partial_.empty() ? last_skipped_ : partial_.back();
  last_skipped_ = piece.back();
  partial_.clear();
  skipped_ = line_bytes;
  if (line_bytes > kSkippedBytesMax) return Got::Endless;
  if (!complete) return Got::More;
  skipped_ = 0;
  return before == '\r' ? Got::TooLong : Got::BareLineEnd;
}

}  // namespace penstock::smtp
