// SPDX-License-Identifier: Apache-2.0
#include "eventlog/event_query.h"

#include <algorithm>
#include <boost/unordered/unordered_flat_set.hpp>
#include <cstring>
#include <functional>

#include "base/ascii.h"
#include "eventlog/catalog.h"
#include "eventlog/event_format.h"
#include "eventlog/event_line.h"
#include "eventlog/event_reader.h"
#include "eventlog/json_text.h"
#include "eventlog/segment_filter.h"
#include "eventlog/walk_back.h"

namespace penstock::eventlog {
namespace {

struct Match {
  Offset offset;
  std::string line;
};

class Matcher {
 public:
  explicit Matcher(const EventFilter& filter) : filter_(filter) {
    if (filter.message) id_ = model::format_id(*filter.message);
  }
  bool operator()(std::string_view line) {
    if (!event_.parse(line)) return false;
    const std::string_view type = event_.raw(Field::Type);
    const bool type_wanted =
        filter_.types.empty() || std::find(filter_.types.begin(), filter_.types.end(), type) != filter_.types.end();
    return type_wanted && same(Field::Stream, filter_.stream) && same(Field::Tenant, filter_.tenant) &&
           same(Field::Campaign, filter_.campaign) && same(Field::Provider, filter_.provider) &&
           same(Field::Vmta, filter_.vmta) && same(Field::Id, id_) && same_address(Field::Domain, filter_.domain) &&
           same_address(Field::Recipient, filter_.recipient);
  }

 private:
  bool same(Field field, const std::string& wanted) { return wanted.empty() || event_.text(field, scratch_) == wanted; }
  bool same_address(Field field, const std::string& wanted) {
    return wanted.empty() || ascii::equal_ignoring_case(event_.text(field, scratch_), wanted);
  }
  const EventFilter& filter_;
  std::string id_;
  EventLine event_;
  std::string scratch_;
};

std::vector<std::uint64_t> keys_of(const std::optional<model::MessageId>& message, const std::string& recipient) {
  if (message) return {message_key(model::format_id(*message))};
  if (!recipient.empty()) return {recipient_key(escape_json(recipient))};
  return {};
}

// Calls `found` with the offset in `lines` of each line that names what is traced, in order. Quotes inside strings are
// escaped in a line, so a member's name between quotes is found nowhere else.
class Tracer {
 public:
  explicit Tracer(const TraceQuery& query) : address_(escape_json(query.recipient)) {
    needle_ = query.message ? "\"id\":\"" + model::format_id(*query.message) + "\"" : "\"recipient\":\"";
    if (query.message) address_.clear();
  }
  void find(std::string_view lines, const std::function<void(std::size_t)>& found) const {
    std::size_t at = 0;
    while (at < lines.size()) {
      const void* hit = ::memmem(lines.data() + at, lines.size() - at, needle_.data(), needle_.size());
      if (hit == nullptr) return;
      at = static_cast<std::size_t>(static_cast<const char*>(hit) - lines.data());
      if (is_address(lines.substr(at + needle_.size()))) {
        const std::size_t before = lines.rfind('\n', at);
        found(before == std::string_view::npos ? 0 : before + 1);
        at = std::min(lines.find('\n', at), lines.size());
      } else {
        at += needle_.size();
      }
    }
  }

