// SPDX-License-Identifier: Apache-2.0
// Any bytes as the records of a segment. The first byte chooses the state; checksums are made to fit for the records
// that the input asks for, so that the fuzzer gets behind them.
#include <cstddef>
#include <cstdint>
#include <string>

#include "base/check.h"
#include "base/crc32c.h"
#include "spool/memory_file_system.h"
#include "spool/segment_contents.h"

using namespace penstock;
using namespace penstock::spool;

namespace {

constexpr std::uint64_t kSize = 64U << 10;

// Puts a record where the input says "R": its header is made good, its payload and the rest are the input's.
void make_good(std::string& contents, const SegmentHeader& header) {
  for (std::uint64_t at = kFirstRecordOffset; at + kRecordHeaderBytes <= contents.size(); at += kRecordAlignment) {
    if (contents[at] != 'R') continue;
    const auto byte = [&](std::uint64_t i) { return static_cast<std::uint8_t>(contents[at + i]); };
    const std::uint64_t length = std::min<std::uint64_t>(byte(1), contents.size() - at - kRecordHeaderBytes);
    const RecordHeader record{.payload_crc = crc32c(std::string_view(contents).substr(at + kRecordHeaderBytes, length)),
                              .payload_bytes = static_cast<std::uint32_t>(length),
                              .type = static_cast<RecordType>(1 + byte(2) % 4),
                              .flags = static_cast<std::uint8_t>(byte(3) & 1),
                              .message = model::MessageId{byte(4)},
                              .batch = byte(5),
                              .recipient = byte(6)};
    std::string bytes;
    append_header(bytes, record, {.salt = header.salt, .sequence = header.sequence, .offset = at});
    contents.replace(at, bytes.size(), bytes);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1 || size > kSize) return 0;
  std::string contents(kFirstRecordOffset, '\0');
  contents.append(reinterpret_cast<const char*>(data) + 1, size - 1);
  SegmentHeader header{.state = data[0] % 2 == 0 ? SegmentState::Active : SegmentState::Sealed,
                       .sequence = 3,
                       .salt = 5,
                       .end = contents.size(),
                       .size = data[0] % 4 < 2 ? kSize : contents.size()};
  make_good(contents, header);
  MemoryFileSystem files;
  (void)files.make_folder("/s");
  auto file = files.open("/s/000001.segment", OpenMode::Create);
  PENSTOCK_CHECK(file.has_value());
  files.set_contents("/s/000001.segment", contents);
  const RebuiltHint rebuilt = rebuild_hint(**file, header);
  PENSTOCK_CHECK(rebuilt.summary.end >= kFirstRecordOffset && rebuilt.summary.end <= header.size);
  for (const auto& stretch : rebuilt.summary.damaged) {
    PENSTOCK_CHECK(stretch.bytes > 0 && stretch.offset + stretch.bytes <= rebuilt.summary.end);
  }
  HintVisitor nobody;
  PENSTOCK_CHECK(rebuilt.hint.visit(nobody));
  return 0;
}
