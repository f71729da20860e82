// SPDX-License-Identifier: Apache-2.0
#include "spool/segment_contents.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/check.h"
#include "base/log.h"
#include "spool/payload.h"

namespace penstock::spool {
namespace {

constexpr std::uint64_t kHintBytesMax = 4ULL << 30;
constexpr std::uint64_t kSetAsideBytesMax = 256U << 20;

bool add_entry(HintBuilder& builder, const ScannedRecord& record) {
  const model::RecipientId recipient{record.header.message, record.header.recipient};
  switch (record.header.type) {
    case RecordType::Body: return true;
    case RecordType::Envelope: {
      const auto stored = decode_envelope(record.header.message, record.payload);
      if (!stored) return false;
      builder.add_envelope(record.offset, stored->envelope, stored->moved, stored->finished);
      return true;
    }
    case RecordType::Attempt: {
      const auto stored = decode_attempt(recipient, record.payload);
      if (!stored) return false;
      builder.add_attempt(record.offset, stored->stamp, stored->record);
      return true;
    }
    case RecordType::Final: {
      const auto sequence = decode_final(record.payload);
      if (!sequence) return false;
      builder.add_final(recipient, *sequence);
      return true;
    }
  }
  return false;
}

}  // namespace

std::optional<Hint> read_hint_file(FileSystem& files, const std::string& dir, std::uint32_t slot,
                                   std::uint64_t sequence, std::uint64_t end) {
  auto bytes = read_file(files, dir + "/" + SegmentStore::hint_name(slot), kHintBytesMax);
  if (!bytes) return std::nullopt;  // made again from the segment, whatever the reason
  auto hint = Hint::parse(std::move(*bytes));
  if (!hint || hint->sequence() != sequence || hint->end() != end) return std::nullopt;
  return hint;
}

RebuiltHint rebuild_hint(File& file, const SegmentHeader& header) {
  HintBuilder builder;
  RebuiltHint rebuilt;
  rebuilt.summary = scan_segment(file, header, [&](const ScannedRecord& record) {
    ++rebuilt.records[static_cast<std::size_t>(record.header.type)];
    return add_entry(builder, record);
  });
  rebuilt.bytes = builder.finish(header.sequence, rebuilt.summary.end);
  auto hint = Hint::parse(rebuilt.bytes);
  PENSTOCK_CHECK(hint.has_value());
  rebuilt.hint = std::move(*hint);
  return rebuilt;
}

void set_aside(FileSystem& files, const std::string& dir, File& file, std::uint64_t sequence,
               const DamagedStretch& stretch) {
  const std::string folder = dir + "/damaged";
  const std::string name = fmt::format("{}-{}.bytes", sequence, stretch.offset);
  std::string bytes(std::min(stretch.bytes, kSetAsideBytesMax), '\0');
  Result<> kept;
  if (const auto read = file.read_at(stretch.offset, bytes)) {
    bytes.resize(*read);
    kept = files.make_folder(folder);
    if (kept) kept = replace_file(files, folder, name, bytes);
  } else {
    kept = fail(read.error());
  }
  log::warn("spool", "segment {} is damaged at {} for {} bytes; {}", sequence, stretch.offset, stretch.bytes,
            kept ? "a copy is in " + folder + "/" + name : "no copy could be kept: " + kept.error().to_string());
}

}  // namespace penstock::spool
