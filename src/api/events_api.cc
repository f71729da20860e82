// SPDX-License-Identifier: Apache-2.0
// What happened: /v1/trace, /v1/events.
#include <fmt/format.h>

#include <algorithm>

#include "api/routes.h"
#include "api/words.h"
#include "model/event.h"

namespace penstock::api {
namespace {

constexpr std::uint64_t kTraceMax = 10'000;
constexpr std::uint64_t kEventsMax = 5'000;
constexpr Duration kWaitMax{std::chrono::seconds{30}};

// The log's lines are JSON already: they are joined, not read and written again.
std::string join_events(const EventList& list) {
  std::string body = "{\"events\":[";
  for (std::size_t i = 0; i < list.events.size(); ++i) {
    if (i > 0) body += ',';
    std::string_view line = list.events[i];
    while (line.ends_with('\n')) line.remove_suffix(1);
    body += line;
  }
  body += "],\"cursor\":" + std::to_string(list.cursor);
  body += list.more ? ",\"more\":true}" : ",\"more\":false}";
  return body;
}

void check_types(Input& input, const std::vector<std::string>& types) {
  const auto known = model::event_type_names();
  for (const std::string& type : types) {
    if (std::find(known.begin(), known.end(), type) != known.end()) continue;
    const std::string_view near = nearest_word(type, known);
    input.refuse_with({Errc::BadRequest, fmt::format("there is no event type \"{}\"", type),
                       near.empty() ? "there are " + join_words(known) : fmt::format("did you mean \"{}\"?", near)});
  }
}

}  // namespace

Asked<Answer> trace_events(Call& call) {
  TraceQuery query;
  query.recipient = call.input.text("recipient");
  query.message = call.input.message_id("message");
  query.since = call.input.time_before("since", call.now);
  query.limit = static_cast<std::uint32_t>(call.input.number("limit", query.limit, 1, kTraceMax));
  if (query.recipient.empty() != query.message.has_value()) {
    call.input.refuse_with(
        {Errc::BadRequest, "give either \"recipient\" or \"message\"", "/v1/trace?recipient=someone@example.com"});
  }
  if (!query.recipient.empty() && query.recipient.find('@') == std::string::npos) {
    call.input.refuse_with({Errc::BadRequest, "\"recipient\" is not an address with \"@\"", ""});
  }
  if (auto read = call.input.finish(); !read) return tl::unexpected<Problem>(read.error());
  const auto list = call.operations.trace(query);
  if (!list) return refuse(list.error());
  Answer answer;
  answer.body = join_events(*list);
  return answer;
}

Asked<Answer> list_events(Call& call) {
  EventQuery query;
  query.cursor = call.input.number("cursor");
  query.last = static_cast<std::uint32_t>(call.input.number("last", 0, 0, kEventsMax));
  query.max = static_cast<std::uint32_t>(call.input.number("max", std::max(query.max, query.last), 1, kEventsMax));
  query.types = call.input.list("type");
  check_types(call.input, query.types);
  query.filter = call.input.selection();
  const Duration wait = call.input.duration("wait", Duration::zero(), kWaitMax);
  if (query.cursor && query.last != 0) {
    call.input.refuse_with({Errc::BadRequest, "\"cursor\" and \"last\" contradict each other", "give one of them"});
  }
  if (auto read = call.input.finish(); !read) return tl::unexpected<Problem>(read.error());
  const auto list = call.operations.events(query);
  if (!list) return refuse(list.error());
  Answer answer;
  answer.body = join_events(*list);
  // Without a cursor every call would begin at the end anew, and what came between two calls be lost.
  // Nor is there reason to wait while more lies ahead that was not looked at yet.
  if (list->events.empty() && query.cursor && !list->more) answer.wait = wait;
  return answer;
}

}  // namespace penstock::api
