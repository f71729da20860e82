// SPDX-License-Identifier: Apache-2.0
#include "providers/lint.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/units.h"
#include "providers/limit_fields.h"
#include "providers/merge.h"

namespace penstock::providers {
namespace {

using config::Problems;

class Linter {
 public:
  explicit Linter(Problems& problems) : problems_(problems) {}

  void run(const Catalog& catalog) {
    for (const ProviderData& data : catalog.all()) {
      if (const auto [at, is_new] = files_.try_emplace(data.provider.name, &data); !is_new) {
        problems_.error(data.place, "provider",
                        fmt::format("provider \"{}\" has a file already: {}", data.provider.name, at->second->file),
                        "make one file of both");
        continue;
      }
      claim(data, data.provider.mx, "mx suffix", suffixes_);
      claim(data, data.provider.domains, "domain", domains_);
      find_covered(data);
    }
  }

 private:
  using Owners = std::map<std::string, const ProviderData*>;

  static config::Place place_of(const ProviderData& data) {
    const Fact* fact = data.fact_of("mx");
    return fact == nullptr ? data.place : fact->place;
  }
  void claim(const ProviderData& data, const std::vector<std::string>& names, const char* what, Owners& owners) {
    for (const std::string& name : names) {
      const auto [at, is_new] = owners.try_emplace(name, &data);
      if (is_new) continue;
      const ProviderData& first = *at->second;
      if (&first == &data) {
        problems_.error(place_of(data), "match", fmt::format("dead match: {} \"{}\" is named twice", what, name),
                        "take one of them out");
      } else if (data.shipped && !first.shipped) {
        // Nobody can mend the shipped one.
        problems_.error(
            place_of(first), "match",
            fmt::format("dead match: {} \"{}\" belongs to the shipped provider \"{}\"", what, name, data.provider.name),
            fmt::format("call this provider \"{}\" to replace that file, or claim it with mx or domains of "
                        "a [[provider]]",
                        data.provider.name));
      } else {
        problems_.error(place_of(data), "match",
                        fmt::format("dead match: {} \"{}\" belongs to provider \"{}\" already ({})", what, name,
                                    first.provider.name, first.file),
                        "leave it with one of them");
      }
    }
  }
  void find_covered(const ProviderData& data) {
    const std::vector<std::string>& all = data.provider.mx;
    for (const std::string& one : all) {
      const auto shorter = std::find_if(all.begin(), all.end(), [&](const std::string& other) {
        return one.size() > other.size() + 1 && one.ends_with("." + other);
      });
      if (shorter == all.end()) continue;
      problems_.error(place_of(data), "match",
                      fmt::format("dead match: mx suffix \"{}\" is covered by \"{}\"", one, *shorter), "take it out");
    }
  }

  Problems& problems_;
  Owners files_, suffixes_, domains_;
};

}  // namespace

void lint(const Catalog& catalog, Problems& problems) {
  Linter(problems).run(catalog);
}

namespace {

// The [[provider]] tables against the files.
class TableLint {
 public:
  TableLint(const config::Config& config, const Catalog& catalog, Problems& problems)
      : config_(config), catalog_(catalog), problems_(problems) {}

  void run() {
    for (const config::Provider& own : config_.providers) {
      if (!own.mx.empty() || !own.domains.empty() || catalog_.find(own.name) != nullptr) continue;
      warn(own.at, own.name,
           fmt::format("provider \"{}\" is a dead rule: it has neither mx nor domains, and no provider file knows it",
                       own.name),
           "give it mx, or the name of a provider in docs/providers.md");
    }
    for (const config::Provider& one : merge(config_.providers, catalog_)) {
      find_robbed(one);
      find_backoff_above(one);
    }
  }

 private:
  void warn(const config::Stood& at, const std::string& key, std::string message, std::string suggestion) {
    problems_.warn({problems_.add_file(at.file.empty() ? "[[provider]]" : at.file), at.line, at.column},
                   "provider." + key, std::move(message), std::move(suggestion));
  }
  static bool takes(const config::Provider& own, const config::Provider& from) {
    const auto shares = [](const std::vector<std::string>& a, const std::vector<std::string>& b) {
      return std::find_first_of(a.begin(), a.end(), b.begin(), b.end()) != a.end();
    };
    return own.name != from.name && (shares(own.mx, from.mx) || shares(own.domains, from.domains));
  }
  // Tables of other names have taken all that it matched by.
  void find_robbed(const config::Provider& merged) {
    const ProviderData* file = catalog_.find(merged.name);
    if (file == nullptr || !merged.mx.empty() || !merged.domains.empty()) return;
    const auto taker = std::find_if(config_.providers.begin(), config_.providers.end(),
                                    [&](const config::Provider& own) { return takes(own, file->provider); });
    if (taker == config_.providers.end()) return;
    warn(taker->at, taker->name,
         fmt::format("provider file {} is dead: provider \"{}\" takes all that it matches by", file->file, taker->name),
         fmt::format("call it \"{}\" to change what the file says, or leave the file something", merged.name));
  }
  // The table alone is checked when it is read.
  void find_backoff_above(const config::Provider& merged) {
    const auto own = std::find_if(config_.providers.begin(), config_.providers.end(),
                                  [&](const config::Provider& one) { return one.name == merged.name; });
    if (own == config_.providers.end()) return;
    const config::Limits limits = fill(merged.limits, config_.defaults.limits);
    const auto tell = [&](const char* key, const char* ceiling, const std::string& high, const std::string& low) {
      warn(own->backoff_at, fmt::format("{}.backoff.{}", own->name, key),
           fmt::format("provider \"{}\" would have {} = {} in back-off mode, above its {}, which is {}", own->name, key,
                       high, ceiling, low),
           fmt::format("lower backoff.{}, or raise {}", key, ceiling));
    };
    const bool both = own->backoff.connections != 0 && own->limits.connections != 0;
    const bool either = own->backoff.connections != 0 || own->limits.connections != 0;
    if (either && !both && limits.connections != 0 && merged.backoff.connections > limits.connections) {
      tell("connections", "connections", std::to_string(merged.backoff.connections),
           std::to_string(limits.connections));
    }
    const bool both_rates = own->backoff.rate.count > 0 && own->limits.message_rate.count > 0;
    const bool either_rate = own->backoff.rate.count > 0 || own->limits.message_rate.count > 0;
    if (either_rate && !both_rates && limits.message_rate.count > 0 &&
        merged.backoff.rate.per_second() > limits.message_rate.per_second()) {
      tell("rate", "message_rate", format_rate(merged.backoff.rate), format_rate(limits.message_rate));
    }
  }

  const config::Config& config_;
  const Catalog& catalog_;
  Problems& problems_;
};

}  // namespace

std::vector<config::Problem> lint_config(const config::Config& config) {
  Problems problems;
  const Catalog catalog = Catalog::read(config.provider_files, problems);
  lint(catalog, problems);
  TableLint(config, catalog, problems).run();
  return problems.sorted();
}

}  // namespace penstock::providers
