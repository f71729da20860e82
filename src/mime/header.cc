// SPDX-License-Identifier: Apache-2.0
#include "mime/header.h"

#include <algorithm>
#include <cstring>

#include "base/ascii.h"

namespace penstock::mime {
namespace {

constexpr bool is_blank(char c) {
  return c == ' ' || c == '\t';
}
// ftext of RFC 5322 §3.6.8: printable US-ASCII without the colon.
constexpr bool is_name_byte(char c) {
  return c > ' ' && c < '\x7F' && c != ':';
}

}  // namespace

HeaderScanner::HeaderScanner(std::string_view message, HeaderLimits limits)
    : message_(message), limits_(limits), horizon_(std::min(message.size(), limits.header_bytes_max)) {
  skip_mailbox_line();
}

std::size_t HeaderScanner::line_end(std::size_t from) const {
  const char* const begin = message_.data();
  while (from < horizon_) {
    const auto* lf = static_cast<const char*>(std::memchr(begin + from, '\n', horizon_ - from));
    if (lf == nullptr) break;
    const auto at = static_cast<std::size_t>(lf - begin);
    if (at > 0 && begin[at - 1] == '\r') return at + 1;
    from = at + 1;
  }
  return horizon_;
}

std::size_t HeaderScanner::field_end(std::size_t from) const {
  std::size_t end = line_end(from);
  while (end < horizon_ && is_blank(message_[end])) end = line_end(end);
  return end;
}

bool HeaderScanner::split(ByteRange bytes, HeaderField& field) const {
  const std::string_view text = message_.substr(bytes.begin, bytes.size());
  std::size_t n = 0;
  while (n < text.size() && is_name_byte(text[n])) ++n;
  if (n == 0) return false;
  std::size_t colon = n;  // RFC 5322 §4.5.8 lets blanks stand before the colon
  while (colon < text.size() && is_blank(text[colon])) ++colon;
  if (colon == text.size() || text[colon] != ':') return false;
  std::string_view value = text.substr(colon + 1);
  if (value.ends_with("\r\n")) value.remove_suffix(2);
  field = {text.substr(0, n), value, bytes};
  return true;
}

void HeaderScanner::skip_mailbox_line() {
  if (!message_.starts_with("From ") && !message_.starts_with(">From ")) return;
  const std::size_t end = line_end(0);
  HeaderField ignored;
  // Text may start with "From " as well: only a field right after it makes the line what it looks like. "From :" is one
  // itself.
  if (split({0, end}, ignored) || !split({end, field_end(end)}, ignored)) return;
  position_ = mailbox_line_size_ = end;
  malformed_ = 1;
}

bool HeaderScanner::next(HeaderField& field) {
  while (!done_) {
    if (message_.substr(position_, 2) == "\r\n") {
      separator_ = done_ = true;
      break;
    }
    if (position_ == message_.size()) {
      done_ = true;
      break;
    }
    const ByteRange bytes{position_, field_end(position_)};
    // A field that reaches the horizon may go on behind it.
    if ((bytes.end == horizon_ && horizon_ < message_.size()) || fields_ + malformed_ >= limits_.fields_max) {
      over_limit_ = done_ = true;
      break;
    }
    if (split(bytes, field)) {
      ++fields_;
      position_ = bytes.end;
      return true;
    }
    ++malformed_;
    if (position_ == 0) {
      done_ = true;  // no header: the first line is text
    } else {
      position_ = bytes.end;
    }
  }
  return false;
}

std::optional<HeaderField> find_field(std::string_view message, std::string_view name) {
  HeaderScanner scan(message);
  for (HeaderField field; scan.next(field);) {
    if (ascii::equal_ignoring_case(field.name, name)) return field;
  }
  return std::nullopt;
}

std::string unfold(std::string_view value) {
  value = ascii::trim(value);
  std::string out;
  out.reserve(value.size());
  while (true) {
    const std::size_t at = value.find("\r\n");
    out += value.substr(0, at);
    if (at == std::string_view::npos) return out;
    value.remove_prefix(at + 2);
    if (value.empty() || !is_blank(value.front())) out += "\r\n";
  }
}

bool has_eight_bit(std::string_view bytes) {
  constexpr std::size_t kWord = sizeof(std::uint64_t);
  constexpr std::uint64_t kHigh = 0x8080808080808080ULL;
  const char* p = bytes.data();
  std::size_t left = bytes.size();
  const auto word = [&p](std::size_t n) {
    std::uint64_t value = 0;
    std::memcpy(&value, p + n * kWord, kWord);
    return value;
  };
  for (; left >= 4 * kWord; p += 4 * kWord, left -= 4 * kWord) {
    if (((word(0) | word(1) | word(2) | word(3)) & kHigh) != 0) return true;
  }
  unsigned char any = 0;
  for (; left > 0; ++p, --left) any |= static_cast<unsigned char>(*p);
  return any > 127;
}

}  // namespace penstock::mime
