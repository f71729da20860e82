// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <vector>

#include "base/plain_json.h"
#include "cmd/penstock-spool/survey.h"
#include "cmd/penstock-spool/tool.h"
#include "spool/errc.h"
#include "spool/payload.h"
#include "spool/segment_store.h"

namespace penstock::spool_tool {
namespace {

namespace json = boost::json;
using spool::RecordType;

struct Source {
  std::string name;
  std::unique_ptr<spool::File> file;
  spool::SegmentHeader header;
};

Result<std::vector<Source>> open_segments(spool::FileSystem& files, const std::string& dir) {
  const auto names = files.list(dir);
  if (!names) return fail(names.error());
  std::vector<Source> sources;
  for (const auto& name : *names) {
    if (!spool::parse_segment_name(name)) continue;
    auto file = files.open(dir + "/" + name, spool::OpenMode::Read);
    if (!file) return fail(file.error());
    const auto header = spool::read_segment_header(**file);
    if (header && header->state != spool::SegmentState::Spare) sources.push_back({name, std::move(*file), *header});
  }
  std::sort(sources.begin(), sources.end(),
            [](const Source& a, const Source& b) { return a.header.sequence < b.header.sequence; });
  return sources;
}

std::int64_t seconds(Time time) {
  return std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count();
}

json::object describe_envelope(const spool::StoredEnvelope& stored) {
  const model::Envelope& envelope = stored.envelope;
  json::array recipients;
  for (const auto& recipient : envelope.recipients) recipients.emplace_back(recipient.address);
  json::object object{{"sender", envelope.sender},
                      {"recipients", std::move(recipients)},
                      {"bytes", envelope.body_bytes},
                      {"received", seconds(envelope.received)},
                      {"peer", envelope.peer},
                      {"stream", envelope.labels.stream},
                      {"tenant", envelope.labels.tenant},
                      {"campaign", envelope.labels.campaign}};
  if (!envelope.labels.list.empty()) object["list"] = envelope.labels.list;
  if (envelope.first_attempt != Time{}) object["first_attempt"] = seconds(envelope.first_attempt);
  if (stored.moved) object["moved"] = true;
  if (!stored.finished.empty()) object["finished"] = json::array(stored.finished.begin(), stored.finished.end());
  return object;
}

json::object describe_attempt(const spool::StoredAttempt& stored) {
  const spool::AttemptRecord& record = stored.record;
  json::object object{{"stamp", stored.stamp},
                      {"attempts", record.attempts},
                      {"next_due", seconds(record.next_due)},
                      {"last_reply", record.last_reply}};
  if (record.hold != 0) object["hold"] = record.hold;
  if (record.flags != 0) object["flags"] = record.flags;
  if (!record.pinned_vmta.empty()) object["pinned_vmta"] = record.pinned_vmta;
  if (!record.stream.empty()) object["stream"] = record.stream;
  return object;
}

json::object describe_record(const spool::ScannedRecord& record) {
  const model::RecipientId recipient{record.header.message, record.header.recipient};
  switch (record.header.type) {
    case RecordType::Body: return {{"bytes", record.payload.size()}};
    case RecordType::Envelope:
      if (const auto stored = spool::decode_envelope(recipient.message, record.payload)) {
        return describe_envelope(*stored);
      }
      break;
    case RecordType::Attempt:
      if (const auto stored = spool::decode_attempt(recipient, record.payload)) return describe_attempt(*stored);
      break;
    case RecordType::Final:
      if (const auto sequence = spool::decode_final(record.payload)) return {{"envelope_in", *sequence}};
      break;
  }
  return {{"unknown", true}};
}

void print(const Source& source, const spool::ScannedRecord& record, bool as_json, std::FILE* out) {
  const bool of_recipient = record.header.type == RecordType::Attempt || record.header.type == RecordType::Final;
  const std::string id = of_recipient ? model::format_id({record.header.message, record.header.recipient})
                                      : model::format_id(record.header.message);
  json::object details = describe_record(record);
  if (!as_json) {
    fmt::print(out, "{:>6} {:>10} {:>6} {:<8} {:<18} {}\n", source.header.sequence, record.offset, record.header.batch,
               name_of(record.header.type), id, plain_json(details));
    return;
  }
  json::object object{{"segment", source.name},       {"sequence", source.header.sequence},  {"offset", record.offset},
                      {"batch", record.header.batch}, {"type", name_of(record.header.type)}, {"id", id}};
  for (auto& [key, value] : details) object[key] = std::move(value);
  fmt::print(out, "{}\n", plain_json(object));
}

}  // namespace

Result<int> dump(spool::FileSystem& files, const Options& options, std::FILE* out) {
  const auto lock = lock_folder(files, options.dir);
  if (!lock) return fail(lock.error());
  auto sources = open_segments(files, options.dir);
  if (!sources) return fail(sources.error());
  bool damaged = false;
  bool found = false;
  for (const Source& source : *sources) {
    const auto summary = spool::scan_segment(*source.file, source.header, [&](const spool::ScannedRecord& record) {
      if (options.message && record.header.message != *options.message) return true;
      if (!options.body) {
        print(source, record, options.json, out);
      } else if (record.header.type == RecordType::Body && !found) {
        std::fwrite(record.payload.data(), 1, record.payload.size(), out);
      }
      found = found || !options.body || record.header.type == RecordType::Body;
      return true;
    });
    damaged = damaged || !summary.damaged.empty();
  }
  if (options.message && !found) {
    return fail(spool::Errc::UnknownMessage, model::format_id(*options.message) + " has no record here");
  }
  return damaged ? 1 : 0;
}

}  // namespace penstock::spool_tool
