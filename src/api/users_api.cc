// SPDX-License-Identifier: Apache-2.0
// Users of SMTP AUTH: /v1/users….
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include "api/json.h"
#include "api/routes.h"
#include "api/user_operations.h"

namespace penstock::api {
namespace {

namespace json = boost::json;

constexpr std::uint64_t kNumberMax = 0xFFFF'FFFFULL;

json::array words_of(const std::vector<std::string>& words) {
  json::array array;
  for (const std::string& word : words) array.emplace_back(word);
  return array;
}

json::object to_json(const users::Seen& seen) {
  const users::User& user = seen.user;
  json::object object{{"name", user.name}, {"enabled", user.enabled}};
  if (user.message_rate.count > 0) object["message_rate"] = format_rate(user.message_rate);
  if (user.recipients_per_day != 0) object["recipients_per_day"] = user.recipients_per_day;
  if (user.connections != 0) object["connections"] = user.connections;
  if (!user.streams.empty()) object["streams"] = words_of(user.streams);
  if (!user.sender_domains.empty()) object["sender_domains"] = words_of(user.sender_domains);
  add(object, "note", user.note);
  add(object, "since", user.since);
  add(object, "password_since", user.password_since);
  object["recipients_today"] = seen.recipients_today;
  object["connected"] = seen.connected;
  return object;
}

// "any" alone, or an empty list, lifts what is there.
std::optional<std::vector<std::string>> read_words(Input& input, std::string_view name) {
  if (!input.has(name)) return std::nullopt;
  std::vector<std::string> words = input.list(name);
  if (words.size() == 1 && words.front() == "any") words.clear();
  return words;
}

std::optional<std::uint32_t> read_number(Input& input, std::string_view name) {
  if (!input.has(name)) return std::nullopt;
  return static_cast<std::uint32_t>(input.number(name, 0, 0, kNumberMax));
}

UserChange read_change(Input& input) {
  UserChange change;
  if (input.has("enabled")) change.enabled = input.flag("enabled");
  if (const std::string rate = input.text("message_rate"); rate == "off") {
    change.message_rate = Rate{0, std::chrono::seconds{1}};
  } else if (!rate.empty()) {
    const auto parsed = parse_rate(rate);
    if (parsed) change.message_rate = *parsed;
    if (!parsed) input.refuse_with({Errc::BadRequest, "message_rate: " + parsed.error(), ""});
  }
  change.recipients_per_day = read_number(input, "recipients_per_day");
  change.connections = read_number(input, "connections");
  change.streams = read_words(input, "streams");
  change.sender_domains = read_words(input, "sender_domains");
  if (input.has("note")) change.note = input.text("note");
  return change;
}

std::string read_name(Input& input) {
  std::string name = input.text("name");
  if (name.empty()) input.refuse_with({Errc::BadRequest, "give \"name\", of the user", ""});
  return name;
}

// Its own words: those of other members show what was given.
std::string read_password(Input& input) {
  std::string password = input.raw_text("password").value_or("");
  if (password.empty()) input.refuse_with({Errc::BadRequest, "give \"password\", a text", ""});
  return password;
}

Asked<Answer> answer_seen(const Result<users::Seen>& seen) {
  if (!seen) return refuse(seen.error());
  return answer_json(to_json(*seen));
}

}  // namespace

void UserChange::apply_to(users::User& user) const {
  if (enabled) user.enabled = *enabled;
  if (message_rate) user.message_rate = *message_rate;
  if (recipients_per_day) user.recipients_per_day = *recipients_per_day;
  if (connections) user.connections = *connections;
  if (streams) user.streams = *streams;
  if (sender_domains) user.sender_domains = *sender_domains;
  if (note) user.note = *note;
}

Asked<Answer> list_users(Call& call) {
  if (auto read = call.input.finish(); !read) return tl::unexpected<Problem>(read.error());
  json::array users;
  for (const users::Seen& seen : call.operations.users().list()) users.emplace_back(to_json(seen));
  return answer_json_now(call, {{"users", std::move(users)}});
}

Asked<Answer> show_user(Call& call) {
  if (auto read = call.input.finish(); !read) return tl::unexpected<Problem>(read.error());
  return answer_seen(call.operations.users().find(call.captures.at(0)));
}

Asked<Answer> add_user(Call& call) {
  const std::string name = read_name(call.input);
  std::string password = read_password(call.input);
  const UserChange values = read_change(call.input);
  if (auto read = call.input.finish(); !read) return tl::unexpected<Problem>(read.error());
  return answer_seen(call.operations.users().add(name, values, password, call.actor));
}

Asked<Answer> change_user(Call& call) {
  const std::string name = read_name(call.input);
  const UserChange values = read_change(call.input);
  if (auto read = call.input.finish(); !read) return tl::unexpected<Problem>(read.error());
  return answer_seen(call.operations.users().change(name, values, call.actor));
}

Asked<Answer> set_user_password(Call& call) {
  const std::string name = read_name(call.input);
  const std::string password = read_password(call.input);
  if (auto read = call.input.finish(); !read) return tl::unexpected<Problem>(read.error());
  const auto done = call.operations.users().set_password(name, password, call.actor);
  if (!done) return refuse(done.error());
  return answer_seen(call.operations.users().find(name));
}

Asked<Answer> remove_user(Call& call) {
  const std::string name = read_name(call.input);
  if (auto read = call.input.finish(); !read) return tl::unexpected<Problem>(read.error());
  const auto done = call.operations.users().remove(name, call.actor);
  if (!done) return refuse(done.error());
  return answer_json({{"removed", 1}});
}

}  // namespace penstock::api
