// SPDX-License-Identifier: Apache-2.0
// Files in memory. A pattern "conf.d/*.toml" fits every file with that beginning and end.
#pragma once

#include <map>

#include "config/surroundings.h"

namespace penstock::config {

class FakeSurroundings final : public Surroundings {
 public:
  std::map<std::string, std::string> files;
  std::string host = "host.example";

  [[nodiscard]] tl::expected<std::string, std::string> read_file(const std::string& path) const override {
    const auto file = files.find(path);
    if (file == files.end()) return tl::unexpected(std::string("no such file"));
    return file->second;
  }
  [[nodiscard]] std::vector<std::string> find_files(const std::string& pattern) const override {
    const std::size_t star = pattern.find('*');
    std::vector<std::string> found;
    for (const auto& [path, text] : files) {
      if (path.starts_with(pattern.substr(0, star)) && path.ends_with(pattern.substr(star + 1))) found.push_back(path);
    }
    return found;
  }
  [[nodiscard]] std::string host_name() const override { return host; }
};

}  // namespace penstock::config
