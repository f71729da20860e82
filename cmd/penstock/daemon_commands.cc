// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <charconv>

#include "cmd/penstock/cli.h"
#include "cmd/penstock/commands.h"
#include "cmd/penstock/config_problem.h"
#include "cmd/penstock/human.h"
#include "cmd/penstock/json_read.h"

namespace penstock::cli {
namespace {

namespace json = boost::json;

std::string format_keys(std::string_view title, const json::array& keys) {
  std::string text;
  for (const json::value& key : keys) {
    if (key.is_string()) text += "  " + printable(key.as_string()) + "\n";
  }
  return text.empty() ? "" : std::string(title) + "\n" + text;
}

// Samples of the Prometheus text as members: {"penstock_up": 1}.
json::object samples_of(std::string_view text) {
  json::object samples;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    const std::size_t space = line.rfind(' ');
    if (line.starts_with('#') || space == std::string_view::npos) continue;
    double value = 0;
    const auto [stop, error] = std::from_chars(line.data() + space + 1, line.data() + line.size(), value);
    if (error == std::errc{} && stop == line.data() + line.size()) samples[line.substr(0, space)] = value;
  }
  return samples;
}

}  // namespace

Ended reload_config(Cli& cli) {
  const auto report = cli.post("/v1/reload", {});
  if (!report) return tl::unexpected<Failure>(report.error());
  const bool applied = flag_of(*report, "applied");
  if (cli.json()) {
    Cli::print_json(*report);
    if (!applied) return tl::unexpected<Failure>(Failure{kExitRefused, "", ""});
    return {};
  }
  for (const json::value& problem : list_of(*report, "problems")) Cli::print(format_problem(problem.as_object()));
  if (!applied) return fail_with(kExitRefused, "the new configuration is refused; the old one goes on serving");
  const json::array changed = list_of(*report, "changed");
  const json::array waiting = list_of(*report, "needs_restart");
  if (changed.empty() && waiting.empty()) Cli::print("nothing has changed\n");
  Cli::print(format_keys("in effect now:", changed) + format_keys("in effect after a restart:", waiting));
  return {};
}

Ended rotate_keys(Cli& cli) {
  const auto answer = cli.post("/v1/feedback/rotate-keys", {});
  if (!answer) return tl::unexpected<Failure>(answer.error());
  if (cli.json()) {
    Cli::print_json(*answer);
  } else {
    Cli::print(fmt::format("a new key signs from now on; {} older ones are still accepted\n",
                           static_cast<int>(number_of(*answer, "older_keys"))));
  }
  return {};
}

Ended show_config(Cli& cli) {
  auto answer = cli.get("/v1/config");
  if (!answer) return tl::unexpected<Failure>(answer.error());
  json::array shown;
  for (const json::value& setting : list_of(*answer, "settings")) {
    const bool is_default = text_of(setting.as_object(), "origin") == "default";
    if (!is_default || !cli.arguments.has("--changed")) shown.push_back(setting);
  }
  if (cli.json()) {
    Cli::print_json({{"settings", std::move(shown)}});
    return {};
  }
  Table table({{"KEY"}, {"VALUE"}, {"FROM"}, {"A CHANGE NEEDS"}});
  for (const json::value& value : shown) {
    const json::object& setting = value.as_object();
    table.add({text_of(setting, "key"), text_of(setting, "value"), text_of(setting, "origin"),
               flag_of(setting, "needs_restart") ? "restart" : "reload"});
  }
  Cli::print(table.text());
  return {};
}

Ended drain_daemon(Cli& cli) {
  const bool end = cli.arguments.has("--end");
  const bool stop = cli.arguments.has("--stop");
  if (end && stop) return fail_with(kExitUsage, "--end and --stop contradict each other");
  if (!stop && cli.arguments.has("--limit")) return fail_with(kExitUsage, "--limit goes with --stop");
  json::object body{{"step", end ? "end" : stop ? "stop" : "begin"}};
  if (stop && cli.arguments.has("--limit")) body["limit"] = cli.arguments.text("--limit");
  const auto answer = cli.post("/v1/drain", body);
  if (!answer) return tl::unexpected<Failure>(answer.error());
  if (cli.json()) {
    Cli::print_json(*answer);
  } else if (stop) {
    Cli::print("the daemon finishes what is in flight and ends\n");
  } else {
    Cli::print(end ? "new mail is taken again\n" : "new mail is refused; queued mail goes on\n");
  }
  return {};
}

Ended show_metrics(Cli& cli) {
  const auto text = cli.get_text("/metrics");
  if (!text) return tl::unexpected<Failure>(text.error());
  if (cli.json()) {
    Cli::print_json({{"samples", samples_of(*text)}});
  } else {
    Cli::print(*text);
  }
  return {};
}

// The daemon's version is told when one answers; that none does is no failure here.
Ended show_version(Cli& cli) {
  const auto status = cli.get("/v1/status");
  const std::string daemon = status ? text_of(*status, "version") : "";
  if (cli.json()) {
    json::object versions{{"version", PENSTOCK_VERSION}};
    if (!daemon.empty()) versions["daemon"] = daemon;
    Cli::print_json(versions);
    return {};
  }
  Cli::print(fmt::format("penstock {}\npenstockd {}\n", PENSTOCK_VERSION, daemon.empty() ? "does not answer" : daemon));
  return {};
}

}  // namespace penstock::cli
