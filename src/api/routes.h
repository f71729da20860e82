// SPDX-License-Identifier: Apache-2.0
// The routes of the admin API: one constexpr table, which is the router. The command line and the console may call only
// what is in it; a test compares it with api/openapi.yaml.
//
// A handler reads its Call, calls Operations and returns an Answer or a Problem. It runs on a worker thread and may
// block. Handlers live in one file per group: status_api.cc, queue_api.cc, …
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "api/input.h"
#include "api/operations.h"
#include "api/problem.h"
#include "http/message.h"

namespace boost::json {
class object;
}

namespace penstock::api {

struct Answer {
  unsigned status = 200;
  std::string body;  // a newline is added to JSON when it is sent
  std::string content_type = "application/json";
  // Set by a handler that found nothing and was asked to wait: it is called again until there is something or this
  // time has passed, and then the answer is given as it is.
  Duration wait{0};
};

struct Call {
  Operations& operations;
  Input& input;                       // of the query (GET) or of the body; finish() it
  std::vector<std::string> captures;  // what stands for {…} in the path, in order
  Actor actor;
  Time now;  // wall
};

using Handler = Asked<Answer> (*)(Call& call);

enum class Audience : std::uint8_t {
  Admin,    // who may open the unix socket
  Everyone  // also on the TCP address for metrics
};

struct Route {
  http::Method method;
  std::string_view path;  // "/v1/jobs/{id}"
  Audience audience;
  Handler handler;
};

[[nodiscard]] std::span<const Route> routes();

struct Match {
  const Route* route = nullptr;
  std::vector<std::string> captures;
};
// HEAD finds the route of GET. Problems: NotFound with the nearest path, MethodNotAllowed naming those there are.
[[nodiscard]] Asked<Match> find_route(Audience audience, http::Method method, const std::vector<std::string>& segments);

// An Answer of JSON.
[[nodiscard]] Answer answer_json(const boost::json::object& object, unsigned status = 200);

// The same with a member "now": ages are told by the server's clock, whatever the client's says.
[[nodiscard]] Answer answer_json_now(const Call& call, boost::json::object object);

// The handlers.
Asked<Answer> show_status(Call& call);
Asked<Answer> show_health(Call& call);
Asked<Answer> show_metrics(Call& call);
Asked<Answer> list_paths(Call& call);
Asked<Answer> explain_path(Call& call);
Asked<Answer> pin_path(Call& call);
Asked<Answer> unpin_path(Call& call);
Asked<Answer> clear_path(Call& call);
Asked<Answer> list_actions(Call& call);
Asked<Answer> set_action(Call& call);
Asked<Answer> clear_actions(Call& call);
Asked<Answer> list_queues(Call& call);
Asked<Answer> list_ages(Call& call);
Asked<Answer> list_recipients(Call& call);
Asked<Answer> show_message(Call& call);
Asked<Answer> trace_events(Call& call);
Asked<Answer> list_events(Call& call);
Asked<Answer> list_pauses(Call& call);
Asked<Answer> pause_mail(Call& call);
Asked<Answer> resume_mail(Call& call);
Asked<Answer> hold_mail(Call& call);
Asked<Answer> release_mail(Call& call);
Asked<Answer> retry_mail(Call& call);
Asked<Answer> bounce_mail(Call& call);
Asked<Answer> reroute_mail(Call& call);
Asked<Answer> list_jobs(Call& call);
Asked<Answer> show_job(Call& call);
Asked<Answer> cancel_job(Call& call);
Asked<Answer> list_suppressions(Call& call);
Asked<Answer> list_suppression_changes(Call& call);
Asked<Answer> add_suppressions(Call& call);
Asked<Answer> remove_suppressions(Call& call);
Asked<Answer> check_suppressions(Call& call);
Asked<Answer> review_suppressions(Call& call);
Asked<Answer> import_suppressions(Call& call);
Asked<Answer> show_suppression_import(Call& call);
Asked<Answer> cancel_suppression_import(Call& call);
Asked<Answer> show_suppression(Call& call);
Asked<Answer> list_users(Call& call);
Asked<Answer> show_user(Call& call);
Asked<Answer> add_user(Call& call);
Asked<Answer> change_user(Call& call);
Asked<Answer> set_user_password(Call& call);
Asked<Answer> remove_user(Call& call);
Asked<Answer> list_warmups(Call& call);
Asked<Answer> pause_warmup(Call& call);
Asked<Answer> resume_warmup(Call& call);
Asked<Answer> set_warmup(Call& call);
Asked<Answer> reload_config(Call& call);
Asked<Answer> rotate_keys(Call& call);
Asked<Answer> check_config(Call& call);
Asked<Answer> list_settings(Call& call);
Asked<Answer> drain_daemon(Call& call);

}  // namespace penstock::api
