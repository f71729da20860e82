// SPDX-License-Identifier: Apache-2.0
// Every conf/bad/<case>/penstock.toml gives the lines of its expect.txt. Add a case by adding a folder; with
// PENSTOCK_UPDATE_GOLDEN=1 in the environment the expected lines are written anew.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "config/load.h"

namespace penstock::config {
namespace {

namespace fs = std::filesystem;

std::string read(const fs::path& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

TEST(BadConfigurations, EachSaysWhatIsWrongAndWhere) {
  const fs::path folder = fs::path(PENSTOCK_SOURCE_DIR) / "conf" / "bad";
  int cases = 0;
  for (const auto& entry : fs::directory_iterator(folder)) {
    const Loaded loaded = load_file((entry.path() / "penstock.toml").string());
    std::string lines;
    for (const Problem& problem : loaded.problems) {
      std::string line = format_problem(problem) + "\n";
      const std::string prefix = entry.path().string() + "/";
      for (auto at = line.find(prefix); at != std::string::npos; at = line.find(prefix)) line.erase(at, prefix.size());
      lines += line;
    }
    const fs::path expected = entry.path() / "expect.txt";
    if (std::getenv("PENSTOCK_UPDATE_GOLDEN") != nullptr) std::ofstream(expected) << lines;
    EXPECT_EQ(lines, read(expected)) << entry.path();
    EXPECT_FALSE(loaded.problems.empty()) << entry.path();
    ++cases;
  }
  EXPECT_GE(cases, 15);
}

}  // namespace
}  // namespace penstock::config
