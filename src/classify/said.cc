// SPDX-License-Identifier: Apache-2.0
#include "classify/said.h"

#include <array>

#include "base/ascii.h"
#include "base/fold.h"

namespace penstock::classify {
namespace {

using model::EnhancedStatus;
using model::Step;

bool is_code_at(std::string_view text, std::size_t i) {
  return i + 3 <= text.size() && text[i] >= '2' && text[i] <= '5' && ascii::is_digit(text[i + 1]) &&
         ascii::is_digit(text[i + 2]);
}
std::uint16_t code_at(std::string_view text, std::size_t i) {
  return static_cast<std::uint16_t>((text[i] - '0') * 100 + (text[i + 1] - '0') * 10 + (text[i + 2] - '0'));
}

// An enhanced code at the very place, whatever follows but a digit, a dot or a letter: "5.1.1)", "5.1.1:", "5.1.1 ".
std::size_t enhanced_length(std::string_view text, EnhancedStatus& out) {
  std::size_t length = 0;
  int dots = 0;
  while (length < text.size() && length < 9 && (ascii::is_digit(text[length]) || text[length] == '.')) {
    dots += text[length++] == '.' ? 1 : 0;
  }
  if (dots != 2 || (length < text.size() && (ascii::is_digit(text[length]) || ascii::is_alpha(text[length])))) return 0;
  std::string_view view = text.substr(0, length);
  const EnhancedStatus found = EnhancedStatus::take(view);
  if (!found || !view.empty()) return 0;
  out = found;
  return length;
}

// Copies `raw` into out.text as rules want it. What comes out is never longer than what goes in.
class Copier {
 public:
  Copier(std::string_view raw, std::size_t text_max, Said& out)
      : raw_(raw.substr(0, text_max)), out_(out), code_(out.code), known_(out.enhanced) {}

  void run() {
    out_.text.resize(raw_.size());
    begin_ = at_ = out_.text.data();
    while (i_ < raw_.size()) {
      const char c = raw_[i_];
      if (ascii::is_digit(c) && at_word_start() && skip_repeated_code()) continue;
      if (ascii::is_alnum(c)) {
        *at_++ = ascii::to_lower(c);
        ++i_;
      } else if (static_cast<unsigned char>(c) > 0x7f) {
        i_ += fold_character(raw_.substr(i_), at_);
      } else {
        put(c);
        ++i_;
      }
    }
    while (at_ != begin_ && at_[-1] == ' ') --at_;
    out_.text.resize(static_cast<std::size_t>(at_ - begin_));
  }

 private:
  [[nodiscard]] bool at_word_start() const { return at_ == begin_ || at_[-1] == ' '; }

  // "550-5.7.1 ", "550 5.7.1 ", "550-", "550 " and "5.7.1 " of our own reply say nothing new.
  bool skip_repeated_code() {
    std::size_t i = i_;
    const bool has_code = code_ != 0 && is_code_at(raw_, i) && code_at(raw_, i) == code_ &&
                          (i + 3 == raw_.size() || raw_[i + 3] == ' ' || raw_[i + 3] == '-');
    if (has_code) i += i + 3 == raw_.size() ? 3 : 4;
    EnhancedStatus status;
    const std::size_t length = enhanced_length(raw_.substr(i), status);
    if (length > 0 && (!known_ || status == known_)) {
      i += length;
      if (!known_) out_.enhanced = known_ = status;
    } else if (!has_code) {
      return false;
    }
    i_ = i;
    return true;
  }

  // ASCII but letters and digits.
  void put(char c) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte <= ' ' || byte == 0x7f) {
      if (!at_word_start()) *at_++ = ' ';
      return;
    }
    if (c == '"' || c == '`') c = '\'';
    if (c == '#' || c == '(') note_hidden_status();
    *at_++ = c;
  }

  // qmail and its kin: "sorry, no mailbox here by that name. (#5.1.1)"
  void note_hidden_status() {
    if (known_) return;
    EnhancedStatus status;
    const std::size_t skip = raw_.substr(i_).starts_with("(#") ? 2 : 1;
    if (enhanced_length(raw_.substr(i_ + skip), status) > 0) out_.enhanced = known_ = status;
  }

