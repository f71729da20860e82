// SPDX-License-Identifier: Apache-2.0
#include "eventlog/event_reader.h"

#include "base/log.h"
#include "eventlog/catalog.h"
#include "eventlog/segment_file.h"

namespace penstock::eventlog {
namespace {

// Drops what lies before `offset`, and the rest of a line that it is in the middle of.
std::string_view lines_from(std::string_view lines, Offset& begin, Offset offset) {
  if (offset <= begin) return lines;
  std::uint64_t skip = offset - begin;
  if (skip >= lines.size()) skip = lines.size();
  if (skip < lines.size() && lines[skip - 1] != '\n') skip = std::min(lines.find('\n', skip), lines.size() - 1) + 1;
  begin += skip;
  return lines.substr(skip);
}

}  // namespace

EventReader::EventReader(const EventLog& log, Offset cursor) : log_(log), cursor_(cursor) {}
EventReader::~EventReader() = default;
EventReader::EventReader(EventReader&&) noexcept = default;

// True when file_ is the segment's. False: look the segment up again; it was compressed or removed just now, or has
// been skipped.
Result<bool> EventReader::open_segment(const Segment& segment, int tries_left) {
  if (file_ && file_->start() == segment.start) return true;
  file_.reset();
  auto opened = SegmentFile::open(log_.catalog(), segment);
  if (opened) {
    file_ = std::move(*opened);
    return true;
  }
  const Error& error = opened.error();
  const bool gone = is_absent(error);
  if (gone && tries_left > 0) return false;
  if (!gone && error.code != make_error_code(Errc::Damaged)) return fail(error);
  skip_to(segment.end(), error);
  return false;
}

void EventReader::skip_to(Offset offset, const Error& why) {
  log::error("eventlog", "{} bytes of events are skipped: {}", offset - cursor_, why.to_string());
  missed_bytes_ += offset - cursor_;
  cursor_ = offset;
}

// Retention has removed the segment while its file is open: what is known of it can still be read.
bool EventReader::reads_removed(const std::optional<Segment>& segment) const {
  const bool inside = file_ && cursor_ >= file_->start() && cursor_ < file_->start() + file_->bytes();
  return inside && (!segment || segment->start != file_->start());
}

Result<EventBatch> EventReader::next() {
  EventBatch batch;
  int tries_left = 3;
  while (batch.lines.empty()) {
    const auto segment = log_.catalog().find(cursor_);
    if (!reads_removed(segment)) {
      if (!segment) break;
      if (segment->start > cursor_) {
        missed_bytes_ += segment->start - cursor_;
        cursor_ = segment->start;
      }
      const auto opened = open_segment(*segment, tries_left--);
      if (!opened) return fail(opened.error());
      if (!*opened) continue;
      file_->set_bytes(segment->bytes);
    }
    const std::size_t block = file_->block_of(cursor_);
    const auto begin = file_->read_block(block, block_);
    if (!begin && begin.error().code != make_error_code(Errc::Damaged)) return fail(begin.error());
    if (!begin) {
      skip_to(file_->block_end(block), begin.error());
      continue;
    }
    batch.begin = *begin;
    batch.lines = lines_from(block_, batch.begin, cursor_);
    cursor_ = batch.lines.empty() ? file_->block_end(block) : batch.begin + batch.lines.size();
  }
  if (batch.lines.empty()) batch.begin = cursor_;
  batch.end = cursor_;
  batch.missed_bytes = std::exchange(missed_bytes_, 0);
  return batch;
}

}  // namespace penstock::eventlog
