// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "base/units.h"
#include "cmd/penstock/cli.h"
#include "cmd/penstock/commands.h"
#include "cmd/penstock/screen.h"
#include "cmd/penstock/terminal.h"

namespace penstock::cli {
namespace {

namespace json = boost::json;
constexpr Duration kIntervalMin{std::chrono::milliseconds{200}};
constexpr Duration kIntervalMax{std::chrono::hours{1}};

Got<json::object> ask(Cli& cli, const std::string& limit) {
  auto status = cli.get("/v1/status");
  if (!status) return status;
  auto paths = cli.get("/v1/paths", {{"limit", limit}});
  if (!paths) return paths;
  return json::object{{"status", std::move(*status)}, {"paths", std::move(*paths)}};
}

std::string format(const json::object& answer) {
  return format_status(answer.at("status").as_object()) + "\n" + format_paths(answer.at("paths").as_object());
}

// A daemon that goes away while we look is shown, not the end: it may come back.
std::string format_failure(const Failure& failure) {
  return fmt::format("penstock: {}\n  {}\n", failure.message, failure.hint);
}

}  // namespace

Ended show_top(Cli& cli) {
  Duration interval{std::chrono::seconds{1}};
  if (cli.arguments.has("--interval")) {
    const auto given = parse_duration(cli.arguments.text("--interval"));
    if (!given) return fail_with(kExitUsage, "--interval: " + given.error());
    interval = std::clamp(*given, kIntervalMin, kIntervalMax);
  }
  const std::string given_limit = cli.arguments.text("--limit");
  const auto limit = [&given_limit] {
    return given_limit.empty() ? std::to_string(std::max<std::size_t>(Terminal::size().rows, 20)) : given_limit;
  };
  auto answer = ask(cli, limit());
  if (!answer) return tl::unexpected<Failure>(answer.error());
  if (cli.json()) Cli::print_json(*answer);
  if (cli.json()) return {};
  if (cli.arguments.has("--once") || !Terminal::is_there()) {
    Cli::print(format(*answer));
    return {};
  }
  Terminal terminal;
  while (true) {
    terminal.draw((answer ? format(*answer) : format_failure(answer.error())) + "\nq quits");
    const auto key = terminal.wait_for_key(interval);
    if (key == 'q' || key == 'Q' || key == '\x1b') return {};
    answer = ask(cli, limit());
  }
}

}  // namespace penstock::cli
