// SPDX-License-Identifier: Apache-2.0
// penstock: the command line of a running penstockd. Everything it does is a request to the admin API, except checking
// a configuration file, which needs no daemon.
#include <fmt/format.h>

#include <boost/json/object.hpp>
#include <cstdio>
#include <exception>

#include "base/log.h"
#include "base/plain_json.h"
#include "cmd/penstock/cli.h"
#include "cmd/penstock/human.h"

namespace {

void report(const penstock::cli::Failure& failure, bool as_json) {
  if (failure.message.empty()) return;
  std::fflush(stdout);
  if (as_json) {
    boost::json::object error{{"message", failure.message}};
    if (!failure.hint.empty()) error["hint"] = failure.hint;
    fmt::print(stderr, "{}\n", penstock::plain_json(boost::json::object{{"error", std::move(error)}}));
    return;
  }
  fmt::print(stderr, "penstock: {}\n", penstock::cli::printable_lines(failure.message));
  if (!failure.hint.empty()) fmt::print(stderr, "  {}\n", penstock::cli::printable_lines(failure.hint));
}

}  // namespace

int main(int argc, char** argv) {
  penstock::log::set_level(penstock::log::Level::Error);
  try {
    penstock::cli::Parsed parsed = penstock::cli::parse_command_line(argc, argv);
    if (parsed.command == nullptr) return parsed.exit;
    penstock::cli::Cli cli(std::move(parsed.arguments));
    const penstock::cli::Ended ended = parsed.command->run(cli);
    if (!ended) report(ended.error(), cli.json());
    return ended ? 0 : ended.error().exit;
  } catch (const std::exception& e) {
    fmt::print(stderr, "penstock: {}\n", penstock::cli::printable_lines(e.what()));
    return penstock::cli::kExitRefused;
  }
}
