// SPDX-License-Identifier: Apache-2.0
#include "providers/catalog.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>

#include "config/load.h"
#include "providers/read_provider.h"

namespace penstock::providers {
namespace {

std::vector<FileText> texts_of_folder(const std::string& folder, config::Problems& problems) {
  namespace fs = std::filesystem;
  std::vector<std::string> paths;
  std::error_code error;
  for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
    if (at->path().extension() == ".toml") paths.push_back(at->path().string());
  }
  if (error) {
    problems.error({problems.add_file(folder), 0, 0}, "providers.folder",
                   fmt::format("the folder cannot be read: {}", error.message()),
                   "make it, or take `folder` out of [providers]");
    return {};
  }
  std::sort(paths.begin(), paths.end());
  std::vector<FileText> texts;
  for (const std::string& path : paths) {
    std::ifstream in(path, std::ios::binary);
    std::string text{std::istreambuf_iterator<char>(in), {}};
    if (in) {
      texts.push_back({path, std::move(text)});
    } else {
      problems.error({problems.add_file(path), 0, 0}, "providers.folder", "the file cannot be read",
                     "let the daemon's user read it");
    }
  }
  return texts;
}

}  // namespace

Catalog Catalog::read(const config::ProviderFiles& settings, config::Problems& problems) {
  std::vector<ProviderData> all;
  if (!settings.folder.empty()) {
    for (const FileText& file : texts_of_folder(settings.folder, problems)) {
      if (auto data = read_provider(file.text, file.name, problems)) all.push_back(std::move(*data));
    }
  }
  if (!settings.builtin) return Catalog(std::move(all));
  const std::size_t own = all.size();
  for (const FileText& file : shipped_texts()) {
    auto data = read_provider(file.text, file.name, problems);
    if (!data) continue;
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
