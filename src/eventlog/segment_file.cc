// SPDX-License-Identifier: Apache-2.0
#include "eventlog/segment_file.h"

#include <zstd.h>

#include <algorithm>

#include "eventlog/segment_format.h"

namespace penstock::eventlog {
namespace {

tl::unexpected<Error> damaged(const File& file, std::string_view what) {
  return fail(Errc::Damaged, file.path() + ": " + std::string(what));
}

}  // namespace

Result<std::unique_ptr<SegmentFile>> SegmentFile::open(const Catalog& catalog, const Segment& segment) {
  const bool compressed = segment.state == SegmentState::Compressed;
  auto file = File::open_to_read(catalog.path(segment.start, compressed ? kCompressedSuffix : kPlainSuffix));
  if (!file) return fail(file.error());
  std::unique_ptr<SegmentFile> opened(new SegmentFile(std::move(*file), segment.start, segment.bytes));
  if (compressed) {
    if (auto read = opened->read_seek_table(); !read) return fail(read.error());
    const bool as_known = segment.bytes == 0 || segment.bytes == opened->bytes();
    if (!as_known) return damaged(opened->file_, "holds another number of lines than its filter says");
  }
  return opened;
}

SegmentFile::~SegmentFile() {
  ZSTD_freeDCtx(context_);
}

Result<> SegmentFile::read_seek_table() {
  const auto size = file_.size();
  if (!size) return fail(size.error());
  if (*size < kSeekFooterBytes + 8) return damaged(file_, "too short");
  std::string bytes;
  if (auto read = file_.read_at(*size - kSeekFooterBytes, kSeekFooterBytes, bytes); !read) return read;
  if (bytes.size() != kSeekFooterBytes || number_at<std::uint32_t>(bytes, 5) != kSeekFooterMagic) {
    return damaged(file_, "no seek table");
  }
  const std::uint64_t count = number_at<std::uint32_t>(bytes, 0);
  const std::uint64_t table_bytes = count * kSeekEntryBytes + kSeekFooterBytes + 8;
  if (count == 0 || table_bytes > *size) return damaged(file_, "bad seek table");
  if (auto read = file_.read_at(*size - table_bytes, table_bytes, bytes); !read) return read;
  if (bytes.size() != table_bytes || number_at<std::uint32_t>(bytes, 0) != kSeekTableMagic) {
    return damaged(file_, "bad seek table");
  }
  Frame next{};
  frames_.reserve(count);
  for (std::uint64_t i = 0; i < count; ++i) {
    next.file_bytes = number_at<std::uint32_t>(bytes, 8 + i * kSeekEntryBytes);
    next.bytes = number_at<std::uint32_t>(bytes, 12 + i * kSeekEntryBytes);
    if (next.bytes == 0 || next.bytes > kBlockMax + kBlockBytes || next.file_bytes > *size) {
      return damaged(file_, "bad seek table");
    }
    frames_.push_back(next);
    next.file_offset += next.file_bytes;
    next.offset += next.bytes;
  }
  if (next.file_offset + table_bytes != *size) return damaged(file_, "bad seek table");
  bytes_ = next.offset;
  return {};
}

std::size_t SegmentFile::blocks() const {
  return frames_.empty() ? (bytes_ + kBlockBytes - 1) / kBlockBytes : frames_.size();
}

std::size_t SegmentFile::block_of(Offset offset) const {
  const std::uint64_t at = offset - start_;
  if (frames_.empty()) return at / kBlockBytes;
  const auto next =
      std::partition_point(frames_.begin(), frames_.end(), [at](const Frame& frame) { return frame.offset <= at; });
  return static_cast<std::size_t>(next - frames_.begin()) - 1;
}

Offset SegmentFile::block_end(std::size_t block) const {
  if (frames_.empty()) return start_ + std::min<std::uint64_t>(bytes_, (block + 1) * kBlockBytes);
  return start_ + frames_[block].offset + frames_[block].bytes;
}

Result<Offset> SegmentFile::read_block(std::size_t block, std::string& lines) {
  return frames_.empty() ? read_plain(block, lines) : read_frame(frames_[block], lines);
}

// A line belongs to the block its first byte is in, so the block's text begins behind the first line end at or after
// the byte before the block, and goes on to the end of the line that holds the block's last byte.
Result<Offset> SegmentFile::read_plain(std::size_t block, std::string& lines) {
  constexpr std::size_t kMore = 64U << 10;
  const std::uint64_t from = block == 0 ? 0 : block * kBlockBytes - 1;
  std::uint64_t to = std::min<std::uint64_t>(bytes_, (block + 1) * kBlockBytes);
  if (auto read = file_.read_at(from, to - from, lines); !read) return fail(read.error());
  if (lines.size() != to - from) return damaged(file_, "shorter than it was");
  std::size_t skip = 0;
  if (block > 0) {
    const std::size_t end = lines.find('\n');
    skip = end == std::string::npos ? lines.size() : end + 1;
  }
  const Offset begin = start_ + from + skip;
  if (skip == lines.size()) {
    lines.clear();
    return begin;
  }
  std::string more;
  while (!lines.ends_with('\n') && to < bytes_) {
    if (lines.size() > kBlockMax) return damaged(file_, "a line is too long");
    if (auto read = file_.read_at(to, std::min<std::uint64_t>(kMore, bytes_ - to), more); !read)
      return fail(read.error());
    if (more.empty()) return damaged(file_, "shorter than it was");
    more.resize(std::min(more.find('\n'), more.size() - 1) + 1);
    to += more.size();
    lines += more;
  }
  lines.erase(0, skip);
  return begin;
}

Result<Offset> SegmentFile::read_frame(const Frame& frame, std::string& lines) {
  if (context_ == nullptr) context_ = ZSTD_createDCtx();
  if (auto read = file_.read_at(frame.file_offset, frame.file_bytes, packed_); !read) return fail(read.error());
  lines.resize(frame.bytes);
  const std::size_t n = ZSTD_decompressDCtx(context_, lines.data(), lines.size(), packed_.data(), packed_.size());
  if (ZSTD_isError(n) != 0) return damaged(file_, ZSTD_getErrorName(n));
  if (n != frame.bytes) return damaged(file_, "a frame of another length");
  return start_ + frame.offset;
}

}  // namespace penstock::eventlog
