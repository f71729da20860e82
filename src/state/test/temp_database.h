// SPDX-License-Identifier: Apache-2.0
// A folder for one test's state.db, removed with everything in it.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>

namespace penstock::state {

class TempDatabase {
 public:
  TempDatabase() {
    std::string pattern = (std::filesystem::temp_directory_path() / "penstock-state-XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
  }
  ~TempDatabase() {
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }
  TempDatabase(const TempDatabase&) = delete;
  TempDatabase& operator=(const TempDatabase&) = delete;
  [[nodiscard]] std::string path() const { return folder_ + "/state.db"; }
  [[nodiscard]] const std::string& folder() const { return folder_; }

 private:
  std::string folder_;
};

}  // namespace penstock::state
