// SPDX-License-Identifier: Apache-2.0
// The numbers of the spool's format, and its two headers. docs/formats/spool.md describes them.
//
// Everything here is on disk: no value is ever changed or used again for something else. Pure; any thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "model/ids.h"

namespace penstock::spool {

inline constexpr std::string_view kSegmentMagic = "PNSPOOL1";
inline constexpr std::string_view kHintMagic = "PNHINT02";
inline constexpr std::size_t kSegmentHeaderBytes = 64;
inline constexpr std::array<std::uint64_t, 2> kSegmentHeaderOffsets = {0, 4096};  // two copies, in different pages
inline constexpr std::uint64_t kFirstRecordOffset = 8192;
inline constexpr std::size_t kRecordHeaderBytes = 32;
inline constexpr std::size_t kRecordAlignment = 8;
inline constexpr std::size_t kHintHeaderBytes = 40;

enum class SegmentState : std::uint32_t { Spare = 1, Active = 2, Sealed = 3 };

enum class RecordType : std::uint8_t { Body = 1, Envelope = 2, Attempt = 3, Final = 4 };
inline constexpr std::uint8_t kLastOfBatch = 1;  // flag

struct SegmentHeader {
  SegmentState state = SegmentState::Spare;
  std::uint64_t sequence = 0;    // of this use
  std::uint64_t salt = 0;        // of this use
  std::uint64_t generation = 0;  // counts the writes of this header
  std::uint64_t end = 0;         // Sealed: offset behind the last record
  std::uint64_t id_high_water = 0;
  std::uint64_t size = 0;  // of the file
};
[[nodiscard]] std::array<char, kSegmentHeaderBytes> encode(const SegmentHeader& header);
// Nothing if it is not a whole header.
[[nodiscard]] std::optional<SegmentHeader> decode_segment_header(std::string_view bytes);

struct RecordHeader {
  std::uint32_t payload_crc = 0;
  std::uint32_t payload_bytes = 0;
  RecordType type = RecordType::Body;
  std::uint8_t flags = 0;
  model::MessageId message;
  std::uint32_t batch = 0;
  std::uint32_t recipient = 0;
};

// Where a record stands, as far as its checksum is concerned.
struct RecordPlace {
  std::uint64_t salt = 0;
  std::uint64_t sequence = 0;
  std::uint64_t offset = 0;
};

// Appends the 32 bytes.
void append_header(std::string& to, const RecordHeader& header, const RecordPlace& place);
// Nothing unless the checksum fits this place and the values are possible. `bytes` starts at the header.
[[nodiscard]] std::optional<RecordHeader> decode_record_header(std::string_view bytes, const RecordPlace& place);

// Bytes a payload takes with the zeros behind it, and a whole record.
[[nodiscard]] constexpr std::uint64_t padded(std::uint64_t bytes) {
  return (bytes + kRecordAlignment - 1) / kRecordAlignment * kRecordAlignment;
}
[[nodiscard]] constexpr std::uint64_t record_bytes(std::uint64_t payload_bytes) {
  return kRecordHeaderBytes + padded(payload_bytes);
}

}  // namespace penstock::spool
