// SPDX-License-Identifier: Apache-2.0
#include "smtp/reply_parser.h"

#include <algorithm>

#include "base/ascii.h"

namespace penstock::smtp {
namespace {

constexpr std::size_t kQuotedBytesMax = 80;  // of an unreadable line in problem()

unsigned char byte_at(std::string_view text, std::size_t i) {
  return static_cast<unsigned char>(text[i]);
}

// Length of the UTF-8 sequence at `i`, 0 if there is none (RFC 3629 §4: no overlong forms, no surrogates).
std::size_t utf8_length(std::string_view text, std::size_t i) {
  const unsigned char first = byte_at(text, i);
  const std::size_t length = first < 0x80   ? 1
                             : first < 0xC2 ? 0
                             : first < 0xE0 ? 2
                             : first < 0xF0 ? 3
                             : first < 0xF5 ? 4
                                            : 0;
  if (length == 0 || i + length > text.size()) return 0;
  for (std::size_t k = 1; k < length; ++k) {
    if ((byte_at(text, i + k) & 0xC0) != 0x80) return 0;
  }
  if (length < 3) return length;
  const unsigned char second = byte_at(text, i + 1);
  const bool bad = (first == 0xE0 && second < 0xA0) || (first == 0xED && second > 0x9F) ||
                   (first == 0xF0 && second < 0x90) || (first == 0xF4 && second > 0x8F);
  return bad ? 0 : length;
}

bool is_plain(char c) {
  return c >= 0x20 && c < 0x7F;
}

// 200–599 at the start of the line, else 0.
std::uint16_t code_of(std::string_view line) {
  if (line.size() < 3 || line[0] < '2' || line[0] > '5' || !ascii::is_digit(line[1]) || !ascii::is_digit(line[2])) {
    return 0;
  }
  return static_cast<std::uint16_t>((line[0] - '0') * 100 + (line[1] - '0') * 10 + (line[2] - '0'));
}

}  // namespace

void append_clean_text(std::string& out, std::string_view text) {
  if (std::all_of(text.begin(), text.end(), is_plain)) {
    out += text;
    return;
  }
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t length = utf8_length(text, i);
    if (length > 1) {
      out += text.substr(i, length);
    } else if (is_plain(text[i])) {
      out += text[i];
    } else {
      out += text[i] == '\t' ? ' ' : '?';
    }
    i += std::max<std::size_t>(length, 1);
  }
}

ReplyParser::Got ReplyParser::take(std::string_view& bytes) {
  if (!problem_.empty()) return Got::Unreadable;
  while (!bytes.empty()) {
    const std::size_t end = bytes.find('\n');
    const std::string_view piece = bytes.substr(0, end == std::string_view::npos ? end : end + 1);
    if (partial_line_.size() + piece.size() > kLineBytesMax) {
      return unreadable("a line of the answer is too long", partial_line_.empty() ? piece : partial_line_);
    }
    bytes.remove_prefix(piece.size());
    if (end == std::string_view::npos) {
      partial_line_ += piece;
      return Got::More;
    }
    Got got;
    if (partial_line_.empty()) {
      got = take_line(piece);
    } else {
      partial_line_ += piece;
      got = take_line(partial_line_);
      partial_line_.clear();
    }
    if (got != Got::More) return got;
  }
  return Got::More;
}

ReplyParser::Got ReplyParser::take_line(std::string_view line) {
  if (reply_bytes_ == 0) {
    reply_.code = 0;
    reply_.enhanced = {};
    reply_.text.clear();
  }
  const bool first = reply_bytes_ == 0;
  reply_bytes_ += line.size();
  if (reply_bytes_ > kReplyBytesMax) return unreadable("the answer is too long", line);

  line.remove_suffix(1);
  while (!line.empty() && ascii::is_space(line.back())) line.remove_suffix(1);
  const std::uint16_t code = code_of(line);
  const char mark = line.size() > 3 ? line[3] : ' ';
  if (code == 0 || (mark != ' ' && mark != '-')) return unreadable("the answer is not an SMTP reply", line);

  reply_.code = code;
  if (!first) reply_.text += '\n';
  append_text(line.substr(std::min<std::size_t>(4, line.size())));
  if (mark == '-') return Got::More;

  while (!reply_.text.empty() && reply_.text.back() == '\n') reply_.text.pop_back();
  reply_bytes_ = 0;
  return Got::Reply;
}

void ReplyParser::append_text(std::string_view text) {
  std::string_view rest = text;
  if (const auto enhanced = model::EnhancedStatus::take(rest)) {
    if (!reply_.enhanced) reply_.enhanced = enhanced;
    if (enhanced == reply_.enhanced) text = rest;
  }
  append_clean_text(reply_.text, text);
}

ReplyParser::Got ReplyParser::unreadable(std::string_view why, std::string_view line) {
  problem_ = why;
  problem_ += ": ";
  append_clean_text(problem_, line.substr(0, kQuotedBytesMax));
  return Got::Unreadable;
}

}  // namespace penstock::smtp
