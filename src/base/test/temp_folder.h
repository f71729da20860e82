// SPDX-License-Identifier: Apache-2.0
// A folder of a test's or benchmark's own, removed with everything in it when this object goes.   Threads: any.
#pragma once

#include <stdlib.h>

#include <filesystem>
#include <string>
#include <system_error>

#include "base/check.h"

namespace penstock {

class TempFolder {
 public:
  TempFolder() : path_((std::filesystem::temp_directory_path() / "penstock-XXXXXX").string()) {
    PENSTOCK_CHECK(::mkdtemp(path_.data()) != nullptr);
  }
  ~TempFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;

  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] std::string file(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

}  // namespace penstock
