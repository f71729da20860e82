// SPDX-License-Identifier: Apache-2.0
// Works on the file itself: a configuration is checked before there is a daemon, and on another machine.
#include "api/json.h"
#include "api/types.h"
#include "cmd/penstock/cli.h"
#include "cmd/penstock/commands.h"
#include "config/load.h"

namespace penstock::cli {

Ended check_config(Cli& cli) {
  const std::string path(cli.arguments.text("FILE"));
  const config::Loaded loaded = config::load_file(path);
  if (cli.json()) {
    api::ConfigCheck check;
    for (const config::Problem& p : loaded.problems) {
      check.problems.push_back({p.file, p.line, p.column, p.key, p.message, p.suggestion, p.is_error});
    }
    Cli::print_json(api::to_json(check));
  } else {
    for (const config::Problem& problem : loaded.problems) Cli::print(config::format_problem(problem) + "\n");
  }
  if (!loaded.config) return tl::unexpected<Failure>(Failure{kExitRefused, "", ""});
  if (!cli.json()) Cli::print(path + ": good\n");
  return {};
}

}  // namespace penstock::cli
