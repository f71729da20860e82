// SPDX-License-Identifier: Apache-2.0
// Who may sign in by SMTP AUTH.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "cmd/penstock/ask_password.h"
#include "cmd/penstock/cli.h"
#include "cmd/penstock/commands.h"
#include "cmd/penstock/human.h"
#include "cmd/penstock/json_read.h"
#include "http/target.h"

namespace penstock::cli {
namespace {

namespace json = boost::json;

std::string words_of(const json::object& user, const char* key) {
  std::string words;
  for (const json::value& word : list_of(user, key)) {
    words += (words.empty() ? "" : ", ") + std::string(word.as_string());
  }
  return words.empty() ? "any" : words;
}

std::string number_of(const json::object& user, const char* key) {
  const std::uint64_t number = count_of(user, key);
  return number == 0 ? "any" : human_count(number);
}

std::string rate_of(const json::object& user) {
  const std::string rate = text_of(user, "message_rate");
  return rate.empty() ? "any" : rate;
}

json::array split(std::string_view text) {
  json::array words;
  while (!text.empty()) {
    const std::string_view word = text.substr(0, text.find(','));
    if (!word.empty()) words.emplace_back(std::string(word));
    text.remove_prefix(std::min(word.size() + 1, text.size()));
  }
  return words;
}

Got<json::object> limits_of(const Cli& cli) {
  json::object body{{"name", cli.arguments.text("NAME")}};
  for (const auto& [option, member] : {std::pair{"--message-rate", "message_rate"}, {"--note", "note"}}) {
    if (cli.arguments.has(option)) body[member] = cli.arguments.text(option);
  }
  for (const auto& [option, member] :
       {std::pair{"--recipients-per-day", "recipients_per_day"}, {"--connections", "connections"}}) {
    if (!cli.arguments.has(option)) continue;
    const std::string text = cli.arguments.text(option);
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || end != text.data() + text.size()) {
      return fail_with(kExitUsage, fmt::format("{} takes a whole number, not \"{}\"", option, text));
    }
    body[member] = number;
  }
  for (const auto& [option, member] : {std::pair{"--streams", "streams"}, {"--sender-domains", "sender_domains"}}) {
    if (cli.arguments.has(option)) body[member] = split(cli.arguments.text(option));
  }
  return body;
}

Ended print_user(const Cli& cli, const Got<json::object>& answer) {
  if (!answer) return tl::unexpected<Failure>(answer.error());
  const json::object& user = *answer;
  if (cli.json()) {
    Cli::print_json(user);
    return {};
  }
  std::string text =
      fmt::format("{}{}\n", printable(text_of(user, "name")), flag_of(user, "enabled") ? "" : "  disabled");
  const auto line = [&text](std::string_view title, const std::string& value) {
    if (!value.empty()) text += fmt::format("  {:<18}  {}\n", title, printable(value));
  };
  line("message rate", rate_of(user));
  const std::string today = human_count(count_of(user, "recipients_today"));
  line("recipients a day", fmt::format("{} ({} today)", number_of(user, "recipients_per_day"), today));
  line("connections", fmt::format("{} ({} now)", number_of(user, "connections"), count_of(user, "connected")));
  line("streams", words_of(user, "streams"));
  line("sender domains", words_of(user, "sender_domains"));
  line("since", human_time(text_of(user, "since")));
  line("password since", human_time(text_of(user, "password_since")));
  line("note", text_of(user, "note"));
  Cli::print(text);
  return {};
}

}  // namespace

Ended list_users(Cli& cli) {
  const auto answer = cli.get("/v1/users");
  if (!answer) return tl::unexpected<Failure>(answer.error());
  if (cli.json()) {
    Cli::print_json(*answer);
    return {};
  }
  const json::array users = list_of(*answer, "users");
  if (users.empty()) {
    Cli::print("nobody can sign in; `penstock user add NAME` lets somebody\n");
    return {};
  }
  Table table({{"NAME"},
               {"STATE"},
               {"RATE"},
               {"A DAY", Table::Align::Right},
               {"TODAY", Table::Align::Right},
               {"NOW", Table::Align::Right},
               {"STREAMS"},
               {"SENDER DOMAINS"},
               {"NOTE"}});
  for (const json::value& value : users) {
    const json::object& user = value.as_object();
    table.add({text_of(user, "name"), flag_of(user, "enabled") ? "enabled" : "disabled", rate_of(user),
               number_of(user, "recipients_per_day"), human_count(count_of(user, "recipients_today")),
               std::to_string(count_of(user, "connected")), words_of(user, "streams"), words_of(user, "sender_domains"),
               text_of(user, "note")});
  }
  Cli::print(table.text());
  return {};
}

Ended show_user(Cli& cli) {
  return print_user(cli, cli.get("/v1/users/" + http::encode(cli.arguments.text("NAME"))));
}

Ended add_user(Cli& cli) {
  auto body = limits_of(cli);
  if (!body) return tl::unexpected<Failure>(body.error());
  const auto password = ask_password();
  if (!password) return tl::unexpected<Failure>(password.error());
  (*body)["password"] = *password;
  return print_user(cli, cli.post("/v1/users/add", *body));
}

Ended change_user(Cli& cli) {
  auto body = limits_of(cli);
  if (!body) return tl::unexpected<Failure>(body.error());
  if (cli.arguments.has("--enable") && cli.arguments.has("--disable")) {
    return fail_with(kExitUsage, "--enable or --disable, not both");
  }
  if (cli.arguments.has("--enable")) (*body)["enabled"] = true;
  if (cli.arguments.has("--disable")) (*body)["enabled"] = false;
  if (body->size() == 1) return fail_with(kExitUsage, "nothing to change was given", "see penstock user set --help");
  return print_user(cli, cli.post("/v1/users/set", *body));
}

Ended change_password(Cli& cli) {
  const auto password = ask_password();
  if (!password) return tl::unexpected<Failure>(password.error());
  const auto answer = cli.post("/v1/users/password", {{"name", cli.arguments.text("NAME")}, {"password", *password}});
  if (!answer) return tl::unexpected<Failure>(answer.error());
  if (cli.json()) {
    Cli::print_json(*answer);
  } else {
    Cli::print(fmt::format("{} has another password\n", printable(text_of(*answer, "name"))));
  }
  return {};
}

Ended remove_user(Cli& cli) {
  const auto answer = cli.post("/v1/users/remove", {{"name", cli.arguments.text("NAME")}});
  if (!answer) return tl::unexpected<Failure>(answer.error());
  if (cli.json()) {
    Cli::print_json(*answer);
  } else {
    Cli::print(fmt::format("{} is removed; connections that are open end at their next message\n",
                           printable(cli.arguments.text("NAME"))));
  }
  return {};
}

}  // namespace penstock::cli
