// SPDX-License-Identifier: Apache-2.0
#include "delivery/config_lint.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "classify/lint.h"
#include "config/nearest.h"
#include "providers/catalog.h"
#include "providers/lint.h"
#include "shaping/action_book.h"
#include "warmup/desk.h"

namespace penstock::delivery {
namespace {

// What is wrong with the files is told by their own linter.
std::vector<std::string> provider_names(const config::Config& config) {
  config::Problems ignored;
  const providers::Catalog catalog = providers::Catalog::read(config.provider_files, ignored);
  std::vector<std::string> names;
  names.reserve(config.providers.size() + catalog.all().size());
  for (const config::Provider& own : config.providers) names.push_back(own.name);
  for (const providers::ProviderData& data : catalog.all()) names.push_back(data.provider.name);
  return names;
}

// What is said of a name that nobody knows never holds; it may be declared later, so these are warnings.
class NameLint {
 public:
  NameLint(const config::Config& config, std::vector<std::string> providers, std::vector<config::Problem>& found)
      : config_(config), providers_(std::move(providers)), found_(found) {}

  void run() {
    for (const config::Limit& limit : config_.limits) {
      // Sites and fixed routes stand in a provider's place under their own name.
      if (limit.provider.find(':') != std::string::npos) continue;
      look_at_provider(limit.provider, fmt::format("limit.{}", limit.name), limit.provider_at);
    }
    for (std::size_t i = 0; i < config_.paths.size(); ++i) {
      look_at_provider(config_.paths[i].provider, fmt::format("path.{}", i + 1), config_.paths[i].provider_at);
    }
    for (std::size_t i = 0; i < config_.warmups.size(); ++i) {
      for (const std::string& provider : config_.warmups[i].provider) {
        if (provider == warmup::kOther) continue;
        look_at_provider(provider, fmt::format("warmup.{}", i + 1), config_.warmups[i].provider_at);
      }
    }
    look_at_actions();
  }

 private:
  static bool has(const std::vector<std::string>& known, std::string_view name) {
    return std::find(known.begin(), known.end(), name) != known.end();
  }
  void warn(const config::Stood& at, std::string key, std::string message, const std::string& near,
            const char* otherwise) {
    found_.push_back({at.file, at.line, at.column, std::move(key), std::move(message),
                      near.empty() ? std::string(otherwise) : near, false});
  }
  void look_at_provider(const std::string& provider, const std::string& of, const config::Stood& at) {
    if (provider.empty() || provider == warmup::kEach || has(providers_, provider)) return;
    warn(at, of + ".provider", fmt::format("provider \"{}\" is not known: what is said of it never holds", provider),
         config::did_you_mean(provider, providers_), "declare it with [[provider]], or name one of docs/providers.md");
  }
  void look_at_actions() {
    std::vector<std::string> shipped;
    for (const shaping::ActionRule& rule : shaping::shipped_action_rules()) shipped.push_back(rule.id);
    for (const config::ActionRule& rule : config_.actions) {
      if (rule.what != config::ActionWhat::Off || has(shipped, rule.name)) continue;
      warn(rule.at, fmt::format("action.{}.name", rule.name),
           fmt::format("there is no shipped rule \"{}\" to switch off", rule.name),
           config::did_you_mean(rule.name, shipped), "docs/shaping.md lists what ships");
    }
  }

  const config::Config& config_;
  const std::vector<std::string> providers_;
  std::vector<config::Problem>& found_;
};

}  // namespace

std::vector<config::Problem> lint_config(const config::Config& config) {
  std::vector<config::Problem> found = providers::lint_config(config);
  const std::vector<std::string> known = provider_names(config);
  NameLint(config, known, found).run();
  if (config.classify.rules.empty()) return found;
  std::vector<config::Problem> of_rules = classify::lint_folder(config.classify.rules, known);
  found.insert(found.end(), std::make_move_iterator(of_rules.begin()), std::make_move_iterator(of_rules.end()));
  return found;
}

}  // namespace penstock::delivery
