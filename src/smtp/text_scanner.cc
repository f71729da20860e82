// SPDX-License-Identifier: Apache-2.0
// A block is turned into one bit mask per byte of interest. Bit arithmetic then answers for 64 bytes at once what a
// loop would ask of each: a line feed must have a carriage return one bit before it and the reverse, a dot matters one
// bit after a CRLF.
#include "smtp/text_scanner.h"

#include <algorithm>
#include <bit>
#include <cstring>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace penstock::smtp {
namespace {

constexpr std::size_t kBlockBytes = 64;

struct Masks {
  std::uint64_t cr = 0;
  std::uint64_t lf = 0;
  std::uint64_t dot = 0;
  std::uint64_t zero = 0;
  std::uint64_t high = 0;  // bytes above 127
};

#if defined(__SSE2__)

// Written out and inlined by force: GCC 12 at -O2 would keep the four parts in memory.
struct Block {
  __m128i a, b, c, d;
};

[[gnu::always_inline]] inline std::uint64_t bits_of(__m128i part) {
  return static_cast<unsigned>(_mm_movemask_epi8(part));
}

[[gnu::always_inline]] inline std::uint64_t bits_of(const Block& block) {
  return bits_of(block.a) | bits_of(block.b) << 16 | bits_of(block.c) << 32 | bits_of(block.d) << 48;
}

[[gnu::always_inline]] inline std::uint64_t equal_bits(const Block& block, char wanted) {
  const __m128i pattern = _mm_set1_epi8(wanted);
  return bits_of(Block{_mm_cmpeq_epi8(block.a, pattern), _mm_cmpeq_epi8(block.b, pattern),
                       _mm_cmpeq_epi8(block.c, pattern), _mm_cmpeq_epi8(block.d, pattern)});
}

Masks masks_of(const char* text) {
  const auto part = [text](std::size_t at) { return _mm_loadu_si128(reinterpret_cast<const __m128i*>(text + at)); };
  const Block block{part(0), part(16), part(32), part(48)};
  Masks masks{.cr = equal_bits(block, '\r'), .lf = equal_bits(block, '\n'), .dot = equal_bits(block, '.')};
  // Zero bytes are rare and high ones come in few messages: ask the whole block first.
  const __m128i least = _mm_min_epu8(_mm_min_epu8(block.a, block.b), _mm_min_epu8(block.c, block.d));
  if (bits_of(_mm_cmpeq_epi8(least, _mm_setzero_si128())) != 0) masks.zero = equal_bits(block, '\0');
  const __m128i any = _mm_or_si128(_mm_or_si128(block.a, block.b), _mm_or_si128(block.c, block.d));
  if (bits_of(any) != 0) masks.high = bits_of(block);
  return masks;
}

#else

Masks masks_of(const char* text) {
  Masks masks;
  for (std::size_t i = 0; i < kBlockBytes; ++i) {
    const std::uint64_t bit = std::uint64_t{1} << i;
    if (text[i] == '\r') masks.cr |= bit;
    if (text[i] == '\n') masks.lf |= bit;
    if (text[i] == '.') masks.dot |= bit;
    if (text[i] == '\0') masks.zero |= bit;
    if ((static_cast<unsigned char>(text[i]) & 0x80U) != 0) masks.high |= bit;
  }
  return masks;
}

#endif

// Of less than a block: the end of a piece.
Masks masks_of_rest(std::string_view text) {
  char padded[kBlockBytes];
  std::memset(padded, ' ', sizeof padded);
  std::memcpy(padded, text.data(), std::min(text.size(), kBlockBytes));
  return masks_of(padded);
}

}  // namespace

std::size_t TextScanner::scan_to_dot(std::string_view text) {
  return scan_blocks<true>(text);
}

void TextScanner::scan(std::string_view text) {
  scan_blocks<false>(text);
}

template <bool kStopAtDot>
std::size_t TextScanner::scan_blocks(std::string_view text) {
  std::uint64_t cr_before = after_cr_ ? 1 : 0;
  std::uint64_t starts_line = line_start_ ? 1 : 0;
  std::uint64_t bare = 0;
  std::uint64_t zero = 0;
  std::uint64_t high = 0;
  std::size_t offset = 0;
  bool stop = false;
  while (offset < text.size() && !stop) {
    std::size_t bytes = std::min(kBlockBytes, text.size() - offset);
    const Masks masks = bytes == kBlockBytes ? masks_of(text.data() + offset) : masks_of_rest(text.substr(offset));
    const std::uint64_t after_cr = masks.cr << 1 | cr_before;
    const std::uint64_t line_ends = masks.lf & after_cr;
    if constexpr (kStopAtDot) {
      const std::uint64_t dots = masks.dot & (line_ends << 1 | starts_line);
      if (dots != 0) [[unlikely]] {
        stop = true;
        bytes = static_cast<std::size_t>(std::countr_zero(dots));
        if (bytes == 0) break;
      }
    }
    const std::uint64_t valid = ~std::uint64_t{0} >> (kBlockBytes - bytes);
    bare |= (masks.lf ^ after_cr) & valid;
    zero |= masks.zero & valid;
    high |= masks.high & valid;
    if (line_bytes_max_ != 0) measure_lines(masks.lf & valid, bytes);
    cr_before = masks.cr >> (bytes - 1) & 1U;
    starts_line = line_ends >> (bytes - 1) & 1U;
    offset += bytes;
  }
  after_cr_ = cr_before != 0;
  line_start_ = starts_line != 0;
  bare_line_end_ |= bare != 0;
  zero_byte_ |= zero != 0;
  eight_bit_ |= high != 0;
  return offset;
}

// Only the line that ends first in a block can be too long: the others lie in it as a whole.
inline void TextScanner::measure_lines(std::uint64_t line_feeds, std::size_t bytes) {
  if (line_feeds == 0) {
    line_bytes_ += bytes;
    return;
  }
  const auto first = static_cast<std::size_t>(std::countr_zero(line_feeds));
  const auto last = static_cast<std::size_t>(63 - std::countl_zero(line_feeds));
  long_line_ |= line_bytes_ + first + 1 > line_bytes_max_;
  line_bytes_ = bytes - 1 - last;
}

void TextScanner::skip_dot() {
  line_start_ = false;
  after_cr_ = false;
}

void TextScanner::finish() {
  bare_line_end_ |= after_cr_;
  long_line_ |= line_bytes_max_ != 0 && line_bytes_ > line_bytes_max_;
  after_cr_ = false;
}

}  // namespace penstock::smtp
