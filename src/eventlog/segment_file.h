// SPDX-License-Identifier: Apache-2.0
// SegmentFile reads one segment, plain or compressed, block by block: from the front for readers, from the back for
// queries.
//
// A block of a compressed segment is a frame; of a plain one, the lines that begin in one stretch of kBlockBytes.
// An open file stays readable when the segment is compressed or removed meanwhile.
// Threads: one.   Errors: Damaged, or the system's; ENOENT when the segment has just changed its state: look it up
// again.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "eventlog/catalog.h"
#include "eventlog/file.h"

struct ZSTD_DCtx_s;

namespace penstock::eventlog {

class SegmentFile {
 public:
  [[nodiscard]] static Result<std::unique_ptr<SegmentFile>> open(const Catalog& catalog, const Segment& segment);
  ~SegmentFile();
  SegmentFile(const SegmentFile&) = delete;
  SegmentFile& operator=(const SegmentFile&) = delete;

  [[nodiscard]] Offset start() const { return start_; }
  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }
  // A plain segment has grown.
  void set_bytes(std::uint64_t bytes) {
    if (frames_.empty()) bytes_ = bytes;
  }

  [[nodiscard]] std::size_t blocks() const;
  // Precondition: start() <= offset < start() + bytes().
  [[nodiscard]] std::size_t block_of(Offset offset) const;
  // Where the next block begins. Its first line may begin later.
  [[nodiscard]] Offset block_end(std::size_t block) const;
  // Replaces `lines` by the block's whole lines, each with its '\n', and gives the first one's offset.
  Result<Offset> read_block(std::size_t block, std::string& lines);

 private:
  struct Frame {
    std::uint64_t file_offset, file_bytes;
    std::uint64_t offset, bytes;  // of lines, from the segment's start
  };
  SegmentFile(File file, Offset start, std::uint64_t bytes) : file_(std::move(file)), start_(start), bytes_(bytes) {}
  Result<> read_seek_table();
  Result<Offset> read_plain(std::size_t block, std::string& lines);
  Result<Offset> read_frame(const Frame& frame, std::string& lines);

  File file_;
  Offset start_;
  std::uint64_t bytes_;
  std::vector<Frame> frames_;  // empty: plain
  std::string packed_;
  ZSTD_DCtx_s* context_ = nullptr;
};

}  // namespace penstock::eventlog
