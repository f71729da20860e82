// SPDX-License-Identifier: Apache-2.0
// Works on the file itself: a configuration is checked before there is a daemon, and on another machine.
#include "api/json.h"
#include "api/types.h"
#include "cmd/penstock/cli.h"
#include "cmd/penstock/commands.h"
#include "cmd/penstock/config_secrets.h"
#include "config/load.h"
#include "delivery/config_lint.h"
#include "dns/configured.h"

namespace penstock::cli {
namespace {

void add_all(config::Loaded& loaded, std::vector<config::Problem> found) {
  for (config::Problem& problem : found) {
    if (problem.is_error) loaded.config.reset();
    loaded.problems.push_back(std::move(problem));
  }
}

// Provider files and classification rules are configuration too.
void lint(config::Loaded& loaded) {
  if (!loaded.config) return;
  add_all(loaded, delivery::lint_config(*loaded.config));
}

// What the file asks for and this machine cannot do.
void look_for_anchor(config::Loaded& loaded, const std::string& path) {
  if (!loaded.config) return;
  const std::string gap = dns::dane_gap(*loaded.config);
  if (!gap.empty()) loaded.problems.push_back({path, 0, 0, "tls.dane", gap, dns::kDaneMend, false});
}

}  // namespace

Ended check_config(Cli& cli) {
  const std::string path(cli.arguments.text("FILE"));
  config::Loaded loaded = config::load_file(path);
  lint(loaded);
  look_for_anchor(loaded, path);
  add_all(loaded, look_at_secrets(loaded));
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
