// SPDX-License-Identifier: Apache-2.0
#include "eventlog/catalog.h"

#include <algorithm>

#include "base/check.h"
#include "eventlog/segment_format.h"

namespace penstock::eventlog {

std::string Catalog::path(Offset start, std::string_view suffix) const {
  return dir_ + "/" + segment_name(start, suffix);
}

std::optional<Segment> Catalog::find(Offset offset) const {
  const std::lock_guard lock(mutex_);
  const auto at = std::partition_point(segments_.begin(), segments_.end(),
                                       [offset](const Segment& segment) { return segment.end() <= offset; });
  if (at == segments_.end()) return std::nullopt;
  return *at;
}

std::vector<Segment> Catalog::all() const {
  const std::lock_guard lock(mutex_);
  return {segments_.begin(), segments_.end()};
}

Offset Catalog::begin() const {
  const std::lock_guard lock(mutex_);
  return segments_.empty() ? 0 : segments_.front().start;
}

Offset Catalog::end() const {
  const std::lock_guard lock(mutex_);
  return segments_.empty() ? 0 : segments_.back().end();
}

void Catalog::add(const Segment& segment) {
  const std::lock_guard lock(mutex_);
  PENSTOCK_CHECK(segments_.empty() || segments_.back().end() <= segment.start);
  segments_.push_back(segment);
}

void Catalog::grow(std::uint64_t bytes, Time first, Time last) {
  const std::lock_guard lock(mutex_);
  Segment& current = segments_.back();
  if (current.bytes == 0) current.first = first;
  current.bytes += bytes;
  current.disk_bytes += bytes;
  current.last = std::max(current.last, last);
}

void Catalog::seal() {
  const std::lock_guard lock(mutex_);
  segments_.back().state = SegmentState::Sealed;
}

void Catalog::set_compressed(Offset start, std::uint64_t disk_bytes) {
  const std::lock_guard lock(mutex_);
  for (Segment& segment : segments_) {
    if (segment.start != start) continue;
    segment.state = SegmentState::Compressed;
    segment.disk_bytes = disk_bytes;
  }
}

void Catalog::remove(Offset start) {
  const std::lock_guard lock(mutex_);
  std::erase_if(segments_, [start](const Segment& segment) { return segment.start == start; });
}

}  // namespace penstock::eventlog
