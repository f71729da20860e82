// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "classify/read_rules.h"

namespace penstock::classify {

std::vector<RuleText> texts_of_folder(const std::string& folder, config::Problems& problems) {
  namespace fs = std::filesystem;
  std::vector<std::string> paths;
  std::error_code error;
  for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
    if (at->path().extension() == ".toml") paths.push_back(at->path().string());
  }
  if (error) {
    const std::uint32_t number = problems.add_file(folder);
    problems.error({number, 0, 0}, "classify.rules", fmt::format("the folder cannot be read: {}", error.message()),
                   "make it, or take `rules` out of [classify]");
    return {};
  }
  std::sort(paths.begin(), paths.end());
  std::vector<RuleText> texts;
  for (const std::string& path : paths) {
    std::ifstream in(path, std::ios::binary);
    std::string text{std::istreambuf_iterator<char>(in), {}};
    if (in) {
      texts.push_back({path, std::move(text)});
      continue;
    }
    const std::uint32_t number = problems.add_file(path);
    problems.error({number, 0, 0}, "classify.rules", "the file cannot be read");
  }
  return texts;
}

}  // namespace penstock::classify
