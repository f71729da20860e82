// SPDX-License-Identifier: Apache-2.0
#include <boost/json/serialize.hpp>
#include <cstdio>

#include "cmd/penstock/cli.h"
#include "cmd/penstock/commands.h"
#include "cmd/penstock/event_text.h"
#include "cmd/penstock/json_read.h"

namespace penstock::cli {
namespace {

namespace json = boost::json;

// Lines for people, or each event's JSON on a line of its own.
void print_events(const Cli& cli, const json::object& answer) {
  for (const json::value& value : list_of(answer, "events")) {
    if (!value.is_object()) continue;
    if (cli.json()) Cli::print_json(value.as_object());
    if (!cli.json()) Cli::print(format_event(value.as_object()) + "\n");
  }
  std::fflush(stdout);
}

}  // namespace

Ended trace_mail(Cli& cli) {
  const std::string address = cli.arguments.text("ADDRESS");
  const std::string message = cli.arguments.text("--message");
  if (address.empty() == message.empty()) {
    return fail_with(kExitUsage, "give either an address or --message ID", "as: penstock trace someone@example.com");
  }
  const auto answer = cli.get("/v1/trace", {{"recipient", address},
                                            {"message", message},
                                            {"since", cli.arguments.text("--since")},
                                            {"limit", cli.arguments.text("--limit")}});
  if (!answer) return tl::unexpected<Failure>(answer.error());
  const bool nothing = list_of(*answer, "events").empty();
  if (cli.json()) {
    Cli::print_json(*answer);
  } else {
    print_events(cli, *answer);
    if (flag_of(*answer, "more")) Cli::print("older events are not shown; --limit shows more\n");
  }
  if (!nothing) return {};
  if (cli.json()) return tl::unexpected<Failure>(Failure{kExitRefused, "", ""});
  return fail_with(kExitRefused, "no event about " + (address.empty() ? message : address),
                   "the log is kept for a time only (events.keep_age)");
}

Ended tail_events(Cli& cli) {
  Query first = cli.criteria();
  first.emplace_back("type", cli.arguments.text("--type"));
  Query next = first;
  first.emplace_back("last", cli.arguments.has("--last") ? cli.arguments.text("--last") : "10");
  auto answer = cli.get("/v1/events", first);
  if (!answer) return tl::unexpected<Failure>(answer.error());
  print_events(cli, *answer);
  next.emplace_back("wait", "25s");
  while (cli.arguments.has("--follow")) {
    Query query = next;
    query.emplace_back("cursor", std::to_string(count_of(*answer, "cursor")));
    answer = cli.get("/v1/events", query);
    if (!answer) return tl::unexpected<Failure>(answer.error());
    print_events(cli, *answer);
  }
  return {};
}

}  // namespace penstock::cli
