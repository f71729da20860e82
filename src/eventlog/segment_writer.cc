// SPDX-License-Identifier: Apache-2.0
#include "eventlog/segment_writer.h"

#include <algorithm>

#include "eventlog/event_line.h"
#include "eventlog/segment_format.h"

namespace penstock::eventlog {
namespace {

Time last_time(std::string_view lines) {
  lines.remove_suffix(1);
  const std::size_t before = lines.rfind('\n');
  return time_of_line(before == std::string_view::npos ? lines : lines.substr(before + 1)).value_or(Time{});
}

}  // namespace

SegmentWriter::SegmentWriter(Catalog& catalog, const Clock& clock, std::string dir, Offset end)
    : catalog_(catalog), clock_(clock), dir_(std::move(dir)), start_(end) {}

Result<> SegmentWriter::begin_segment() {
  if (file_) return {};
  auto file = File::open_to_write(catalog_.path(start_, kPlainSuffix));
  if (!file) return fail(file.error());
  // Nothing in it counts: what counted was found at start and lies before `start_`.
  if (auto emptied = file->truncate(0); !emptied) return emptied;
  file_ = std::make_shared<File>(std::move(*file));
  catalog_.add({.start = start_, .state = SegmentState::Current});
  const std::lock_guard lock(sync_mutex_);
  folder_unsynced_ = true;
  return {};
}

Result<> SegmentWriter::append(std::string_view lines) {
  if (auto begun = begin_segment(); !begun) return begun;
  if (auto written = file_->write_at(bytes_, lines); !written) return written;
  if (bytes_ == 0) first_append_ = clock_.now();
  bytes_ += lines.size();
  catalog_.grow(lines.size(), time_of_line(lines).value_or(Time{}), last_time(lines));
  const std::lock_guard lock(sync_mutex_);
  if (std::find(unsynced_.begin(), unsynced_.end(), file_) == unsynced_.end()) unsynced_.push_back(file_);
  return {};
}

void SegmentWriter::seal() {
  if (bytes_ == 0) return;
  catalog_.seal();
  start_ += bytes_;
  bytes_ = 0;
  file_.reset();
  // A failure shows, and is tried again, with the next append.
  (void)begin_segment();
}

Duration SegmentWriter::age() const {
  return bytes_ == 0 ? Duration::zero() : clock_.now() - first_append_;
}

Result<> SegmentWriter::sync() {
  std::vector<std::shared_ptr<File>> files;
  bool folder = false;
  {
    const std::lock_guard lock(sync_mutex_);
    files.swap(unsynced_);
    std::swap(folder, folder_unsynced_);
  }
  Result<> done = folder ? sync_folder(dir_) : Result<>{};
  for (const auto& file : files) {
    if (done) done = file->sync();
  }
  if (done) return done;
  const std::lock_guard lock(sync_mutex_);
  folder_unsynced_ = folder_unsynced_ || folder;
  for (auto& file : files) {
    if (std::find(unsynced_.begin(), unsynced_.end(), file) == unsynced_.end()) unsynced_.push_back(std::move(file));
  }
  return done;
}

}  // namespace penstock::eventlog
