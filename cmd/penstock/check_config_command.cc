// SPDX-License-Identifier: Apache-2.0
#include <filesystem>

#include "cmd/penstock/cli.h"
#include "cmd/penstock/commands.h"
#include "cmd/penstock/config_problem.h"
#include "cmd/penstock/json_read.h"

namespace penstock::cli {

Ended check_config(Cli& cli) {
  const std::string path = std::filesystem::absolute(cli.arguments.text("FILE")).string();
  const auto check = cli.post("/v1/config/check", {{"path", path}});
  if (!check) return tl::unexpected<Failure>(check.error());
  if (cli.json()) Cli::print_json(*check);
  if (!cli.json()) {
    for (const auto& problem : list_of(*check, "problems")) Cli::print(format_problem(problem.as_object()));
  }
  if (!flag_of(*check, "ok")) return tl::unexpected<Failure>(Failure{kExitRefused, "", ""});
  if (!cli.json()) Cli::print(path + ": good\n");
  return {};
}

}  // namespace penstock::cli
