// SPDX-License-Identifier: Apache-2.0
// The filter of a sealed segment: for each of its blocks a Bloom filter of the recipients and messages named in it.
//
// The blocks' filters are of one size and stored bit by bit: row r holds bit r of every block. A question reads
// kFilterProbes short rows and gets all blocks at once, so a trace over a thousand segments reads a few pages of each.
// A "no" is certain; a "maybe" is wrong for about one block in 300.
// Keys: recipient_key(), message_key().   See docs/formats/eventlog.md.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "eventlog/event_log.h"

namespace penstock::eventlog {

// What the file says of its segment, so that a start need not open the segment itself.
struct SegmentFacts {
  Offset start = 0;
  std::uint64_t bytes = 0;  // of lines
  Time first, last;         // of its first and last line
  bool operator==(const SegmentFacts&) const = default;
};

inline constexpr std::uint32_t kFilterProbes = 8;
inline constexpr std::uint32_t kFilterBitsPerKey = 12;

// The address as it stands in a line (escaped) in lower-case ASCII, and the id's thirteen characters.
[[nodiscard]] std::uint64_t recipient_key(std::string_view escaped_address);
[[nodiscard]] std::uint64_t message_key(std::string_view id);

// Gathers keys block by block, then gives the file's contents.   Pure.
class FilterBuilder {
 public:
  // Every key belongs to the block begun last.
  void begin_block() { ++blocks_; }
  void add(std::uint64_t key);
  [[nodiscard]] std::string finish(const SegmentFacts& facts);

 private:
  struct Entry {
    std::uint32_t block;
    std::uint64_t key;
    auto operator<=>(const Entry&) const = default;
  };
  std::uint32_t blocks_ = 0;
  std::vector<Entry> entries_;
};

// Errors: Damaged, or the system's.
[[nodiscard]] Result<SegmentFacts> read_filter_facts(const std::string& path);
// For each block, whether it may hold the key.
[[nodiscard]] Result<std::vector<bool>> ask_filter(const std::string& path, std::uint64_t key);

}  // namespace penstock::eventlog
