// SPDX-License-Identifier: Apache-2.0
// What is queued: /v1/queues, /v1/queues/age, /v1/recipients, /v1/messages/{id}.
#include <fmt/format.h>

#include <boost/json/object.hpp>

#include "api/json.h"
#include "api/routes.h"

namespace penstock::api {
namespace {

QueueQuery read_queue_query(Input& input) {
  QueueQuery query;
  query.selection = input.selection();
  query.by = input.word<QueueGroup>("by").value_or(QueueGroup::Domain);
  query.limit = static_cast<std::uint32_t>(input.number("limit", query.limit, 1, Input::kRowsMax));
  return query;
}

}  // namespace

Asked<Answer> list_queues(Call& call) {
  const QueueQuery query = read_queue_query(call.input);
  if (auto read = call.input.finish(); !read) return tl::unexpected<Problem>(read.error());
  const auto list = call.operations.queues(query);
  if (!list) return refuse(list.error());
  return answer_json_now(call, to_json(*list));
}

Asked<Answer> list_ages(Call& call) {
  const QueueQuery query = read_queue_query(call.input);
  if (auto read = call.input.finish(); !read) return tl::unexpected<Problem>(read.error());
  const auto list = call.operations.queue_age(query);
  if (!list) return refuse(list.error());
  return answer_json_now(call, to_json(*list));
}

Asked<Answer> list_recipients(Call& call) {
  RecipientQuery query;
  query.selection = call.input.selection();
  query.state = call.input.word<RecipientState>("state");
  query.limit = static_cast<std::uint32_t>(call.input.number("limit", query.limit, 1, Input::kRowsMax));
  if (query.state == RecipientState::Done) {
    call.input.refuse_with({Errc::BadRequest, "recipients that are done are no longer queued", "see /v1/trace"});
  }
  if (auto read = call.input.finish(); !read) return tl::unexpected<Problem>(read.error());
  const auto list = call.operations.recipients(query);
  if (!list) return refuse(list.error());
  return answer_json_now(call, to_json(*list));
}

Asked<Answer> show_message(Call& call) {
  if (auto read = call.input.finish(); !read) return tl::unexpected<Problem>(read.error());
  const std::string& text = call.captures.at(0);
  const auto id = model::parse_message_id(text);
  if (!id) return refuse(Errc::BadRequest, fmt::format("a message id has {}", model::message_id_form()));
  const auto message = call.operations.message(*id);
  if (!message) return refuse(message.error());
  if (!*message) {
    return refuse(Errc::NotFound, "no message " + model::format_id(*id) + " is queued",
                  "a finished one is in the event log: penstock trace --message " + model::format_id(*id));
  }
  return answer_json_now(call, to_json(**message));
}

}  // namespace penstock::api
