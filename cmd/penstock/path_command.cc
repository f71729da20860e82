// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "cmd/penstock/cli.h"
#include "cmd/penstock/commands.h"
#include "cmd/penstock/human.h"
#include "cmd/penstock/screen.h"

namespace penstock::cli {

Ended explain_path(Cli& cli) {
  const auto names = cli.arguments.texts("VMTA");
  if (names.size() != 2) {
    return tl::unexpected<Failure>(
        Failure{kExitUsage, "a vMTA and a domain are asked for", "penstock path explain v1 gmail.com"});
  }
  const auto answer = cli.get("/v1/paths/explain", {{"vmta", names[0]},
                                                    {"domain", names[1]},
                                                    {"stream", cli.arguments.text("--stream")},
                                                    {"provider", cli.arguments.text("--provider")}});
  if (!answer) return tl::unexpected<Failure>(answer.error());
  if (cli.json()) {
    Cli::print_json(*answer);
  } else {
    Cli::print(format_explanation(*answer));
  }
  return {};
}

}  // namespace penstock::cli
