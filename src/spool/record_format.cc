// SPDX-License-Identifier: Apache-2.0
#include "spool/record_format.h"

#include "base/crc32c.h"
#include "spool/byte_codec.h"

namespace penstock::spool {
namespace {

std::uint32_t header_crc(const char* header, const RecordPlace& place) {
  std::array<char, 24> seed;
  store_le(seed.data(), place.salt);
  store_le(seed.data() + 8, place.sequence);
  store_le(seed.data() + 16, place.offset);
  const std::uint32_t crc = crc32c(std::string_view(seed.data(), seed.size()));
  return crc32c_extend(crc, std::string_view(header + 4, kRecordHeaderBytes - 4));
}

bool is_record_type(std::uint8_t type) {
  return type >= static_cast<std::uint8_t>(RecordType::Body) && type <= static_cast<std::uint8_t>(RecordType::Final);
}

}  // namespace

std::array<char, kSegmentHeaderBytes> encode(const SegmentHeader& header) {
  std::array<char, kSegmentHeaderBytes> bytes{};
  std::memcpy(bytes.data(), kSegmentMagic.data(), kSegmentMagic.size());
  store_le(bytes.data() + 12, static_cast<std::uint32_t>(header.state));
  store_le(bytes.data() + 16, header.sequence);
  store_le(bytes.data() + 24, header.salt);
  store_le(bytes.data() + 32, header.generation);
  store_le(bytes.data() + 40, header.end);
  store_le(bytes.data() + 48, header.id_high_water);
  store_le(bytes.data() + 56, header.size);
  store_le(bytes.data() + 8, crc32c(std::string_view(bytes.data() + 12, bytes.size() - 12)));
  return bytes;
}

std::optional<SegmentHeader> decode_segment_header(std::string_view bytes) {
  if (bytes.size() < kSegmentHeaderBytes || !bytes.starts_with(kSegmentMagic)) return std::nullopt;
  bytes = bytes.substr(0, kSegmentHeaderBytes);
  if (load_le<std::uint32_t>(bytes.data() + 8) != crc32c(bytes.substr(12))) return std::nullopt;
  const auto state = load_le<std::uint32_t>(bytes.data() + 12);
  if (state < 1 || state > 3) return std::nullopt;
  return SegmentHeader{.state = static_cast<SegmentState>(state),
                       .sequence = load_le<std::uint64_t>(bytes.data() + 16),
                       .salt = load_le<std::uint64_t>(bytes.data() + 24),
                       .generation = load_le<std::uint64_t>(bytes.data() + 32),
                       .end = load_le<std::uint64_t>(bytes.data() + 40),
                       .id_high_water = load_le<std::uint64_t>(bytes.data() + 48),
                       .size = load_le<std::uint64_t>(bytes.data() + 56)};
}

void append_header(std::string& to, const RecordHeader& header, const RecordPlace& place) {
  std::array<char, kRecordHeaderBytes> bytes{};
  store_le(bytes.data() + 4, header.payload_crc);
  store_le(bytes.data() + 8, header.payload_bytes);
  bytes[12] = static_cast<char>(header.type);
  bytes[13] = static_cast<char>(header.flags);
  store_le(bytes.data() + 16, header.message.value);
  store_le(bytes.data() + 24, header.batch);
  store_le(bytes.data() + 28, header.recipient);
  store_le(bytes.data(), header_crc(bytes.data(), place));
  to.append(bytes.data(), bytes.size());
}

std::optional<RecordHeader> decode_record_header(std::string_view bytes, const RecordPlace& place) {
  if (bytes.size() < kRecordHeaderBytes) return std::nullopt;
  // The cheap test first: the search for a record behind damage asks at every eighth byte.
  if (!is_record_type(static_cast<std::uint8_t>(bytes[12])) || bytes[14] != 0 || bytes[15] != 0) return std::nullopt;
  if (load_le<std::uint32_t>(bytes.data()) != header_crc(bytes.data(), place)) return std::nullopt;
  return RecordHeader{.payload_crc = load_le<std::uint32_t>(bytes.data() + 4),
                      .payload_bytes = load_le<std::uint32_t>(bytes.data() + 8),
                      .type = static_cast<RecordType>(bytes[12]),
                      .flags = static_cast<std::uint8_t>(bytes[13]),
                      .message = model::MessageId{load_le<std::uint64_t>(bytes.data() + 16)},
                      .batch = load_le<std::uint32_t>(bytes.data() + 24),
                      .recipient = load_le<std::uint32_t>(bytes.data() + 28)};
}

}  // namespace penstock::spool
