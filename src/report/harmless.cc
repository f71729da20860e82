// SPDX-License-Identifier: Apache-2.0
#include "report/harmless.h"

#include <algorithm>

#include "mime/header.h"
#include "mime/text.h"

namespace penstock::report {
namespace {

constexpr std::size_t kFoldColumn = 76;
// Where text without any blank is broken.
constexpr std::size_t kHardBreak = 900;

constexpr bool is_control(char c) {
  return (c >= 0 && c < ' ') || c == '\x7F';
}
constexpr bool is_continuation(char c) {
  return (static_cast<unsigned char>(c) & 0xC0) == 0x80;
}
bool keeps_eight_bit(std::string_view text, Charset charset) {
  return charset == Charset::Utf8 && mime::is_utf8(text);
}

}  // namespace

std::string_view cut(std::string_view text, std::size_t bytes_max) {
  if (text.size() <= bytes_max) return text;
  std::size_t end = bytes_max;
  while (end > 0 && bytes_max - end < 3 && is_continuation(text[end])) --end;
  // Four continuation bytes in a row are no UTF-8 anyway.
  return text.substr(0, is_continuation(text[end]) ? bytes_max : end);
}

std::string one_line(std::string_view text, Charset charset, std::size_t bytes_max) {
  text = cut(text, bytes_max);
  const bool keep = keeps_eight_bit(text, charset);
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    if (c == ' ' || is_control(c)) {
      if (!out.empty() && out.back() != ' ') out += ' ';
    } else {
      out += c > 0 || keep ? c : '?';
    }
  }
  if (!out.empty() && out.back() == ' ') out.pop_back();
  return out;
}

void append_folded(std::string& out, std::string_view name, std::string_view value) {
  if (value.empty()) return;
  out += name;
  out += ':';
  std::size_t column = name.size() + 1;
  while (!value.empty()) {
    std::string_view word = value.substr(0, value.find(' '));
    value.remove_prefix(std::min(value.size(), word.size() + 1));
    bool first_piece = true;
    while (!word.empty()) {
      const std::string_view piece = cut(word, kHardBreak);
      word.remove_prefix(piece.size());
      // The first word stays beside the name: a line of nothing but a name confuses readers.
      const bool beside_name = first_piece && column == name.size() + 1;
      if (!first_piece || (column + 1 + piece.size() > kFoldColumn && !beside_name)) {
        out += "\r\n";
        column = 0;
      }
      out += ' ';
      out += piece;
      column += 1 + piece.size();
      first_piece = false;
    }
  }
  out += "\r\n";
}

void append_quoted(std::string& out, std::string_view indent, std::string_view text) {
  const bool keep = keeps_eight_bit(text, Charset::Utf8);
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    do {
      const std::string_view piece = cut(line, kHardBreak);
      line.remove_prefix(piece.size());
      out += indent;
      for (const char c : piece) {
        if (is_control(c)) {
          out += c == '\t' ? ' ' : '?';
        } else {
          out += c > 0 || keep ? c : '?';
        }
      }
      out += "\r\n";
    } while (!line.empty());
  }
}

}  // namespace penstock::report
