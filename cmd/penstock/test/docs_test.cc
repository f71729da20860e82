// SPDX-License-Identifier: Apache-2.0
// docs/cli.md and the man page against the table of commands.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "cmd/penstock/arguments.h"

namespace penstock::cli {
namespace {

using ::testing::AnyOf;
using ::testing::HasSubstr;

std::string read(const std::string& path) {
  std::ifstream file(std::string(PENSTOCK_SOURCE_DIR) + "/" + path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

TEST(CliDocs, EveryCommandIsInTheGuideAndTheManPage) {
  const std::string guide = read("docs/cli.md");
  const std::string man = read("docs/man/penstock.1");
  for (const CommandSpec& command : commands()) {
    const std::string name(command.name);
    EXPECT_THAT(guide, AnyOf(HasSubstr("`" + name), HasSubstr("penstock " + name)));
    EXPECT_THAT(man, HasSubstr(".It Cm " + name));
  }
}

TEST(CliDocs, EveryOptionIsInTheGuideAndTheManPage) {
  const std::string guide = read("docs/cli.md");
  const std::string man = read("docs/man/penstock.1");
  const auto expect = [&](const OptionSpec& option) {
    EXPECT_THAT(guide, HasSubstr(std::string(option.name)));
    EXPECT_THAT(man, HasSubstr("Fl " + std::string(option.name).substr(1)));
  };
  for (const OptionSpec& option : global_options()) expect(option);
  for (const CommandSpec& command : commands()) {
    for (const OptionSpec& option : command.options) expect(option);
  }
}

}  // namespace
}  // namespace penstock::cli
