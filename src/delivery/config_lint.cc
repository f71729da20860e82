// SPDX-License-Identifier: Apache-2.0
#include "delivery/config_lint.h"

#include <iterator>

#include "classify/lint.h"
#include "providers/catalog.h"
#include "providers/lint.h"

namespace penstock::delivery {
namespace {

// What is wrong with the files is told by their own linter.
std::vector<std::string> provider_names(const config::Config& config) {
  config::Problems ignored;
  std::vector<std::string> names;
  for (const config::Provider& own : config.providers) names.push_back(own.name);
  const providers::Catalog catalog = providers::Catalog::read(config.provider_files, ignored);
  for (const providers::ProviderData& data : catalog.all()) names.push_back(data.provider.name);
  return names;
}

}  // namespace

std::vector<config::Problem> lint_config(const config::Config& config) {
  std::vector<config::Problem> found = providers::lint_config(config);
  if (config.classify.rules.empty()) return found;
  std::vector<config::Problem> of_rules = classify::lint_folder(config.classify.rules, provider_names(config));
  found.insert(found.end(), std::make_move_iterator(of_rules.begin()), std::make_move_iterator(of_rules.end()));
  return found;
}

}  // namespace penstock::delivery
