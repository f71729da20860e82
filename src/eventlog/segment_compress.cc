// SPDX-License-Identifier: Apache-2.0
#include "eventlog/segment_compress.h"

#include <zstd.h>

#include <memory>
#include <string>

#include "eventlog/event_line.h"
#include "eventlog/segment_file.h"
#include "eventlog/segment_filter.h"
#include "eventlog/segment_format.h"

namespace penstock::eventlog {
namespace {

class Packer {
 public:
  explicit Packer(int level) : context_(ZSTD_createCCtx(), &ZSTD_freeCCtx) {
    ZSTD_CCtx_setParameter(context_.get(), ZSTD_c_compressionLevel, level);
    ZSTD_CCtx_setParameter(context_.get(), ZSTD_c_checksumFlag, 1);
  }

  Result<> add(std::string_view lines) {
    const std::size_t before = out_.size();
    out_.resize(before + ZSTD_compressBound(lines.size()));
    const std::size_t n =
        ZSTD_compress2(context_.get(), out_.data() + before, out_.size() - before, lines.data(), lines.size());
    if (ZSTD_isError(n) != 0) return fail(Errc::Damaged, ZSTD_getErrorName(n));
    out_.resize(before + n);
    put_number(table_, static_cast<std::uint32_t>(n));
    put_number(table_, static_cast<std::uint32_t>(lines.size()));
    return {};
  }

  std::string finish() {
    put_number(out_, kSeekTableMagic);
    put_number(out_, static_cast<std::uint32_t>(table_.size() + kSeekFooterBytes));
    out_ += table_;
    put_number(out_, static_cast<std::uint32_t>(table_.size() / kSeekEntryBytes));
    put_number(out_, std::uint8_t{0});
    put_number(out_, kSeekFooterMagic);
    return std::move(out_);
  }

 private:
  std::unique_ptr<ZSTD_CCtx, std::size_t (*)(ZSTD_CCtx*)> context_;
  std::string out_;
  std::string table_;
};

void add_keys(FilterBuilder& filter, std::string_view lines) {
  filter.begin_block();
  EventLine event;
  while (!lines.empty()) {
    if (!event.parse(take_line(lines))) continue;
    if (const auto id = event.raw(Field::Id); !id.empty()) filter.add(message_key(id));
    if (const auto recipient = event.raw(Field::Recipient); !recipient.empty()) filter.add(recipient_key(recipient));
  }
}

}  // namespace

Result<std::uint64_t> compress_segment(const Catalog& catalog, const Segment& segment, int level) {
  auto file = SegmentFile::open(catalog, segment);
  if (!file) return fail(file.error());
  Packer packer(level);
  FilterBuilder filter;
  std::string lines;
  std::uint64_t bytes = 0;
  for (std::size_t block = 0; block < (*file)->blocks(); ++block) {
    if (auto read = (*file)->read_block(block, lines); !read) return fail(read.error());
    if (lines.empty()) continue;
    bytes += lines.size();
    add_keys(filter, lines);
    if (auto added = packer.add(lines); !added) return fail(added.error());
  }
  if (bytes != segment.bytes) return fail(Errc::Damaged, catalog.path(segment.start, kPlainSuffix));
  const std::string packed = packer.finish();
  const std::string facts = filter.finish({segment.start, segment.bytes, segment.first, segment.last});
  // The filter first: a compressed segment without one would be read whole.
  if (auto done = write_file(catalog.path(segment.start, kFilterSuffix), facts); !done) return fail(done.error());
  if (auto done = write_file(catalog.path(segment.start, kCompressedSuffix), packed); !done) return fail(done.error());
  return packed.size() + facts.size();
}

}  // namespace penstock::eventlog
