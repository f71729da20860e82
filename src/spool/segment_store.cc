// SPDX-License-Identifier: Apache-2.0
#include "spool/segment_store.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/crc32c.h"
#include "spool/errc.h"
#include "spool/segment_scan.h"

namespace penstock::spool {
namespace {

constexpr std::string_view kSegmentSuffix = ".segment";
// Enough for nearly every envelope, so that one read brings header and payload.
constexpr std::size_t kFirstReadBytes = 2048;
constexpr std::size_t kZeroBytes = 1U << 20;

// What passes by itself, or by an operator's doing, and has harmed nothing.
bool means_full(const Error& error) {
  return error.code == std::errc::no_space_on_device || error.code == std::error_code(EDQUOT, std::system_category()) ||
         error.code == std::errc::too_many_files_open || error.code == std::errc::too_many_files_open_in_system ||
         error.code == std::errc::not_enough_memory;
}
// The disk's "no room" in our words; other errors as they are.
Error as_full(Error error) {
  if (!means_full(error)) return error;
  return {make_error_code(Errc::Full), error.detail + ": " + error.code.message()};
}

std::string segment_name(std::uint32_t slot) {
  return fmt::format("{:06}{}", slot, kSegmentSuffix);
}

}  // namespace

std::optional<std::uint32_t> parse_segment_name(std::string_view name) {
  if (!name.ends_with(kSegmentSuffix)) return std::nullopt;
  const std::string_view whole = name;
  name.remove_suffix(kSegmentSuffix.size());
  std::uint32_t slot = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), slot);
  if (error != std::errc() || end != name.data() + name.size() || slot == 0) return std::nullopt;
  if (whole != segment_name(slot)) return std::nullopt;
  return slot;
}

std::optional<Segment::RecordView> Segment::record_in(std::string_view bytes, std::uint64_t offset) const {
  const auto header = decode_record_header(bytes, place(offset));
  if (!header || header->payload_bytes > bytes.size() - kRecordHeaderBytes) return std::nullopt;
  const std::string_view payload = bytes.substr(kRecordHeaderBytes, header->payload_bytes);
  if (crc32c(payload) != header->payload_crc) return std::nullopt;
  return RecordView{*header, payload};
}

Result<Segment::Record> Segment::read_record(std::uint64_t offset) const {
  std::string bytes(kFirstReadBytes, '\0');
  const auto read = file_->read_at(offset, bytes);
  if (!read) return fail(Errc::Damaged, read.error().to_string());
  bytes.resize(*read);
  if (const auto whole = record_in(bytes, offset)) return Record{whole->header, std::string(whole->payload)};
  const auto header = decode_record_header(bytes, place(offset));
  const auto where = [&] { return fmt::format("segment {} at {}", sequence_, offset); };
  if (!header || record_bytes(header->payload_bytes) > size_ - offset) return fail(Errc::Damaged, where());
  Record record{.header = *header, .payload = {}};
  record.payload.resize(header->payload_bytes);
  const auto rest = file_->read_at(offset + kRecordHeaderBytes, record.payload);
  if (!rest) return fail(Errc::Damaged, rest.error().to_string());
  if (*rest != record.payload.size() || crc32c(record.payload) != header->payload_crc) {
    return fail(Errc::Damaged, where());
  }
  return record;
}

std::string SegmentStore::segment_path(std::uint32_t slot) const {
  return settings_.dir + "/" + segment_name(slot);
}
std::string SegmentStore::hint_name(std::uint32_t slot) {
  return fmt::format("{:06}.hint", slot);
}

