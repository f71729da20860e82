// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "cmd/penstock/cli.h"
#include "cmd/penstock/commands.h"
#include "cmd/penstock/screen.h"

namespace penstock::cli {

Ended show_status(Cli& cli) {
  const auto status = cli.get("/v1/status");
  if (!status) return tl::unexpected<Failure>(status.error());
  if (cli.json()) {
    Cli::print_json(*status);
  } else {
    Cli::print(format_status(*status));
  }
  return {};
}

Ended list_paths(Cli& cli) {
  const auto paths = cli.get("/v1/paths", {{"vmta", cli.arguments.text("--vmta")},
                                           {"provider", cli.arguments.text("--provider")},
                                           {"path", cli.arguments.text("--path")},
                                           {"limit", cli.arguments.text("--limit")}});
  if (!paths) return tl::unexpected<Failure>(paths.error());
  if (cli.json()) {
    Cli::print_json(*paths);
  } else {
    Cli::print(format_paths(*paths));
  }
  return {};
}

}  // namespace penstock::cli
