// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "api/shaping_operations.h"
#include "cmd/penstock/cli.h"
#include "cmd/penstock/commands.h"
#include "cmd/penstock/human.h"
#include "cmd/penstock/json_read.h"

namespace penstock::cli {
namespace {

namespace json = boost::json;
using Align = Table::Align;

// "--sender-domain"
std::string option_of(std::string_view key) {
  std::string option = "--" + std::string(key);
  for (char& c : option) c = c == '_' ? '-' : c;
  return option;
}

void add_tuple(const Cli& cli, json::object& body) {
  for (const std::string_view key : api::kTupleKeys) {
    if (cli.arguments.has(option_of(key))) body[key] = cli.arguments.text(option_of(key));
  }
}

std::string words_of(const json::object& tuple) {
  std::string words;
  for (const auto& member : tuple) {
    if (!words.empty()) words += ' ';
    words += std::string(member.key()) + "=" + std::string(member.value().as_string());
  }
  return words;
}

void add_why(const json::object& action, std::vector<std::string>& cells) {
  const std::string reply = text_of(action, "reply");
  std::string why = text_of(action, "rule");
  if (!reply.empty()) {
    why += fmt::format(": {} of {} answers, \"{}\"", count_of(action, "replies"), count_of(action, "answers"), reply);
  }
  cells.push_back(why);
}

std::string table_of(const json::array& actions) {
  Table table(
      {{"ACTION"}, {"ON"}, {"RATE", Align::Right}, {"HELD", Align::Right}, {"SINCE"}, {"UNTIL"}, {"BY"}, {"WHY"}});
  for (const json::value& value : actions) {
    const json::object& action = value.as_object();
    const std::string until = text_of(action, "until");
    const double rate = number_of(action, "rate");
    const bool recovering = flag_of(action, "recovering");
    std::vector<std::string> cells{
        (recovering ? "recovering" : text_of(action, "kind")) + (flag_of(action, "alarm") ? " !" : ""),
        words_of(child(action, "tuple")),
        rate > 0 ? fmt::format("{:.3g}/s", rate) : "",
        human_count(count_of(action, "held")),
        human_time(text_of(action, "since")),
        recovering      ? "with success"
        : until.empty() ? "cleared"
                        : human_time(until),
        text_of(action, "by")};
    add_why(action, cells);
    table.add(std::move(cells));
  }
  return table.text();
}

Ended change_path(Cli& cli, const char* route, json::object body, const char* done) {
  body["path"] = cli.arguments.text("PATH");
  const auto answer = cli.post(route, body);
  if (!answer) return tl::unexpected<Failure>(answer.error());
  if (cli.json()) {
    Cli::print_json(*answer);
  } else {
    Cli::print(fmt::format("{} {}\n", cli.arguments.text("PATH"), done));
  }
  return {};
}

}  // namespace

Ended list_actions(Cli& cli) {
  const auto answer = cli.get("/v1/actions");
  if (!answer) return tl::unexpected<Failure>(answer.error());
  const json::array actions = list_of(*answer, "actions");
  if (cli.json()) {
    Cli::print_json(*answer);
  } else {
    Cli::print(actions.empty() ? "nothing is slowed, suspended or stopped\n" : table_of(actions));
  }
  return {};
}

Ended set_action(Cli& cli) {
  json::object body{{"kind", cli.arguments.text("KIND")}};
  add_tuple(cli, body);
  for (const auto& [option, member] :
       {std::pair{"--rate", "rate"}, std::pair{"--reason", "reason"}, std::pair{"--until", "until"}}) {
    if (cli.arguments.has(option)) body[member] = cli.arguments.text(option);
  }
  const auto action = cli.post("/v1/actions/set", body);
  if (!action) return tl::unexpected<Failure>(action.error());
  if (cli.json()) {
    Cli::print_json(*action);
  } else {
    Cli::print(table_of({*action}));
  }
  return {};
}

Ended clear_actions(Cli& cli) {
  json::object body;
  add_tuple(cli, body);
  if (cli.arguments.has("--all")) body["all"] = true;
  const auto answer = cli.post("/v1/actions/clear", body);
  if (!answer) return tl::unexpected<Failure>(answer.error());
  const std::size_t cleared = list_of(*answer, "cleared").size();
  if (cli.json()) {
    Cli::print_json(*answer);
  } else {
    Cli::print(fmt::format("{} {} cleared\n", cleared, cleared == 1 ? "action" : "actions"));
  }
  return {};
}

Ended pin_path(Cli& cli) {
  json::object body;
  if (cli.arguments.has("--connections")) {
    const std::string text = cli.arguments.text("--connections");
    if (text.empty() || text.size() > 6 || text.find_first_not_of("0123456789") != std::string::npos) {
      return tl::unexpected<Failure>(Failure{kExitUsage, "--connections is a whole number", ""});
    }
    body["connections"] = std::stoul(text);
  }
  for (const auto& [option, member] :
       {std::pair{"--rate", "rate"}, std::pair{"--reason", "reason"}, std::pair{"--until", "until"}}) {
    if (cli.arguments.has(option)) body[member] = cli.arguments.text(option);
  }
  if (cli.arguments.has("--suspend")) body["suspend"] = true;
  return change_path(cli, "/v1/paths/pin", std::move(body), "is pinned; penstock path unpin ends it");
}

Ended unpin_path(Cli& cli) {
  return change_path(cli, "/v1/paths/unpin", {}, "goes by what is learned again");
}

Ended clear_path(Cli& cli) {
  return change_path(cli, "/v1/paths/clear", {}, "begins anew");
}

}  // namespace penstock::cli
