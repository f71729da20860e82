// SPDX-License-Identifier: Apache-2.0
#include "eventlog/recovery.h"

#include <algorithm>
#include <map>

#include "base/log.h"
#include "eventlog/cursor_file.h"
#include "eventlog/event_line.h"
#include "eventlog/file.h"
#include "eventlog/segment_file.h"
#include "eventlog/segment_filter.h"
#include "eventlog/segment_format.h"

namespace penstock::eventlog {
namespace {

struct Found {
  bool plain = false;
  bool compressed = false;
};

// Cuts what follows the last line end; gives the bytes that stay.
Result<std::uint64_t> cut_torn_line(const std::string& path) {
  auto file = File::open_to_write(path);
  if (!file) return fail(file.error());
  const auto size = file->size();
  if (!size) return fail(size.error());
  std::uint64_t end = *size;
  std::string tail;
  while (end > 0) {
    const std::uint64_t from = end - std::min<std::uint64_t>(end, kBlockBytes);
    if (auto read = file->read_at(from, end - from, tail); !read) return fail(read.error());
    const std::size_t line_end = tail.rfind('\n');
    end = line_end == std::string::npos ? from : from + line_end + 1;
    if (line_end != std::string::npos) break;
  }
  if (end == *size) return end;
  log::warn("eventlog", "{}: {} bytes of an unfinished line are cut", path, *size - end);
  if (auto cut = file->truncate(end); !cut) return fail(cut.error());
  return end;
}

// First and last line's times, by reading their blocks.
Result<> read_times(const Catalog& catalog, Segment& segment) {
  auto file = SegmentFile::open(catalog, segment);
  if (!file) return fail(file.error());
  segment.bytes = (*file)->bytes();
  std::string lines;
  if (auto read = (*file)->read_block(0, lines); !read) return fail(read.error());
  segment.first = time_of_line(lines).value_or(Time{});
  for (std::size_t block = (*file)->blocks(); block-- > 0;) {
    if (auto read = (*file)->read_block(block, lines); !read) return fail(read.error());
    if (lines.empty()) continue;
    lines.pop_back();
    const std::size_t before = lines.rfind('\n');
    segment.last = time_of_line(std::string_view(lines).substr(before == std::string::npos ? 0 : before + 1))
                       .value_or(segment.first);
    break;
  }
  return {};
}

std::uint64_t size_of(const std::string& path) {
  const auto file = File::open_to_read(path);
  return file ? file->size().value_or(0) : 0;
}

Result<Segment> read_plain(const Catalog& catalog, Offset start) {
  const std::string path = catalog.path(start, kPlainSuffix);
  const auto bytes = cut_torn_line(path);
  if (!bytes) return fail(bytes.error());
  Segment segment{.start = start, .bytes = *bytes, .state = SegmentState::Sealed, .disk_bytes = *bytes};
  if (*bytes == 0) return segment;
  if (auto read = read_times(catalog, segment); !read) return fail(read.error());
  return segment;
}

Result<Segment> read_compressed(const Catalog& catalog, Offset start) {
  Segment segment{.start = start, .state = SegmentState::Compressed};
  const std::string filter = catalog.path(start, kFilterSuffix);
  segment.disk_bytes = size_of(catalog.path(start, kCompressedSuffix)) + size_of(filter);
  const auto facts = read_filter_facts(filter);
  if (facts && facts->start == start) {
    segment.bytes = facts->bytes;
    segment.first = facts->first;
    segment.last = facts->last;
    return segment;
  }
  if (auto read = read_times(catalog, segment); !read) return fail(read.error());
  log::warn("eventlog", "{} is missing or damaged; a trace reads its segment whole", filter);
  return segment;
}

Result<std::map<Offset, Found>> list_segments(const Catalog& catalog, const std::string& dir) {
  const auto names = list_folder(dir);
  if (!names) return fail(names.error());
  std::map<Offset, Found> found;
  for (const std::string& name : *names) {
    if (name.ends_with(kFreshSuffix)) {
      if (auto removed = remove_file(dir + "/" + name); !removed) return fail(removed.error());
      continue;
    }
    const auto parsed = parse_segment_name(name);
    if (!parsed) continue;
    if (parsed->suffix == kPlainSuffix) found[parsed->start].plain = true;
    if (parsed->suffix == kCompressedSuffix) found[parsed->start].compressed = true;
  }
  for (auto& [start, files] : found) {
    if (!files.compressed || !files.plain) continue;
    if (auto removed = remove_file(catalog.path(start, kPlainSuffix)); !removed) return fail(removed.error());
    files.plain = false;
  }
  return found;
}

Result<Offset> highest_cursor(const std::string& cursor_dir) {
  const auto names = list_folder(cursor_dir);
  if (!names) return fail(names.error());
  Offset highest = 0;
  for (const std::string& name : *names) {
    if (!is_plain_name(name)) continue;
    const auto cursor = load_cursor_file(cursor_dir, name);
    if (!cursor) log::warn("eventlog", "{}", cursor.error().to_string());
    if (cursor && *cursor) highest = std::max(highest, (*cursor)->offset);
  }
  return highest;
}

}  // namespace

Result<Offset> recover(Catalog& catalog, const std::string& dir, const std::string& cursor_dir) {
  const auto found = list_segments(catalog, dir);
  if (!found) return fail(found.error());
  const auto cursor = highest_cursor(cursor_dir);
  if (!cursor) return fail(cursor.error());
  Offset end = *cursor;
  for (const auto& [start, files] : *found) {
    const auto segment = files.plain ? read_plain(catalog, start) : read_compressed(catalog, start);
    // An empty one only marks where the log ended.
    end = std::max(end, segment ? segment->end() : start + 1);
    if (!segment || (segment->bytes > 0 && start < catalog.end())) {
      log::error("eventlog", "{} is left out: {}", catalog.path(start, ""),
                 segment ? "it overlaps the one before" : segment.error().to_string());
      continue;
    }
    if (segment->bytes > 0) catalog.add(*segment);
    if (segment->bytes == 0 && files.plain) (void)remove_file(catalog.path(start, kPlainSuffix));
  }
  return end;
}

}  // namespace penstock::eventlog