  std::string_view raw_;
  Said& out_;
  std::uint16_t code_;
  EnhancedStatus known_;
  std::size_t i_ = 0;
  char* begin_ = nullptr;
  char* at_ = nullptr;
};

// Where the quoted reply itself begins: at a code of three digits at the start, or behind words of whoever quotes it.
// A number amid a sentence ("after 500 recipients") is not one unless an enhanced code follows. npos: there is none.
std::size_t find_code(std::string_view text) {
  constexpr std::string_view kBefore = ":;<('\"";
  for (std::size_t i = 0; i + 3 <= text.size(); ++i) {
    if (!is_code_at(text, i) || (i > 0 && text[i] < '4')) continue;
    if (i + 3 < text.size() && text[i + 3] != ' ' && text[i + 3] != '-' && text[i + 3] != '\n') continue;
    if (i == 0 || kBefore.find(text[i - 1]) != std::string_view::npos) return i;
    if (text[i - 1] != ' ' && text[i - 1] != '\n') continue;
    if (i == 1 || text[i - 2] == ':' || text[i - 2] == ';') return i;
    EnhancedStatus status;
    if (i + 4 < text.size() && enhanced_length(text.substr(i + 4), status) > 0) return i;
  }
  return std::string_view::npos;
}

struct StepWords {
  std::string_view words;
  Step step;
};
// What Postfix, Exim and others say beside a reply they quote. The end of the data first: "end of data command".
constexpr std::array kStepWords{StepWords{"end of data", Step::EndOfData},
                                StepWords{"final data", Step::EndOfData},
                                StepWords{"after data", Step::EndOfData},
                                StepWords{"(data)", Step::EndOfData},
                                StepWords{"data command", Step::EndOfData},
                                StepWords{"in reply to data", Step::Data},
                                StepWords{"in reply to rcpt to", Step::Rcpt},
                                StepWords{"after rcpt to", Step::Rcpt},
                                StepWords{"rcpt to command", Step::Rcpt},
                                StepWords{"in reply to mail from", Step::Mail},
                                StepWords{"after mail from", Step::Mail},
                                StepWords{"mail from command", Step::Mail},
                                StepWords{"mail command", Step::Mail},
                                StepWords{"in reply to ehlo", Step::Ehlo},
                                StepWords{"in reply to helo", Step::Ehlo},
                                StepWords{"after ehlo", Step::Ehlo},
                                StepWords{"after helo", Step::Ehlo},
                                StepWords{"in reply to auth", Step::Auth},
                                StepWords{"after auth", Step::Auth},
                                StepWords{"in reply to starttls", Step::StartTls},
                                StepWords{"after starttls", Step::StartTls},
                                StepWords{"after initial connection", Step::Banner},
                                StepWords{"while performing the ehlo", Step::Ehlo},
                                StepWords{"while performing the helo", Step::Ehlo},
                                StepWords{"refused to talk to me", Step::Banner},
                                StepWords{"in reply to initial greeting", Step::Banner}};

}  // namespace

void normalise(const model::Reply& reply, std::optional<Step> step, std::size_t text_max, Said& out) {
  out.code = reply.code;
  out.enhanced = reply.enhanced;
  out.step = step;
  Copier(reply.text, text_max, out).run();
}

void read_quoted(std::string_view quoted, std::size_t text_max, Said& out) {
  out.code = 0;
  out.enhanced = {};
  out.step.reset();
  quoted = quoted.substr(0, 2 * text_max);
  const std::size_t start = find_code(quoted);
  if (start != std::string_view::npos) {
    out.code = code_at(quoted, start);
    out.step = step_told(quoted.substr(0, start));
    quoted.remove_prefix(start);
  }
  Copier(quoted, text_max, out).run();
  const std::size_t bracket = out.text.rfind("(in reply to ");
  if (bracket == std::string::npos) return;
  const auto step = step_told(std::string_view(out.text).substr(bracket));
  if (!step) return;
  out.step = step;
  out.text.resize(bracket == 0 ? 0 : bracket - 1);
}

std::optional<Step> step_told(std::string_view words) {
  if (words.size() < std::string_view("(data)").size()) return std::nullopt;
  const std::string text = ascii::lower(words);
  for (const StepWords& each : kStepWords) {
    if (text.find(each.words) != std::string::npos) return each.step;
  }
  return std::nullopt;
}

}  // namespace penstock::classify