Result<SegmentStore::Loaded> SegmentStore::load() {
  const auto names = files_.list(settings_.dir);
  if (!names) return fail(names.error());
  Loaded loaded;
  const std::lock_guard lock(mutex_);
  for (const auto& name : *names) {
    const auto slot = parse_segment_name(name);
    if (!slot) continue;
    slots_.insert(*slot);
    auto opened = files_.open(segment_path(*slot), OpenMode::ReadWrite);
    if (!opened) return fail(opened.error());
    std::shared_ptr<File> file = std::move(*opened);
    const auto header = read_segment_header(*file);
    if (!header) {
      loaded.unreadable.push_back(name);
      continue;
    }
    loaded.id_high_water = std::max(loaded.id_high_water, header->id_high_water);
    next_sequence_ = std::max(next_sequence_, header->sequence + 1);
    if (header->state != SegmentState::Spare) {
      loaded.segments.push_back(std::make_shared<Segment>(*slot, std::move(file), *header));
    } else if (header->size == settings_.segment_bytes || settings_.segment_bytes == 0) {
      // The sync that declared it spare may have failed: see write_again() in recovery.cc.
      auto written = write_header(*file, *header);
      if (written) written = file->sync();
      if (!written) return fail(written.error());
      spares_.push_back({*slot, std::move(file), *header});
    } else if (files_.remove(segment_path(*slot))) {  // made for another segment_bytes
      slots_.erase(*slot);
    }
  }
  std::sort(loaded.segments.begin(), loaded.segments.end(),
            [](const auto& a, const auto& b) { return a->sequence() < b->sequence(); });
  return loaded;
}

Result<> SegmentStore::write_header(File& file, const SegmentHeader& header) {
  const auto bytes = encode(header);
  const std::string_view view(bytes.data(), bytes.size());
  auto offsets = kSegmentHeaderOffsets;
  // A write that failed may have left half a copy. That one comes first, so that one whole copy is there at any time.
  if (!read_segment_header_copy(file, offsets[1])) std::swap(offsets[0], offsets[1]);
  for (const std::uint64_t offset : offsets) {
    if (auto written = file.write_at(offset, std::span(&view, 1)); !written) return written;
  }
  return {};
}

Result<SegmentStore::Spare> SegmentStore::make_file(Floor floor) {
  const auto room = files_.free_bytes(settings_.dir);
  if (!room) return fail(room.error());
  const std::uint64_t kept = floor == Floor::Kept ? settings_.free_floor_bytes : 0;
  if (*room < kept + settings_.segment_bytes) {
    return fail(Errc::Full, fmt::format("{} MiB free at {}, a segment of {} MiB and the floor of {} MiB wanted",
                                        *room >> 20, settings_.dir, settings_.segment_bytes >> 20, kept >> 20));
  }
  std::uint32_t slot = 1;
  {
    const std::lock_guard lock(mutex_);
    while (slots_.contains(slot)) ++slot;
    slots_.insert(slot);
  }
  // Under another name until it has a header: a file without one would look damaged.
  const std::string path = segment_path(slot);
  const std::string fresh = path + ".new";
  auto give_up = [&](Error error) {
    (void)files_.remove(fresh);  // best effort: the next one of that name begins anew
    (void)files_.remove(path);
    const std::lock_guard lock(mutex_);
    slots_.erase(slot);
    return fail(as_full(std::move(error)));
  };
  (void)files_.remove(fresh);  // a leftover; mostly there is none
  auto opened = files_.open(fresh, OpenMode::Create);
  if (!opened) return give_up(opened.error());
  std::shared_ptr<File> file = std::move(*opened);
  const SegmentHeader header{.size = settings_.segment_bytes};
  if (auto done = file->allocate(settings_.segment_bytes); !done) return give_up(done.error());
  if (auto done = write_header(*file, header); !done) return give_up(done.error());
  if (auto done = file->sync(); !done) return give_up(done.error());
  if (auto done = files_.rename(fresh, path); !done) return give_up(done.error());
  if (auto done = files_.sync_folder(settings_.dir); !done) return give_up(done.error());
  opened = files_.open(path, OpenMode::ReadWrite);  // so that errors name it by its name
  if (!opened) return give_up(opened.error());
  file = std::move(*opened);
  return Spare{slot, std::move(file), header};
}

