// SPDX-License-Identifier: Apache-2.0
#include "eventlog/walk_back.h"

#include <algorithm>

#include "base/log.h"
#include "eventlog/segment_file.h"
#include "eventlog/segment_filter.h"
#include "eventlog/segment_format.h"

namespace penstock::eventlog {
namespace {

bool is_damaged(const Error& error) {
  return error.code == make_error_code(Errc::Damaged);
}

// Opens a segment that may have been compressed or removed since it was listed. None: it is gone or unreadable.
Result<std::unique_ptr<SegmentFile>> open_again(const Catalog& catalog, Segment segment) {
  for (int tries = 0; tries < 3; ++tries) {
    auto file = SegmentFile::open(catalog, segment);
    if (file) return file;
    if (is_damaged(file.error())) {
      log::error("eventlog", "a segment is left out: {}", file.error().to_string());
      return nullptr;
    }
    if (!is_absent(file.error())) return file;
    const auto now = catalog.find(segment.start);
    if (!now || now->start != segment.start) return nullptr;
    segment = *now;
  }
  return nullptr;
}

// The blocks that may hold one of the keys; nothing when that is not known.
std::optional<std::vector<bool>> ask(const Catalog& catalog, const Segment& segment,
                                     std::span<const std::uint64_t> keys) {
  if (keys.empty() || segment.state != SegmentState::Compressed) return std::nullopt;
  std::vector<bool> any;
  for (const std::uint64_t key : keys) {
    auto blocks = ask_filter(catalog.path(segment.start, kFilterSuffix), key);
    if (!blocks) return std::nullopt;
    if (any.empty()) any.resize(blocks->size());
    if (any.size() != blocks->size()) return std::nullopt;
    for (std::size_t i = 0; i < any.size(); ++i) any[i] = any[i] || (*blocks)[i];
  }
  return any;
}

}  // namespace

Result<> walk_back(const Catalog& catalog, const std::vector<Segment>& segments, std::span<const std::uint64_t> keys,
                   Time since, const std::function<bool(Offset, std::string_view)>& visit) {
  std::string lines;
  for (auto segment = segments.rbegin(); segment != segments.rend(); ++segment) {
    if (segment->bytes == 0) continue;
    if (segment->last < since) break;
    const auto wanted = ask(catalog, *segment, keys);
    if (wanted && std::find(wanted->begin(), wanted->end(), true) == wanted->end()) continue;
    auto file = open_again(catalog, *segment);
    if (!file) return fail(file.error());
    if (!*file) continue;
    (*file)->set_bytes(segment->bytes);
    const std::size_t blocks = (*file)->blocks();
    for (std::size_t block = blocks; block-- > 0;) {
      if (wanted && wanted->size() == blocks && !(*wanted)[block]) continue;
      const auto begin = (*file)->read_block(block, lines);
      if (!begin && !is_damaged(begin.error())) return fail(begin.error());
      if (!begin) log::error("eventlog", "a block is left out: {}", begin.error().to_string());
      if (begin && !lines.empty() && !visit(*begin, lines)) return {};
    }
  }
  return {};
}

}  // namespace penstock::eventlog
