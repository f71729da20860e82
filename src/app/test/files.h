// SPDX-License-Identifier: Apache-2.0
// Whole files, written and read.   Test only.
#pragma once

#include <fstream>
#include <iterator>
#include <string>

namespace penstock::app {

inline void write_file(const std::string& path, const std::string& contents) {
  std::ofstream(path, std::ios::binary) << contents;
}
[[nodiscard]] inline std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace penstock::app
