// SPDX-License-Identifier: Apache-2.0
// Actions and pinned paths: /v1/actions…, /v1/paths/pin, unpin, clear.
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include "api/json.h"
#include "api/routes.h"
#include "api/shaping_operations.h"
#include "base/units.h"

namespace penstock::api {
namespace {

namespace json = boost::json;

constexpr std::uint64_t kMostConnections = 100'000;

json::object to_json(const ActionRow& action) {
  json::object tuple;
  for (const auto& [key, name] : action.tuple) tuple[key] = name;
  json::object object{{"kind", action.kind}, {"tuple", std::move(tuple)}};
  if (action.rate > 0) object["rate"] = action.rate;
  add(object, "rule", action.rule);
  add(object, "reply", action.reply);
  object["replies"] = action.replies;
  object["answers"] = action.answers;
  add(object, "since", action.since);
  add(object, "until", action.until);
  object["alarm"] = action.alarm;
  object["pinned"] = action.pinned;
  object["recovering"] = action.recovering;
  add(object, "by", action.by);
  add(object, "next", action.next);
  object["held"] = action.held;
  return object;
}

json::array to_json(const std::vector<ActionRow>& actions) {
  json::array rows;
  for (const ActionRow& action : actions) rows.emplace_back(to_json(action));
  return rows;
}

Tuple read_tuple(Input& input) {
  Tuple tuple;
  for (const std::string_view key : kTupleKeys) {
    std::string name = input.text(key);
    if (!name.empty()) tuple.emplace_back(std::string(key), std::move(name));
  }
  return tuple;
}

// "10/s"
double read_rate(Input& input) {
  const std::string text = input.text("rate");
  if (text.empty()) return 0;
  const auto rate = parse_rate(text);
  if (!rate) input.refuse_with({Errc::BadRequest, "\"rate\": " + rate.error(), ""});
  return rate ? rate->per_second() : 0;
}

Time read_until(Call& call) {
  const Time until = call.input.time_after("until", call.now);
  if (until != Time{} && until <= call.now) call.input.refuse_with({Errc::BadRequest, "\"until\" is in the past", ""});
  return until;
}

std::string read_path(Input& input) {
  std::string path = input.text("path");
  if (path.empty()) {
    input.refuse_with({Errc::BadRequest, "no \"path\" is given", "name one as penstock paths does"});
  }
  return path;
}

}  // namespace

Asked<Answer> list_actions(Call& call) {
  if (auto read = call.input.finish(); !read) return tl::unexpected<Problem>(read.error());
  return answer_json_now(call, {{"actions", to_json(call.operations.shaping().actions())}});
}

Asked<Answer> set_action(Call& call) {
  ActionRequest request;
  request.kind = call.input.text("kind");
  request.tuple = read_tuple(call.input);
  request.rate = read_rate(call.input);
  request.reason = call.input.text("reason");
  request.until = read_until(call);
  const bool slows = request.kind == "slow" || request.kind == "backoff";
  if (!slows && request.kind != "suspend" && request.kind != "stop") {
    call.input.refuse_with({Errc::BadRequest, "\"kind\" is one of slow, backoff, suspend, stop", ""});
  }
  if (request.tuple.empty()) {
    call.input.refuse_with({Errc::BadRequest, "nothing is named", "give a campaign, a sender_domain, a tenant, …"});
  }
  if (slows != (request.rate > 0)) {
    call.input.refuse_with({Errc::BadRequest, "slow and backoff take a \"rate\", the others none", ""});
  }
  if (auto read = call.input.finish(); !read) return tl::unexpected<Problem>(read.error());
  const auto action = call.operations.shaping().set_action(request, call.actor);
  if (!action) return refuse(action.error());
  return answer_json(to_json(*action));
}

Asked<Answer> clear_actions(Call& call) {
  const Tuple tuple = read_tuple(call.input);
  const bool all = call.input.flag("all");
  if (tuple.empty() != all) {
    call.input.refuse_with({Errc::BadRequest, "name the tuple of an action, or give \"all\": true", ""});
  }
  if (auto read = call.input.finish(); !read) return tl::unexpected<Problem>(read.error());
  const auto cleared = call.operations.shaping().clear_actions(tuple, all, call.actor);
  if (!cleared) return refuse(cleared.error());
  return answer_json({{"cleared", to_json(*cleared)}});
}

Asked<Answer> pin_path(Call& call) {
  PathPin pin;
  pin.path = read_path(call.input);
  if (const auto connections = call.input.number("connections")) {
    pin.connections = static_cast<std::uint32_t>(std::min(*connections, kMostConnections));
  }
  pin.rate = read_rate(call.input);
  pin.suspend = call.input.flag("suspend");
  pin.reason = call.input.text("reason");
  pin.until = read_until(call);
  if (!pin.connections && pin.rate <= 0 && !pin.suspend) {
    call.input.refuse_with({Errc::BadRequest, "nothing is pinned", "give connections, a rate, or suspend"});
  }
  if (auto read = call.input.finish(); !read) return tl::unexpected<Problem>(read.error());
  if (auto pinned = call.operations.shaping().pin_path(pin, call.actor); !pinned) return refuse(pinned.error());
  return answer_json({{"path", pin.path}, {"pinned", true}});
}

Asked<Answer> unpin_path(Call& call) {
  const std::string path = read_path(call.input);
  if (auto read = call.input.finish(); !read) return tl::unexpected<Problem>(read.error());
  if (auto done = call.operations.shaping().unpin_path(path, call.actor); !done) return refuse(done.error());
  return answer_json({{"path", path}, {"pinned", false}});
}

Asked<Answer> clear_path(Call& call) {
  const std::string path = read_path(call.input);
  if (auto read = call.input.finish(); !read) return tl::unexpected<Problem>(read.error());
  if (auto done = call.operations.shaping().clear_path(path, call.actor); !done) return refuse(done.error());
  return answer_json({{"path", path}, {"cleared", true}});
}

}  // namespace penstock::api
