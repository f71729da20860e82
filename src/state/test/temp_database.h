// SPDX-License-Identifier: Apache-2.0
// A folder for one test's state.db, removed with everything in it.
#pragma once

#include <string>

#include "base/test/temp_folder.h"

namespace penstock::state {

class TempDatabase {
 public:
  [[nodiscard]] std::string path() const { return folder_.file("state.db"); }
  [[nodiscard]] const std::string& folder() const { return folder_.path(); }

 private:
  TempFolder folder_;
};

}  // namespace penstock::state
