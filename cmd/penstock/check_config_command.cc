// SPDX-License-Identifier: Apache-2.0
// Works on the file itself: a configuration is checked before there is a daemon, and on another machine.
#include "api/json.h"
#include "api/types.h"
#include "classify/lint.h"
#include "cmd/penstock/cli.h"
#include "cmd/penstock/commands.h"
#include "config/load.h"
#include "providers/lint.h"

namespace penstock::cli {
namespace {

// The operator's own classification rules are configuration too.
void lint_rules(config::Loaded& loaded) {
  if (!loaded.config || loaded.config->classify.rules.empty()) return;
  std::vector<std::string> providers;
  for (const config::Provider& provider : loaded.config->providers) providers.push_back(provider.name);
  std::vector<config::Problem> found = classify::lint_folder(loaded.config->classify.rules, providers);
  for (config::Problem& problem : found) {
    if (problem.is_error) loaded.config.reset();
    loaded.problems.push_back(std::move(problem));
  }
}

void lint_providers(config::Loaded& loaded) {
  if (!loaded.config) return;
  std::vector<config::Problem> found = providers::lint_config(*loaded.config);
  for (config::Problem& problem : found) {
    if (problem.is_error) loaded.config.reset();
    loaded.problems.push_back(std::move(problem));
  }
}

}  // namespace

Ended check_config(Cli& cli) {
  const std::string path(cli.arguments.text("FILE"));
  config::Loaded loaded = config::load_file(path);
  lint_rules(loaded);
  lint_providers(loaded);
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
