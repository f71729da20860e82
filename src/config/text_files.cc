// SPDX-License-Identifier: Apache-2.0
#include "config/text_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>

namespace penstock::config {

std::vector<TextFile> read_toml_files(const std::string& folder, std::string_view key, Problems& problems) {
  namespace fs = std::filesystem;
  std::vector<std::string> paths;
  std::error_code error;
  for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
    if (at->path().extension() == ".toml") paths.push_back(at->path().string());
  }
  if (error) {
    const std::size_t dot = key.rfind('.');
    problems.error({problems.add_file(folder), 0, 0}, std::string(key),
                   fmt::format("the folder cannot be read: {}", error.message()),
                   fmt::format("make it, or take `{}` out of [{}]", key.substr(dot + 1), key.substr(0, dot)));
    return {};
  }
  std::sort(paths.begin(), paths.end());
  std::vector<TextFile> files;
  for (const std::string& path : paths) {
    std::ifstream in(path, std::ios::binary);
    std::string text{std::istreambuf_iterator<char>(in), {}};
    if (in) {
      files.push_back({path, std::move(text)});
    } else {
      problems.error({problems.add_file(path), 0, 0}, std::string(key), "the file cannot be read",
                     "let the daemon's user read it");
    }
  }
  return files;
}

}  // namespace penstock::config
