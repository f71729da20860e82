// SPDX-License-Identifier: Apache-2.0
// The configuration and its keys: /v1/reload, /v1/feedback/rotate-keys, /v1/config, /v1/config/check.
#include <boost/json/object.hpp>

#include "api/json.h"
#include "api/routes.h"

namespace penstock::api {

// A refused configuration is an answer, not an error: the caller wants its problems.
Asked<Answer> reload_config(Call& call) {
  if (auto read = call.input.finish(); !read) return tl::unexpected<Problem>(read.error());
  const auto report = call.operations.reload(call.actor);
  if (!report) return refuse(report.error());
  return answer_json(to_json(*report));
}

Asked<Answer> rotate_keys(Call& call) {
  if (auto read = call.input.finish(); !read) return tl::unexpected<Problem>(read.error());
  const auto accepted = call.operations.rotate_keys(call.actor);
  if (!accepted) return refuse(accepted.error());
  return answer_json({{"rotated", true}, {"older_keys", *accepted}});
}

Asked<Answer> check_config(Call& call) {
  ConfigCheckRequest request;
  request.path = call.input.text("path");
  request.text = call.input.raw_text("text");
  if (request.path.empty() != request.text.has_value()) {
    call.input.refuse_with({Errc::BadRequest, "give either \"path\" or \"text\"", ""});
  }
  if (auto read = call.input.finish(); !read) return tl::unexpected<Problem>(read.error());
  const auto check = call.operations.check_config(request);
  if (!check) return refuse(check.error());
  return answer_json(to_json(*check));
}

Asked<Answer> list_settings(Call& call) {
  if (auto read = call.input.finish(); !read) return tl::unexpected<Problem>(read.error());
  const auto settings = call.operations.settings();
  if (!settings) return refuse(settings.error());
  return answer_json({{"settings", to_json_array(*settings)}});
}

}  // namespace penstock::api
