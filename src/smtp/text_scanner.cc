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

using Block = __m128i[4];

std::uint64_t bits_of(const Block& lanes) {
  std::uint64_t bits = 0;
  for (unsigned i = 0; i < 4; ++i) {
    bits |= static_cast<std::uint64_t>(static_cast<unsigned>(_mm_movemask_epi8(lanes[i]))) << (16 * i);
  }
  return bits;
}

std::uint64_t equal_bits(const Block& block, char wanted) {
  const __m128i pattern = _mm_set1_epi8(wanted);
  Block equal;
  for (unsigned i = 0; i < 4; ++i) equal[i] = _mm_cmpeq_epi8(block[i], pattern);
  return bits_of(equal);
}

Masks masks_of(const char* text) {
  Block block;
  for (unsigned i = 0; i < 4; ++i) block[i] = _mm_loadu_si128(reinterpret_cast<const __m128i*>(text) + i);
  Masks masks{.cr = equal_bits(block, '\r'), .lf = equal_bits(block, '\n'), .dot = equal_bits(block, '.')};
  // Zero bytes are rare and high ones come in few messages: ask the whole block first.
  const __m128i least = _mm_min_epu8(_mm_min_epu8(block[0], block[1]), _mm_min_epu8(block[2], block[3]));
  if (_mm_movemask_epi8(_mm_cmpeq_epi8(least, _mm_setzero_si128())) != 0) masks.zero = equal_bits(block, '\0');
  const __m128i any = _mm_or_si128(_mm_or_si128(block[0], block[1]), _mm_or_si128(block[2], block[3]));
  if (_mm_movemask_epi8(any) != 0) masks.high = bits_of(block);
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

std::uint64_t lowest_bits(std::size_t count) {
  return count >= 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << count) - 1;
}

bool has_bit(std::uint64_t bits, std::size_t index) {
  return ((bits >> index) & 1U) != 0;
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
  for (std::size_t offset = 0; offset < text.size();) {
    std::size_t bytes = std::min(kBlockBytes, text.size() - offset);
    Masks masks;
    if (bytes == kBlockBytes) {
      masks = masks_of(text.data() + offset);
    } else {
      char padded[kBlockBytes];
      std::memset(padded, ' ', sizeof padded);
      std::memcpy(padded, text.data() + offset, bytes);
      masks = masks_of(padded);
    }
    const std::uint64_t after_cr = masks.cr << 1 | (after_cr_ ? 1U : 0U);
    const std::uint64_t line_ends = masks.lf & after_cr;
    bool stop = false;
    if constexpr (kStopAtDot) {
      const std::uint64_t line_starts = line_ends << 1 | (line_start_ ? 1U : 0U);
      if (const std::uint64_t dots = masks.dot & line_starts; dots != 0) {
        bytes = static_cast<std::size_t>(std::countr_zero(dots));
        stop = true;
        if (bytes == 0) return offset;
      }
    }
    const std::uint64_t valid = lowest_bits(bytes);
    bare_line_end_ |= ((masks.lf ^ after_cr) & valid) != 0;
    zero_byte_ |= (masks.zero & valid) != 0;
    eight_bit_ |= (masks.high & valid) != 0;
    if (line_bytes_max_ != 0) measure_lines(masks.lf & valid, bytes);
    after_cr_ = has_bit(masks.cr, bytes - 1);
    line_start_ = has_bit(line_ends, bytes - 1);
    offset += bytes;
    if (stop) return offset;
  }
  return text.size();
}

// Only the line that ends first in a block can be too long: the others lie in it as a whole.
void TextScanner::measure_lines(std::uint64_t line_feeds, std::size_t bytes) {
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
