// SPDX-License-Identifier: Apache-2.0
#include "dkim/canonical_body.h"

#include <algorithm>

#include "dkim/blanks.h"

namespace penstock::dkim {
namespace {

constexpr std::size_t kPieceBytes = 16 * 1024;
constexpr std::string_view kCrlf = "\r\n";

// As unchanged_run(), over the ends of lines where the next line begins with a word. Taking whole paragraphs in one go
// is what makes text cheap.
std::size_t unchanged_lines(std::string_view text) {
  std::size_t n = unchanged_run(text);
  while (n > 0 && text.substr(n, 2) == kCrlf) {
    const std::size_t more = unchanged_run(text.substr(n + 2));
    if (more == 0) break;
    n += 2 + more;
  }
  return n;
}

}  // namespace

void BodyCanonicalizer::release(std::string& out) {
  for (; line_ends_ > 0; --line_ends_) out += kCrlf;
  if (space_) out += ' ';
  space_ = false;
  empty_ = false;
}

void BodyCanonicalizer::put_simple(std::string_view text, std::string& out) {
  std::uint64_t ends = 0;
  while (text.ends_with(kCrlf)) {
    text.remove_suffix(kCrlf.size());
    ++ends;
  }
  if (!text.empty()) {
    release(out);
    out += text;
  }
  line_ends_ += ends;
}

void BodyCanonicalizer::put_relaxed(std::string_view text, std::string& out) {
  while (!text.empty()) {
    if (const std::size_t n = unchanged_lines(text); n > 0) {
      release(out);
      out += text.substr(0, n);
      text.remove_prefix(n);
    } else if (is_blank(text.front())) {
      space_ = true;
      text.remove_prefix(1);
    } else if (text.starts_with(kCrlf)) {
      space_ = false;
      ++line_ends_;
      text.remove_prefix(kCrlf.size());
    } else {  // a bare CR
      release(out);
      out += '\r';
      text.remove_prefix(1);
    }
  }
}

void BodyCanonicalizer::update(std::string_view piece, std::string& out) {
  if (piece.empty()) return;
  const auto put = [&](std::string_view text) {
    way_ == Canonicalization::Simple ? put_simple(text, out) : put_relaxed(text, out);
  };
  if (carriage_return_) {
    carriage_return_ = false;
    if (piece.front() == '\n') {
      put(kCrlf);
      piece.remove_prefix(1);
    } else {
      put("\r");
    }
  }
  if (piece.ends_with('\r')) {
    carriage_return_ = true;
    piece.remove_suffix(1);
  }
  put(piece);
}

void BodyCanonicalizer::finish(std::string& out) {
  if (carriage_return_) {
    release(out);
    out += '\r';
  }
  // Relaxed leaves an empty body empty; simple makes it one line end.
  if (way_ == Canonicalization::Simple || !empty_) out += kCrlf;
}

BodyHasher::BodyHasher(Hash hash, Canonicalization way, std::optional<std::uint64_t> length)
    : canonicalizer_(way), digest_(hash), left_(length.value_or(UINT64_MAX)) {}

void BodyHasher::take() {
  const auto n = static_cast<std::size_t>(std::min<std::uint64_t>(left_, buffer_.size()));
  digest_.update({buffer_.data(), n});
  left_ -= n;
  bytes_ += buffer_.size();
  buffer_.clear();
}

void BodyHasher::update(std::string_view piece) {
  while (!piece.empty()) {
    const std::string_view part = piece.substr(0, kPieceBytes);
    canonicalizer_.update(part, buffer_);
    take();
    piece.remove_prefix(part.size());
  }
}

BodyHash BodyHasher::finish() {
  canonicalizer_.finish(buffer_);
  take();
  return {digest_.finish(), bytes_};
}

}  // namespace penstock::dkim
