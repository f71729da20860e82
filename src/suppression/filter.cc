// SPDX-License-Identifier: Apache-2.0
// The shape of split-block Bloom filters: the hash chooses a cache line, and one bit in each of its eight words.
#include "suppression/filter.h"

#include <algorithm>

namespace penstock::suppression {
namespace {

constexpr std::uint64_t kBitsEach = 16;
constexpr std::uint64_t kSpread = 0x9e37'79b9'7f4a'7c15;  // odd; the golden ratio's bits are as good as any

// The bits must not follow from the line: those come from the hash's upper end.
std::uint64_t bits_of(std::uint64_t hash) {
  const std::uint64_t mixed = hash * kSpread;
  return mixed ^ (mixed >> 29);
}

}  // namespace

Filter::Filter(std::uint64_t capacity)
    : capacity_(capacity),
      blocks_(std::max<std::uint64_t>(1, capacity * kBitsEach / (64 * kWords))),
      bits_(std::make_unique<Block[]>(blocks_)) {}

std::uint64_t Filter::block_of(std::uint64_t hash) const {
  __extension__ using Wide = unsigned __int128;
  return static_cast<std::uint64_t>((Wide{hash} * blocks_) >> 64);
}

void Filter::add(std::uint64_t hash) {
  Block& block = bits_[block_of(hash)];
  std::uint64_t bits = bits_of(hash);
  for (auto& word : block.words) {
    word.fetch_or(1ULL << (bits & 63), std::memory_order_release);
    bits >>= 6;
  }
}

bool Filter::has(std::uint64_t hash) const {
  const Block& block = bits_[block_of(hash)];
  std::uint64_t bits = bits_of(hash);
  for (const auto& word : block.words) {
    if ((word.load(std::memory_order_acquire) >> (bits & 63) & 1) == 0) return false;
    bits >>= 6;
  }
  return true;
}

}  // namespace penstock::suppression
