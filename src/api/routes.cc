// SPDX-License-Identifier: Apache-2.0
#include "api/routes.h"

#include <fmt/format.h>

#include <array>
#include <boost/json/object.hpp>
#include "api/time_text.h"
#include "base/plain_json.h"

namespace penstock::api {
namespace {

using http::Method;

constexpr Route kRoutes[] = {
    {Method::Get, "/healthz", Audience::Everyone, show_health},
    {Method::Get, "/metrics", Audience::Everyone, show_metrics},
    {Method::Get, "/v1/status", Audience::Admin, show_status},
    {Method::Get, "/v1/paths", Audience::Admin, list_paths},
    {Method::Get, "/v1/paths/explain", Audience::Admin, explain_path},
    {Method::Post, "/v1/paths/pin", Audience::Admin, pin_path},
    {Method::Post, "/v1/paths/unpin", Audience::Admin, unpin_path},
    {Method::Post, "/v1/paths/clear", Audience::Admin, clear_path},
    {Method::Get, "/v1/actions", Audience::Admin, list_actions},
    {Method::Post, "/v1/actions/set", Audience::Admin, set_action},
    {Method::Post, "/v1/actions/clear", Audience::Admin, clear_actions},
    {Method::Get, "/v1/queues", Audience::Admin, list_queues},
    {Method::Get, "/v1/queues/age", Audience::Admin, list_ages},
    {Method::Get, "/v1/recipients", Audience::Admin, list_recipients},
    {Method::Get, "/v1/messages/{id}", Audience::Admin, show_message},
    {Method::Get, "/v1/trace", Audience::Admin, trace_events},
    {Method::Get, "/v1/events", Audience::Admin, list_events},
    {Method::Get, "/v1/pauses", Audience::Admin, list_pauses},
    {Method::Post, "/v1/pause", Audience::Admin, pause_mail},
    {Method::Post, "/v1/resume", Audience::Admin, resume_mail},
    {Method::Post, "/v1/hold", Audience::Admin, hold_mail},
    {Method::Post, "/v1/release", Audience::Admin, release_mail},
    {Method::Post, "/v1/retry", Audience::Admin, retry_mail},
    {Method::Post, "/v1/bounce", Audience::Admin, bounce_mail},
    {Method::Post, "/v1/reroute", Audience::Admin, reroute_mail},
    {Method::Get, "/v1/jobs", Audience::Admin, list_jobs},
    {Method::Get, "/v1/jobs/{id}", Audience::Admin, show_job},
    {Method::Post, "/v1/jobs/{id}/cancel", Audience::Admin, cancel_job},
    {Method::Get, "/v1/suppressions", Audience::Admin, list_suppressions},
    {Method::Get, "/v1/suppressions/changes", Audience::Admin, list_suppression_changes},
    {Method::Post, "/v1/suppressions/add", Audience::Admin, add_suppressions},
    {Method::Post, "/v1/suppressions/remove", Audience::Admin, remove_suppressions},
    {Method::Post, "/v1/suppressions/check", Audience::Admin, check_suppressions},
    {Method::Post, "/v1/suppressions/review", Audience::Admin, review_suppressions},
    {Method::Post, "/v1/suppressions/import", Audience::Admin, import_suppressions},
    {Method::Get, "/v1/suppressions/imports/{id}", Audience::Admin, show_suppression_import},
    {Method::Post, "/v1/suppressions/imports/{id}/cancel", Audience::Admin, cancel_suppression_import},
    {Method::Get, "/v1/suppressions/{address}", Audience::Admin, show_suppression},
    {Method::Get, "/v1/users", Audience::Admin, list_users},
    {Method::Post, "/v1/users/add", Audience::Admin, add_user},
    {Method::Post, "/v1/users/set", Audience::Admin, change_user},
    {Method::Post, "/v1/users/password", Audience::Admin, set_user_password},
    {Method::Post, "/v1/users/remove", Audience::Admin, remove_user},
    {Method::Get, "/v1/users/{name}", Audience::Admin, show_user},
    {Method::Get, "/v1/warmups", Audience::Admin, list_warmups},
    {Method::Post, "/v1/warmups/pause", Audience::Admin, pause_warmup},
    {Method::Post, "/v1/warmups/resume", Audience::Admin, resume_warmup},
    {Method::Post, "/v1/warmups/set", Audience::Admin, set_warmup},
    {Method::Post, "/v1/reload", Audience::Admin, reload_config},
    {Method::Post, "/v1/feedback/rotate-keys", Audience::Admin, rotate_keys},
    {Method::Get, "/v1/config", Audience::Admin, list_settings},
    {Method::Post, "/v1/config/check", Audience::Admin, check_config},
    {Method::Post, "/v1/drain", Audience::Admin, drain_daemon},
};

// Nothing when the pattern does not fit; else what stands for its {…}.
std::optional<std::vector<std::string>> fit(std::string_view pattern, const std::vector<std::string>& segments) {
  std::vector<std::string> captures;
  std::size_t i = 0;
  while (!pattern.empty()) {
    pattern.remove_prefix(1);  // '/'
    const std::string_view part = pattern.substr(0, pattern.find('/'));
    pattern.remove_prefix(part.size());
    if (i == segments.size()) return std::nullopt;
    if (part.starts_with('{')) {
      captures.push_back(segments[i]);
    } else if (part != segments[i]) {
      return std::nullopt;
    }
    ++i;
  }
  if (i != segments.size()) return std::nullopt;
  return captures;
}

std::string join_path(const std::vector<std::string>& segments) {
  std::string path;
  for (const std::string& segment : segments) path += "/" + segment;
  return path.substr(0, 100);
}

}  // namespace

std::span<const Route> routes() {
  return kRoutes;
}

Asked<Match> find_route(Audience audience, Method method, const std::vector<std::string>& segments) {
  const Method wanted = method == Method::Head ? Method::Get : method;
  std::string allowed;
  std::vector<std::string_view> paths;
  for (const Route& route : kRoutes) {
    if (audience == Audience::Everyone && route.audience != Audience::Everyone) continue;
    paths.push_back(route.path);
    auto captures = fit(route.path, segments);
    if (!captures) continue;
    if (route.method == wanted) return Match{&route, std::move(*captures)};
    allowed = to_string(route.method);
  }
  const std::string path = join_path(segments);
  if (!allowed.empty()) {
    return refuse(Errc::MethodNotAllowed, fmt::format("{} does not take this method", path), "use " + allowed);
  }
  const std::string_view nearest = nearest_word(path, paths);
  return refuse(Errc::NotFound, fmt::format("there is no {}", path),
                nearest.empty() ? "" : fmt::format("did you mean {}?", nearest));
}

Answer answer_json(const boost::json::object& object, unsigned status) {
  Answer answer;
  answer.status = status;
  answer.body = plain_json(object);
  return answer;
}

Answer answer_json_now(const Call& call, boost::json::object object) {
  object["now"] = format_time(call.now);
  return answer_json(object);
}

}  // namespace penstock::api
