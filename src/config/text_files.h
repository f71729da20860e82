// SPDX-License-Identifier: Apache-2.0
// read_toml_files: the *.toml of a folder a key of the configuration names, as texts, by name.
//
// `key` ("classify.rules") is the key that names the folder: a folder that cannot be read is a problem of it and gives
// no files; a file that cannot be read is a problem too, and is left out. Does I/O.   Threads: any.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/problems.h"

namespace penstock::config {

struct TextFile {
  std::string name;  // its path; of a file the program was built with, its name
  std::string text;
};

[[nodiscard]] std::vector<TextFile> read_toml_files(const std::string& folder, std::string_view key,
                                                    Problems& problems);

}  // namespace penstock::config
