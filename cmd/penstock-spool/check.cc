// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include "base/plain_json.h"
#include "cmd/penstock-spool/survey.h"
#include "cmd/penstock-spool/tool.h"

namespace penstock::spool_tool {
namespace {

namespace json = boost::json;

const char* hint_word(HintState hint) {
  switch (hint) {
    case HintState::Good: return "good";
    case HintState::Missing: return "missing";
    case HintState::NotWanted: return "-";
  }
  return "-";
}

json::object as_json(const SegmentReport& segment) {
  json::object records;
  for (const auto type :
       {spool::RecordType::Body, spool::RecordType::Envelope, spool::RecordType::Attempt, spool::RecordType::Final}) {
    records[name_of(type)] = segment.records[static_cast<std::size_t>(type)];
  }
  json::array damaged;
  for (const auto& stretch : segment.scan.damaged) {
    damaged.push_back(json::object{{"offset", stretch.offset}, {"bytes", stretch.bytes}});
  }
  return {{"name", segment.name},
          {"state", spool_tool::name_of(segment.header.state)},
          {"sequence", segment.header.sequence},
          {"size", segment.header.size},
          {"end", segment.scan.end},
          {"records", std::move(records)},
          {"torn", segment.scan.torn},
          {"damaged", std::move(damaged)},
          {"hint", hint_word(segment.hint)},
          {"live_messages", segment.live_messages}};
}

void print_json(const Survey& all, std::FILE* out) {
  json::array segments;
  for (const auto& segment : all.segments) segments.push_back(as_json(segment));
  const json::object object{{"sound", all.sound()},
                            {"messages", all.messages},
                            {"recipients", all.recipients},
                            {"unreadable", json::array(all.unreadable.begin(), all.unreadable.end())},
                            {"lost_messages", json::array(all.lost_bodies.begin(), all.lost_bodies.end())},
                            {"segments", std::move(segments)}};
  fmt::print(out, "{}\n", plain_json(object));
}

void print_text(const Survey& all, std::FILE* out) {
  fmt::print(out, "{:<16} {:<7} {:>9} {:>8} {:>10} {:>9} {:>9} {:>8}  {}\n", "segment", "state", "sequence", "MiB used",
             "messages", "attempts", "finals", "live", "hint");
  for (const auto& segment : all.segments) {
    const auto count = [&](spool::RecordType type) { return segment.records[static_cast<std::size_t>(type)]; };
    fmt::print(out, "{:<16} {:<7} {:>9} {:>8.1f} {:>10} {:>9} {:>9} {:>8}  {}\n", segment.name,
               spool_tool::name_of(segment.header.state), segment.header.sequence,
               static_cast<double>(segment.scan.end) / (1 << 20), count(spool::RecordType::Envelope),
               count(spool::RecordType::Attempt), count(spool::RecordType::Final), segment.live_messages,
               hint_word(segment.hint));
    if (segment.scan.torn) fmt::print(out, "  torn tail behind {}: the next start cuts it\n", segment.scan.end);
    for (const auto& stretch : segment.scan.damaged) {
      fmt::print(out, "  damaged at {} for {} bytes\n", stretch.offset, stretch.bytes);
    }
  }
  for (const auto& name : all.unreadable) fmt::print(out, "{}: no whole header; it is not used\n", name);
  for (const auto& id : all.lost_bodies) fmt::print(out, "message {} is queued and cannot be read\n", id);
  fmt::print(out, "{} messages with {} recipients wait. {}\n", all.messages, all.recipients,
             all.sound() ? "Nothing is damaged."
                         : fmt::format("Damaged: {} stretches, {} files, {} messages.", all.damaged_stretches(),
                                       all.unreadable.size(), all.lost_bodies.size()));
}

}  // namespace

Result<int> check(spool::FileSystem& files, const Options& options, std::FILE* out) {
  const auto all = survey(files, options.dir);
  if (!all) return fail(all.error());
  if (options.json) {
    print_json(*all, out);
  } else {
    print_text(*all, out);
  }
  return all->sound() ? 0 : 1;
}

}  // namespace penstock::spool_tool
