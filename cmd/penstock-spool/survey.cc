// SPDX-License-Identifier: Apache-2.0
#include "cmd/penstock-spool/survey.h"

#include <algorithm>

#include "base/check.h"
#include "model/ids.h"
#include "spool/final_notes.h"
#include "spool/live_contents.h"
#include "spool/recovery.h"
#include "spool/segment_contents.h"

namespace penstock::spool_tool {
namespace {

using spool::Segment;
using spool::SegmentState;

struct Held {
  std::shared_ptr<Segment> segment;
  std::size_t report;  // in Survey::segments
};

void scan(Survey& all, Held& held, spool::FileSystem& files, const std::string& dir,
          std::vector<spool::SegmentHint>& hints) {
  const Segment& segment = *held.segment;
  SegmentReport& report = all.segments[held.report];
  auto rebuilt = spool::rebuild_hint(segment.file(), report.header);
  report.scan = std::move(rebuilt.summary);
  report.records = rebuilt.records;
  if (report.header.state == SegmentState::Sealed) {
    const auto hint = spool::read_hint_file(files, dir, segment.slot(), segment.sequence(), report.header.end);
    report.hint = hint ? HintState::Good : HintState::Missing;
  }
  hints.push_back({held.segment, std::move(rebuilt.hint)});
}

class Live final : public spool::RecoverySink {
 public:
  void recovered(const spool::RecoveredRecipient& recipient) override {
    ++recipients;
    if (ids.empty() || ids.back() != recipient.id.message) ids.push_back(recipient.id.message);
  }
  std::vector<model::MessageId> ids;
  std::uint64_t recipients = 0;
};

Result<std::vector<Held>> read_headers(spool::FileSystem& files, const std::string& dir, Survey& all) {
  const auto names = files.list(dir);
  if (!names) return fail(names.error());
  std::vector<Held> held;
  for (const auto& name : *names) {
    const auto slot = spool::parse_segment_name(name);
    if (!slot) continue;
    auto file = files.open(dir + "/" + name, spool::OpenMode::Read);
    if (!file) return fail(file.error());
    const auto header = spool::read_segment_header(**file);
    if (!header) {
      all.unreadable.push_back(name);
      continue;
    }
    if (header->state != SegmentState::Spare) {
      held.push_back({std::make_shared<Segment>(*slot, std::move(*file), *header), all.segments.size()});
    }
    SegmentReport report;
    report.name = name;
    report.header = *header;
    all.segments.push_back(std::move(report));
  }
  std::sort(held.begin(), held.end(),
            [](const Held& a, const Held& b) { return a.segment->sequence() < b.segment->sequence(); });
  return held;
}

}  // namespace

Result<std::unique_ptr<spool::FolderLock>> lock_folder(spool::FileSystem& files, const std::string& dir) {
  const auto names = files.list(dir);
  if (!names) return fail(names.error());
  // Not even a lock is put into what is somebody else's.
  const bool has_segment =
      std::any_of(names->begin(), names->end(), [](const auto& name) { return !!spool::parse_segment_name(name); });
  if (!has_segment) {
    return fail(spool::Errc::BadFormat, dir +
                                            " is no spool, it has no segment in it (000001.segment); the spool is the "
                                            "folder spool/ in the data_dir of the configuration, or its spool.dir");
  }
  return files.lock(dir + "/lock");
}

Result<Survey> survey(spool::FileSystem& files, const std::string& dir) {
  const auto lock = lock_folder(files, dir);
  if (!lock) return fail(lock.error());
  Survey all;
  auto held = read_headers(files, dir, all);
  if (!held) return fail(held.error());
  spool::Catalog catalog;
  std::vector<spool::SegmentHint> hints;
  for (Held& one : *held) {
    scan(all, one, files, dir, hints);
    catalog.add_segment(one.segment);
  }
  Live live;
  (void)spool::find_recipients(hints, catalog, live,
                               spool::read_final_notes(files, dir));  // the numbers are for a writer
  all.messages = live.ids.size();
  all.recipients = live.recipients;
  for (const auto id : live.ids) {
    const auto place = catalog.locate(id);
    PENSTOCK_CHECK(place.has_value());
    const auto here =
        std::find_if(held->begin(), held->end(), [&](const Held& h) { return h.segment == place->segment; });
    SegmentReport& report = all.segments[here->report];
    ++report.live_messages;
    // Where nothing is damaged, all records were just read.
    if (report.scan.damaged.empty()) continue;
    if (!spool::read_whole_message(*place->segment, id, place->offset)) {
      all.lost_bodies.push_back(model::format_id(id));
    }
  }
  return all;
}

std::uint64_t Survey::damaged_stretches() const {
  std::uint64_t count = 0;
  for (const auto& segment : segments) count += segment.scan.damaged.size();
  return count;
}

bool Survey::sound() const {
  return unreadable.empty() && lost_bodies.empty() && damaged_stretches() == 0;
}

const char* name_of(spool::SegmentState state) {
  switch (state) {
    case SegmentState::Spare: return "spare";
    case SegmentState::Active: return "active";
    case SegmentState::Sealed: return "sealed";
  }
  PENSTOCK_UNREACHABLE();
}
const char* name_of(spool::RecordType type) {
  switch (type) {
    case spool::RecordType::Body: return "body";
    case spool::RecordType::Envelope: return "envelope";
    case spool::RecordType::Attempt: return "attempt";
    case spool::RecordType::Final: return "final";
  }
  PENSTOCK_UNREACHABLE();
}

}  // namespace penstock::spool_tool
