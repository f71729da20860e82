// SPDX-License-Identifier: Apache-2.0
// Filter: a Bloom filter of 64-bit hashes, blocked by cache line: says "certainly not" or "perhaps".
//
// Made for a number of hashes at 16 bits each; then "perhaps" is wrong about twice in a thousand times. More may be
// added: it stays right and gets less sharp. One read touches one cache line, some 20 ns when that is not cached.
// Threads: any for has() and add(); an add() is seen by a thread that learned of it by other means (release/acquire).
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>

namespace penstock::suppression {

class Filter {
 public:
  explicit Filter(std::uint64_t capacity);
  void add(std::uint64_t hash);
  [[nodiscard]] bool has(std::uint64_t hash) const;
  [[nodiscard]] std::uint64_t capacity() const { return capacity_; }
  [[nodiscard]] std::uint64_t memory_bytes() const { return blocks_ * sizeof(Block); }

 private:
  static constexpr unsigned kWords = 8;  // of 64 bits: a cache line
  struct alignas(64) Block {
    std::array<std::atomic<std::uint64_t>, kWords> words{};
  };
  [[nodiscard]] std::uint64_t block_of(std::uint64_t hash) const;

  const std::uint64_t capacity_;
  const std::uint64_t blocks_;
  const std::unique_ptr<Block[]> bits_;
};

}  // namespace penstock::suppression
