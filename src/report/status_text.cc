// SPDX-License-Identifier: Apache-2.0
#include "report/status_text.h"

#include "base/ascii.h"
#include "mime/text.h"
#include "report/harmless.h"

namespace penstock::report {
namespace {

bool starts_word(std::string_view text, std::size_t at) {
  if (at == 0) return true;
  const char before = text[at - 1];
  return !ascii::is_alnum(before) && before != '.' && before != '-' && before != '_' && before != '@';
}

// An enhanced code at `at`, and where it ends; {0,0,0} when there is none.
model::EnhancedStatus status_at(std::string_view text, std::size_t at, std::size_t& end) {
  model::EnhancedStatus status;
  const char first = text[at];
  if (first != '2' && first != '4' && first != '5') return {};
  status.status_class = static_cast<std::uint16_t>(first - '0');
  std::size_t i = at + 1;
  for (std::uint16_t* number : {&status.subject, &status.detail}) {
    if (i >= text.size() || text[i] != '.') return {};
    const std::size_t begin = ++i;
    while (i < text.size() && i - begin < 3 && ascii::is_digit(text[i])) {
      *number = static_cast<std::uint16_t>(*number * 10 + (text[i++] - '0'));
    }
    if (i == begin) return {};
  }
  // A fourth number makes it an address; a letter makes it a version.
  if (i < text.size() && (ascii::is_alnum(text[i]) || text[i] == '_')) return {};
  if (i + 1 < text.size() && text[i] == '.' && ascii::is_digit(text[i + 1])) return {};
  end = i;
  return status;
}

// A reply code of failure at `at`: three digits that stand alone.
std::uint16_t code_at(std::string_view text, std::size_t at) {
  if (at + 3 > text.size() || (text[at] != '4' && text[at] != '5')) return 0;
  if (text[at + 1] < '0' || text[at + 1] > '5' || !ascii::is_digit(text[at + 2])) return 0;
  if (at + 3 < text.size()) {
    const char after = text[at + 3];
    if (ascii::is_alnum(after) || after == '.' || after == '_' || after == '@' || after == '/' || after == '%')
      return 0;
    if (after == ']' || after == ',') return 0;
  }
  return static_cast<std::uint16_t>((text[at] - '0') * 100 + (text[at + 1] - '0') * 10 + (text[at + 2] - '0'));
}

// A number in words ("552 hours", "for 550 bytes") is no reply; nor is one that ends a queue id.
bool counts_something(std::string_view text, std::size_t at) {
  const std::string_view after = text.substr(std::min(text.size(), at + 4), 7);
  for (const std::string_view unit : {"hour", "minute", "second", "day", "byte", "kb", "mb"}) {
    if (ascii::starts_with_ignoring_case(after, unit)) return true;
  }
  return false;
}

struct Candidate {
  int rank = 0;
  std::size_t begin = 0;
  std::uint16_t code = 0;
  model::EnhancedStatus status;
  bool exact = false;
};

void offer(Candidate& best, const Candidate& other) {
  if (other.rank > best.rank) best = other;
}

// The text without the codes it begins with.
std::string_view words_after_codes(std::string_view text, bool has_code) {
  if (has_code) text.remove_prefix(3);
  const auto skip_blanks = [&text] {
    while (!text.empty() && (text.front() == ' ' || text.front() == '-' || text.front() == ':')) text.remove_prefix(1);
  };
  skip_blanks();
  std::size_t end = 0;
  if (!text.empty() && status_at(text, 0, end)) text.remove_prefix(end);
  skip_blanks();
  return text;
}

}  // namespace

QuotedReply find_reply(std::string_view text) {
  Candidate code;
  Candidate status;
  Candidate both;
  for (std::size_t i = 0; i + 3 <= text.size(); ++i) {
    if ((text[i] != '4' && text[i] != '5') || !starts_word(text, i)) continue;
    std::size_t end = 0;
    if (const auto found = status_at(text, i, end)) {
      offer(status, {found.subject == 0 && found.detail == 0 ? 1 : 2, i, 0, found, false});
      i = end - 1;
      continue;
    }
    const std::uint16_t number = code_at(text, i);
    if (number == 0 || counts_something(text, i)) continue;
    std::size_t next = i + 3;
    while (next < text.size() && (text[next] == ' ' || text[next] == '-' || text[next] == '=' || text[next] == '#' ||
                                  text[next] == '(' || text[next] == '\'' || text[next] == '"')) {
      ++next;
    }
    const auto found = next < text.size() ? status_at(text, next, end) : model::EnhancedStatus{};
    if (found && found.status_class == number / 100) {
      offer(both, {found.subject == 0 && found.detail == 0 ? 1 : 2, i, number, found, next == i + 4});
    }
    offer(code, {1, i, number, {}, false});
  }
  QuotedReply quoted;
  if (both.rank > 0) {
    quoted.reply.code = both.code;
    quoted.reply.enhanced = both.status;
    quoted.adjacent = true;
    quoted.exact = both.exact;
    quoted.begin = both.begin;
  } else {
    quoted.reply.code = code.code;
    quoted.reply.enhanced = status.status;
    quoted.begin = code.rank > 0 ? code.begin : status.begin;
  }
  quoted.reply.text = std::string(words_after_codes(text.substr(quoted.begin), quoted.reply.code != 0));
  return quoted;
}

model::EnhancedStatus find_status(std::string_view text) {
  for (std::size_t i = 0; i + 5 <= text.size(); ++i) {
    std::size_t end = 0;
    if (!starts_word(text, i)) continue;
    if (const auto found = status_at(text, i, end)) return found;
  }
  return {};
}

std::string squeeze(std::string_view text, std::size_t bytes_max) {
  return one_line(text, mime::is_utf8(text) ? Charset::Utf8 : Charset::Ascii, bytes_max);
}

}  // namespace penstock::report