 private:
  [[nodiscard]] bool is_address(std::string_view rest) const {
    if (address_.empty()) return true;
    return rest.size() > address_.size() && rest[address_.size()] == '"' &&
           ascii::starts_with_ignoring_case(rest, address_);
  }
  std::string address_;  // escaped; empty: a message is traced
  std::string needle_;
};

std::string_view line_at(std::string_view lines, std::size_t at) {
  lines.remove_prefix(at);
  return take_line(lines);
}

// Lines of one thread are in order, those of several nearly so.
void sort_by_time(std::vector<Match>& matches) {
  const auto time = [](const Match& match) {
    return std::string_view(match.line).substr(0, kLineStart.size() + kTimeLength);
  };
  std::stable_sort(matches.begin(), matches.end(), [&](const Match& a, const Match& b) { return time(a) < time(b); });
}

FoundEvents found_events(std::vector<Match> matches) {
  FoundEvents found;
  found.lines.reserve(matches.size());
  for (Match& match : matches) found.lines.push_back(std::move(match.line));
  return found;
}

// The newest `last` matches before the end of what `segments` hold.
Result<FoundEvents> find_newest(const EventLog& log, const EventsQuery& query) {
  const std::vector<Segment> segments = log.catalog().all();
  const Offset end = segments.empty() ? 0 : segments.back().end();
  std::vector<Match> matches;  // newest first
  Matcher matches_filter(query.filter);
  std::uint64_t scanned = 0;
  const auto visit = [&](Offset begin, std::string_view lines) {
    std::vector<Match> in_block;
    scanned += lines.size();
    for (std::string_view rest = lines; !rest.empty();) {
      const Offset offset = begin + (lines.size() - rest.size());
      const std::string_view line = take_line(rest);
      if (matches_filter(line)) in_block.push_back({offset, std::string(line)});
    }
    std::move(in_block.rbegin(), in_block.rend(), std::back_inserter(matches));
    return matches.size() < query.last && scanned < query.scan_max_bytes;
  };
  const auto keys = keys_of(query.filter.message, query.filter.recipient);
  if (query.last > 0) {
    if (auto walked = walk_back(log.catalog(), segments, keys, Time{}, visit); !walked) return fail(walked.error());
  }
  const bool cut_short = matches.size() < query.last && scanned >= query.scan_max_bytes;
  if (matches.size() > query.last) matches.resize(query.last);
  std::reverse(matches.begin(), matches.end());
  Offset cursor = end;
  const bool too_many = matches.size() > query.max;
  if (too_many) {
    cursor = matches[query.max].offset;
    matches.resize(query.max);
  }
  FoundEvents found = found_events(std::move(matches));
  found.cursor = cursor;
  found.more = too_many || cut_short;
  return found;
}

Result<FoundEvents> find_after(const EventLog& log, const EventsQuery& query) {
  EventReader reader(log, *query.cursor);
  FoundEvents found;
  found.cursor = *query.cursor;
  Matcher matches_filter(query.filter);
  const Offset end = log.end();
  std::uint64_t scanned = 0;
  while (found.lines.size() < query.max && scanned < query.scan_max_bytes) {
    const auto batch = reader.next();
    if (!batch) return fail(batch.error());
    found.cursor = batch->end;
    if (batch->lines.empty()) break;
    scanned += batch->lines.size();
    for (std::string_view rest = batch->lines; !rest.empty() && found.lines.size() < query.max;) {
      const std::string_view line = take_line(rest);
      if (matches_filter(line)) found.lines.emplace_back(line);
      found.cursor = batch->end - rest.size();
    }
  }
  found.more = found.cursor < end;
  return found;
}

}  // namespace

bool EventFilter::empty() const {
  return types.empty() && stream.empty() && tenant.empty() && campaign.empty() && domain.empty() && provider.empty() &&
         vmta.empty() && !message && recipient.empty();
}

Result<FoundEvents> find_events(EventLog& log, const EventsQuery& query) {
  log.flush();
  return query.cursor ? find_after(log, query) : find_newest(log, query);
}

Result<FoundEvents> trace(EventLog& log, const TraceQuery& query) {
  log.flush();
  if (query.recipient.empty() && !query.message) return fail(Errc::BadOption, "neither a recipient nor a message");
  const Tracer tracer(query);
  std::vector<Match> matches;  // newest first
  EventLine event;
  const auto visit = [&](Offset begin, std::string_view lines) {
    std::vector<Match> in_block;
    tracer.find(lines, [&](std::size_t at) {
      const std::string_view line = line_at(lines, at);
      if (event.parse(line) && time_of_line(line).value_or(Time{}) >= query.since) {
        in_block.push_back({begin + at, std::string(line)});
      }
    });
    std::move(in_block.rbegin(), in_block.rend(), std::back_inserter(matches));
    return matches.size() <= query.limit;
  };
  const auto keys = keys_of(query.message, query.recipient);
  const auto walked = walk_back(log.catalog(), log.catalog().all(), keys, query.since, visit);
  if (!walked) return fail(walked.error());
  const bool more = matches.size() > query.limit;
  if (more) matches.resize(query.limit);
  std::reverse(matches.begin(), matches.end());
  sort_by_time(matches);
  FoundEvents found = found_events(std::move(matches));
  found.more = more;
  return found;
}

Result<> visit_messages(EventLog& log, std::span<const model::MessageId> messages, Time since,
                        const LineVisitor& visit) {
  log.flush();
  std::vector<std::uint64_t> keys;
  boost::unordered_flat_set<std::string> ids;
  for (const model::MessageId message : messages) {
    std::string id = model::format_id(message);
    keys.push_back(message_key(id));
    ids.insert(std::move(id));
  }
  if (ids.empty()) return {};
  return walk_back(log.catalog(), log.catalog().all(), keys, since, [&](Offset, std::string_view lines) {
    constexpr std::string_view kMember = "\"id\":\"";
    constexpr std::size_t kIdBytes = 13;
    std::vector<std::size_t> hits;
    for (std::size_t at = 0; at < lines.size(); ++at) {
      const void* hit = ::memmem(lines.data() + at, lines.size() - at, kMember.data(), kMember.size());
      if (hit == nullptr) break;
      at = static_cast<std::size_t>(static_cast<const char*>(hit) - lines.data());
      if (ids.contains(std::string(lines.substr(at + kMember.size(), kIdBytes)))) {
        const std::size_t before = lines.rfind('\n', at);
        hits.push_back(before == std::string_view::npos ? 0 : before + 1);
      }
      at = std::min(lines.find('\n', at), lines.size());
    }
    for (auto hit = hits.rbegin(); hit != hits.rend(); ++hit) visit(line_at(lines, *hit));
    return true;
  });
}

Result<> visit_since(EventLog& log, Time since, const LineVisitor& visit) {
  log.flush();
  return walk_back(log.catalog(), log.catalog().all(), {}, since, [&](Offset, std::string_view lines) {
    while (!lines.empty()) visit(take_line(lines));
    return true;
  });
}

}  // namespace penstock::eventlog
