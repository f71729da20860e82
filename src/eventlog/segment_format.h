// SPDX-License-Identifier: Apache-2.0
// Names and numbers of the log's files; docs/formats/eventlog.md describes them. They are on disk: never change one.
//
// 00000000000000000000.jsonl      a segment; the number is the offset of its first line
// 00000000000000000000.jsonl.zst  the same, compressed: zstd frames of whole lines, then a seek table
// 00000000000000000000.filter     which of its blocks may hold an address or a message
// Pure.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

#include "eventlog/event_log.h"

namespace penstock::eventlog {

static_assert(std::endian::native == std::endian::little, "numbers on disk are little-endian");

inline constexpr std::string_view kPlainSuffix = ".jsonl";
inline constexpr std::string_view kCompressedSuffix = ".jsonl.zst";
inline constexpr std::string_view kFilterSuffix = ".filter";
inline constexpr std::string_view kFreshSuffix = ".new";  // being written when the machine stopped: removed at start

// Lines are read and compressed in blocks of about this size.
inline constexpr std::size_t kBlockBytes = 256U << 10;
// No block is larger: a longer line is damage.
inline constexpr std::size_t kBlockMax = 4U << 20;

// Of the zstd project's seekable format: a skippable frame, entries of two lengths, and a footer.
inline constexpr std::uint32_t kSeekTableMagic = 0x184D2A5E;
inline constexpr std::uint32_t kSeekFooterMagic = 0x8F92EAB1;
inline constexpr std::size_t kSeekFooterBytes = 9;  // count, descriptor, magic
inline constexpr std::size_t kSeekEntryBytes = 8;   // compressed and plain length of a frame

inline constexpr std::uint64_t kFilterMagic = 0x3152544C46534E50;  // "PNSFLTR1"

[[nodiscard]] std::string segment_name(Offset start, std::string_view suffix);

struct SegmentName {
  Offset start = 0;
  std::string_view suffix;
};
[[nodiscard]] std::optional<SegmentName> parse_segment_name(std::string_view name);

// Little-endian numbers in byte strings.
template <class Int>
void put_number(std::string& out, Int value) {
  out.append(reinterpret_cast<const char*>(&value), sizeof value);
}
// Precondition: at + sizeof(Int) <= bytes.size().
template <class Int>
[[nodiscard]] Int number_at(std::string_view bytes, std::size_t at) {
  Int value = 0;
  std::memcpy(&value, bytes.data() + at, sizeof value);
  return value;
}

}  // namespace penstock::eventlog
