// SPDX-License-Identifier: Apache-2.0
#include "providers/catalog.h"

#include <algorithm>
#include <system_error>

#include "config/load.h"
#include "providers/read_provider.h"

namespace penstock::providers {

Catalog Catalog::read(const config::ProviderFiles& settings, config::Problems& problems) {
  std::vector<ProviderData> all;
  if (!settings.folder.empty()) {
    for (const config::TextFile& file : config::read_toml_files(settings.folder, "providers.folder", problems)) {
      if (auto data = read_provider(file.text, file.name, problems)) all.push_back(std::move(*data));
    }
  }
  if (!settings.builtin) return Catalog(std::move(all));
  const std::size_t own = all.size();
  for (const config::TextFile& file : shipped_texts()) {
    auto data = read_provider(file.text, file.name, problems);
    if (!data) continue;
    data->shipped = true;
    const auto replaced = std::any_of(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(own),
                                      [&](const auto& one) { return one.provider.name == data->provider.name; });
    if (!replaced) all.push_back(std::move(*data));
  }
  return Catalog(std::move(all));
}

Result<Catalog> Catalog::load(const config::ProviderFiles& settings) {
  config::Problems problems;
  Catalog catalog = read(settings, problems);
  if (!problems.any_error()) return catalog;
  return fail(std::make_error_code(std::errc::invalid_argument), config::format_problem(problems.sorted().front()));
}

const ProviderData* Catalog::find(std::string_view name) const {
  const auto found = std::find_if(all_.begin(), all_.end(), [&](const auto& one) { return one.provider.name == name; });
  return found == all_.end() ? nullptr : &*found;
}

}  // namespace penstock::providers
