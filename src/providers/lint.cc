// SPDX-License-Identifier: Apache-2.0
#include "providers/lint.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

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
      problems_.error(place_of(data), "match",
                      fmt::format("dead match: {} \"{}\" belongs to provider \"{}\" already ({})", what, name,
                                  at->second->provider.name, at->second->file),
                      "leave it with one of them");
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

std::vector<config::Problem> lint_config(const config::Config& config) {
  Problems problems;
  const Catalog catalog = Catalog::read(config.provider_files, problems);
  lint(catalog, problems);
  for (const config::Provider& own : config.providers) {
    if (!own.mx.empty() || !own.domains.empty() || catalog.find(own.name) != nullptr) continue;
    problems.warn({problems.add_file("[[provider]]"), 0, 0}, "provider." + own.name,
                  fmt::format("provider \"{}\" is a dead rule: it has neither mx nor domains, and no provider file "
                              "knows it",
                              own.name),
                  "give it mx, or the name of a provider in docs/providers.md");
  }
  return problems.sorted();
}

}  // namespace penstock::providers
