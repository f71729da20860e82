// SPDX-License-Identifier: Apache-2.0
#include "smtp/dot_stuffing.h"

#include <algorithm>
#include <bit>
#include <cstring>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace penstock::smtp {

std::size_t find_leading_dot(std::string_view text) {
  std::size_t i = 0;
#if defined(__SSE2__)
  // memchr() for each line costs more than one pass over all bytes, because lines are short.
  const __m128i line_feed = _mm_set1_epi8('\n');
  const __m128i dot = _mm_set1_epi8('.');
  for (; i + 17 <= text.size(); i += 16) {
    const __m128i here = _mm_loadu_si128(reinterpret_cast<const __m128i*>(text.data() + i));
    const __m128i next = _mm_loadu_si128(reinterpret_cast<const __m128i*>(text.data() + i + 1));
    const __m128i both = _mm_and_si128(_mm_cmpeq_epi8(here, line_feed), _mm_cmpeq_epi8(next, dot));
    if (const auto mask = static_cast<unsigned>(_mm_movemask_epi8(both)); mask != 0) {
      return i + static_cast<std::size_t>(std::countr_zero(mask)) + 1;
    }
  }
#endif
  while (i + 1 < text.size()) {
    const void* found = std::memchr(text.data() + i, '\n', text.size() - 1 - i);
    if (found == nullptr) break;
    i = static_cast<std::size_t>(static_cast<const char*>(found) - text.data()) + 1;
    if (text[i] == '.') return i;
  }
  return std::string_view::npos;
}

std::string_view missing_line_end(char before_last, char last) {
  if (last == '\r') return "\n";
  return before_last == '\r' && last == '\n' ? "" : "\r\n";
}

bool DotStuffer::fill(std::vector<std::string_view>& chunks) {
  const std::size_t chunks_end = chunks.size() + kChunksMax;
  std::size_t bytes_left = kBytesMax;
  while (true) {
    if (rest_.empty()) {
      if (parts_.empty()) break;
      rest_ = parts_.front();
      parts_ = parts_.subspan(1);
      continue;
    }
    if (chunks.size() >= chunks_end || bytes_left == 0) return false;
    if (rest_.front() == '.' && last_ == '\n' && !doubled_) chunks.emplace_back(".");

    // A chunk ends with the first of two dots; the second is the same byte again at the front of the next chunk.
    const std::string_view window = rest_.substr(0, bytes_left);
    const std::size_t dot = find_leading_dot(window);
    doubled_ = dot != std::string_view::npos;
    const std::string_view chunk = doubled_ ? window.substr(0, dot + 1) : window;
    chunks.push_back(chunk);
    bytes_left -= std::min(bytes_left, chunk.size());

    const std::string_view passed = rest_.substr(0, doubled_ ? dot : chunk.size());
    before_last_ = passed.size() > 1 ? passed[passed.size() - 2] : last_;
    last_ = passed.back();
    rest_.remove_prefix(passed.size());
  }
  if (const auto end = missing_line_end(before_last_, last_); !end.empty()) chunks.push_back(end);
  chunks.emplace_back(".\r\n");
  return true;
}

}  // namespace penstock::smtp
