// SPDX-License-Identifier: Apache-2.0
// How the daemon is: /v1/status, /v1/paths, /healthz, /metrics, /v1/drain.
#include <boost/json/object.hpp>

#include "api/json.h"
#include "api/routes.h"

namespace penstock::api {
namespace {

constexpr Duration kDrainMax{std::chrono::hours{1}};

}  // namespace

Asked<Answer> show_status(Call& call) {
  if (auto read = call.input.finish(); !read) return tl::unexpected<Problem>(read.error());
  const auto status = call.operations.status();
  if (!status) return refuse(status.error());
  return answer_json(to_json(*status));
}

Asked<Answer> show_health(Call& call) {
  const Health health = call.operations.health();
  Answer answer;
  answer.status = health.healthy ? 200 : 503;
  answer.content_type = "text/plain; charset=utf-8";
  answer.body = health.healthy ? "ok\n" : health.reason + "\n";
  return answer;
}

Asked<Answer> show_metrics(Call& call) {
  Answer answer;
  answer.content_type = "text/plain; version=0.0.4; charset=utf-8";
  answer.body = call.operations.metrics_text();
  return answer;
}

Asked<Answer> list_paths(Call& call) {
  PathQuery query;
  query.selection.vmta = call.input.text("vmta");
  query.selection.provider = call.input.text("provider");
  query.selection.path = call.input.text("path");
  query.limit = static_cast<std::uint32_t>(call.input.number("limit", query.limit, 1, Input::kRowsMax));
  if (auto read = call.input.finish(); !read) return tl::unexpected<Problem>(read.error());
  const auto paths = call.operations.paths(query);
  if (!paths) return refuse(paths.error());
  return answer_json_now(call, {{"paths", to_json_array(*paths)}});
}

Asked<Answer> explain_path(Call& call) {
  PathQuestion question;
  question.vmta = call.input.text("vmta");
  question.domain = call.input.text("domain");
  question.stream = call.input.text("stream");
  question.provider = call.input.text("provider");
  if (auto read = call.input.finish(); !read) return tl::unexpected<Problem>(read.error());
  const auto explanation = call.operations.explain_path(question);
  if (!explanation) return refuse(explanation.error());
  return answer_json_now(call, to_json(*explanation));
}

Asked<Answer> drain_daemon(Call& call) {
  DrainRequest request;
  request.step = call.input.word<DrainStep>("step").value_or(DrainStep::Begin);
  request.limit = call.input.duration("limit", request.limit, kDrainMax);
  if (auto read = call.input.finish(); !read) return tl::unexpected<Problem>(read.error());
  if (auto drained = call.operations.drain(request, call.actor); !drained) return refuse(drained.error());
  const std::string_view step = word_for(request.step);
  return answer_json({{"step", boost::json::string_view(step.data(), step.size())}});
}

}  // namespace penstock::api
