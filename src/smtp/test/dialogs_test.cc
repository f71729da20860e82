// SPDX-License-Identifier: Apache-2.0
// Every file in dialogs/, in every way its bytes can arrive.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "smtp/test/dialog.h"

namespace penstock::smtp {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> dialog_names() {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(fs::path(PENSTOCK_SOURCE_DIR) / "src/smtp/test/dialogs")) {
    if (entry.path().extension() == ".smtp") names.push_back(entry.path().stem().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

class ServerDialog : public testing::TestWithParam<std::string> {};

TEST_P(ServerDialog, GoesAsWritten) {
  const fs::path path = fs::path(PENSTOCK_SOURCE_DIR) / "src/smtp/test/dialogs" / (GetParam() + ".smtp");
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  read_dialog(text.str(), GetParam()).check_all_ways(GetParam());
}

INSTANTIATE_TEST_SUITE_P(Files, ServerDialog, testing::ValuesIn(dialog_names()),
                         [](const auto& dialog) { return dialog.param; });

}  // namespace
}  // namespace penstock::smtp
