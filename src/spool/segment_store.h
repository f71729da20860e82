// SPDX-License-Identifier: Apache-2.0
// SegmentStore: the segment files of a spool, their headers, and the spares ready for use.
//
// Use:  store.load();  auto segment = store.start(high_water);  … store.seal(*segment, end, high_water); …
// store.free(…), give_back(…)
//
// A segment is used many times; each use is a Segment object of its own, with its own sequence and salt, so that a
// reader who holds an old use never takes new bytes for old.
// Threads: any, but a segment by one thread at a time.
// Errors: Errc::Full when a new file would leave less room than the floor, or the disk says so; else what the disk
// says.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/rng.h"
#include "spool/file_system.h"
#include "spool/record_format.h"

namespace penstock::spool {

// One use of a segment file.
class Segment {
 public:
  Segment(std::uint32_t slot, std::shared_ptr<File> file, SegmentHeader header)
      : slot_(slot),
        sequence_(header.sequence),
        salt_(header.salt),
        size_(header.size),
        file_(std::move(file)),
        header_(header) {}
  [[nodiscard]] std::uint32_t slot() const { return slot_; }
  [[nodiscard]] std::uint64_t sequence() const { return sequence_; }
  [[nodiscard]] std::uint64_t size() const { return size_; }
  [[nodiscard]] File& file() const { return *file_; }
  // As last written. Only for who may write it: see SegmentStore.
  [[nodiscard]] const SegmentHeader& header() const { return header_; }
  [[nodiscard]] RecordPlace place(std::uint64_t offset) const {
    return {.salt = salt_, .sequence = sequence_, .offset = offset};
  }

  // The record at an offset, its payload checked. Damaged if its checksums do not fit. Any thread.
  struct Record {
    RecordHeader header;
    std::string payload;
  };
  [[nodiscard]] Result<Record> read_record(std::uint64_t offset) const;
  // The same from bytes already read, which start at `offset`. Nothing if the record is not whole in them.
  struct RecordView {
    RecordHeader header;
    std::string_view payload;
  };
  [[nodiscard]] std::optional<RecordView> record_in(std::string_view bytes, std::uint64_t offset) const;

 private:
  friend class SegmentStore;
  const std::uint32_t slot_;
  const std::uint64_t sequence_, salt_, size_;
  const std::shared_ptr<File> file_;
  SegmentHeader header_;
};

class SegmentStore {
 public:
  struct Settings {
    std::string dir;
    std::uint64_t segment_bytes = 0;  // 0: nothing will be written, and spares of any size are kept
    std::uint64_t free_floor_bytes = 0;
    std::uint32_t spares_kept = 8;
  };
  SegmentStore(FileSystem& files, Settings settings, std::uint64_t salt_seed)
      : files_(files), settings_(std::move(settings)), salts_(salt_seed) {}

  struct Loaded {
    std::vector<std::shared_ptr<Segment>> segments;  // that hold records, by sequence
    std::vector<std::string> unreadable;             // names of files without a whole header
    std::uint64_t id_high_water = 0;
  };
  // Reads every header in the folder. Once, before anything else.
  [[nodiscard]] Result<Loaded> load();

  // Whether a new file must leave free_floor_bytes free. What that space is kept for may use it.
  enum class Floor : std::uint8_t { Kept, Used };
  // A segment to append to: a spare, else a new file. Its header is written, not synced: the first batch's sync does
  // it.
  [[nodiscard]] Result<std::shared_ptr<Segment>> start(std::uint64_t id_high_water, Floor floor = Floor::Kept);
  // Declares that records end at `end`; synced.
  [[nodiscard]] Result<> seal(Segment& segment, std::uint64_t end, std::uint64_t id_high_water);
  // Nothing in it matters any more: declares it spare; synced. give_back() then lets it be used again, and removes the
  // oldest spare if there are enough; in between the caller forgets its slot.
  [[nodiscard]] Result<> free(Segment& segment, std::uint64_t id_high_water);
  void give_back(const Segment& segment);
  // Makes one more spare: written with zeros, so that its blocks exist before they are needed; no more of them once
  // `hurry` is set.
  [[nodiscard]] Result<> add_spare(std::uint64_t id_high_water, const std::atomic<bool>& hurry);
  [[nodiscard]] std::size_t spares() const;
  // Every segment started from now on has this sequence or a higher one.
  [[nodiscard]] std::uint64_t next_sequence() const;

  [[nodiscard]] std::string segment_path(std::uint32_t slot) const;
  [[nodiscard]] static std::string hint_name(std::uint32_t slot);
  [[nodiscard]] const std::string& dir() const { return settings_.dir; }

 private:
  struct Spare {
    std::uint32_t slot;
    std::shared_ptr<File> file;
    SegmentHeader header;
  };
  [[nodiscard]] Result<Spare> make_file(Floor floor);
  void remove_spare_locked(std::size_t position);
  static Result<> write_header(File& file, const SegmentHeader& header);

  // Set in the constructor, never changed.
  FileSystem& files_;
  const Settings settings_;
  // Guarded by mutex_.
  mutable std::mutex mutex_;
  Rng salts_;
  std::vector<Spare> spares_;
  std::set<std::uint32_t> slots_;  // taken by a file of any kind
  std::uint64_t next_sequence_ = 1;
};

// "000007.segment" → 7. Nothing if the name is not one we would give.
[[nodiscard]] std::optional<std::uint32_t> parse_segment_name(std::string_view name);

}  // namespace penstock::spool