Result<std::shared_ptr<Segment>> SegmentStore::start(std::uint64_t id_high_water, Floor floor) {
  std::optional<Spare> spare;
  {
    const std::lock_guard lock(mutex_);
    if (!spares_.empty()) {
      spare = std::move(spares_.back());
      spares_.pop_back();
    }
  }
  if (!spare) {
    auto made = make_file(floor);
    if (!made) return fail(made.error());
    spare = std::move(*made);
  }
  SegmentHeader header = spare->header;
  header.state = SegmentState::Active;
  header.end = 0;
  header.id_high_water = id_high_water;
  ++header.generation;
  {
    const std::lock_guard lock(mutex_);
    header.sequence = next_sequence_++;
    header.salt = salts_();
  }
  if (auto written = write_header(*spare->file, header); !written) return fail(as_full(written.error()));
  return std::make_shared<Segment>(spare->slot, std::move(spare->file), header);
}

Result<> SegmentStore::seal(Segment& segment, std::uint64_t end, std::uint64_t id_high_water) {
  SegmentHeader header = segment.header_;
  header.state = SegmentState::Sealed;
  header.end = end;
  header.id_high_water = id_high_water;
  ++header.generation;
  if (auto written = write_header(*segment.file_, header); !written) return written;
  if (auto synced = segment.file_->sync(); !synced) return synced;
  segment.header_ = header;
  return {};
}

Result<> SegmentStore::free(Segment& segment, std::uint64_t id_high_water) {
  SegmentHeader header = segment.header_;
  header.state = SegmentState::Spare;
  header.end = 0;
  header.id_high_water = id_high_water;
  ++header.generation;
  if (auto written = write_header(*segment.file_, header); !written) return written;
  if (auto synced = segment.file_->sync(); !synced) return synced;
  segment.header_ = header;
  return {};
}

void SegmentStore::give_back(const Segment& segment) {
  const std::lock_guard lock(mutex_);
  spares_.push_back({segment.slot_, segment.file_, segment.header_});
  if (segment.size_ != settings_.segment_bytes) return remove_spare_locked(spares_.size() - 1);
  // The oldest goes: the headers of the newest know the largest message id.
  if (spares_.size() > settings_.spares_kept) remove_spare_locked(0);
}

void SegmentStore::remove_spare_locked(std::size_t position) {
  const std::uint32_t slot = spares_[position].slot;
  if (!files_.remove(segment_path(slot))) return;              // then it stays a spare
  (void)files_.remove(settings_.dir + "/" + hint_name(slot));  // of no use, and harmless
  slots_.erase(slot);
  spares_.erase(spares_.begin() + static_cast<std::ptrdiff_t>(position));
}

Result<> SegmentStore::add_spare(std::uint64_t id_high_water, const std::atomic<bool>& hurry) {
  auto made = make_file(Floor::Kept);
  if (!made) return fail(made.error());
  const std::string zeros(std::min<std::uint64_t>(kZeroBytes, settings_.segment_bytes), '\0');
  for (std::uint64_t at = kFirstRecordOffset; at < settings_.segment_bytes && !hurry;) {
    const auto part = std::string_view(zeros).substr(0, settings_.segment_bytes - at);
    auto done = made->file->write_at(at, std::span(&part, 1));
    // Synced piece by piece, so that the writer's syncs never wait behind a whole segment.
    if (done) done = made->file->sync();
    if (!done) {
      (void)files_.remove(segment_path(made->slot));  // best effort; else it is a spare at the next start
      const std::lock_guard lock(mutex_);
      slots_.erase(made->slot);
      return fail(as_full(done.error()));
    }
    at += part.size();
  }
  made->header.id_high_water = id_high_water;
  const std::lock_guard lock(mutex_);
  spares_.push_back(std::move(*made));
  return {};
}

std::uint64_t SegmentStore::next_sequence() const {
  const std::lock_guard lock(mutex_);
  return next_sequence_;
}

std::size_t SegmentStore::spares() const {
  const std::lock_guard lock(mutex_);
  return spares_.size();
}

}  // namespace penstock::spool
