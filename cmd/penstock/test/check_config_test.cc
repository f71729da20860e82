// SPDX-License-Identifier: Apache-2.0
// `penstock check-config`: the real program, no daemon.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cmd/penstock/test/program.h"

namespace penstock::cli {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;

const std::string kConf = std::string(PENSTOCK_SOURCE_DIR) + "/conf/";

Ran check(const std::string& file, std::vector<std::string> more = {}) {
  more.insert(more.begin(), {"--socket", "/nowhere/admin.sock", "check-config", file});
  return run_program(PENSTOCK_PROGRAM, more);
}

TEST(CheckConfigCommand, GoodFileIsSaidToBeGood) {
  const Ran ran = check(kConf + "penstock.toml");
  EXPECT_EQ(ran.exit, 0);
  EXPECT_EQ(ran.out, kConf + "penstock.toml: good\n");
  EXPECT_EQ(ran.err, "");
}

TEST(CheckConfigCommand, MistakesAreLinesThatEditorsUnderstand) {
  const Ran ran = check(kConf + "bad/unknown_key/penstock.toml");
  EXPECT_EQ(ran.exit, 1);
  EXPECT_THAT(ran.out, EndsWith("/conf/bad/unknown_key/penstock.toml:14:1: unknown key \"conections\" in [[domain]]; "
                                "did you mean \"connections\"?\n"));
  EXPECT_EQ(ran.err, "");
}

TEST(CheckConfigCommand, WarningsAloneAreNoFailure) {
  const Ran ran = check(kConf + "bad/dead_rule/penstock.toml");
  EXPECT_EQ(ran.exit, 0);
  EXPECT_THAT(ran.out, HasSubstr("(warning)\n"));
  EXPECT_THAT(ran.out, EndsWith(": good\n"));
}

TEST(CheckConfigCommand, JsonHasTheShapeOfTheApi) {
  const Ran ran = check(kConf + "bad/unknown_key/penstock.toml", {"--json"});
  EXPECT_EQ(ran.exit, 1);
  EXPECT_THAT(ran.out, HasSubstr("\"ok\":false"));
  EXPECT_THAT(ran.out, HasSubstr("\"line\":14"));
  EXPECT_THAT(ran.out, HasSubstr("\"severity\":\"error\""));
}

TEST(CheckConfigCommand, FileThatIsNotThereIsNamed) {
  const Ran ran = check("/nowhere/penstock.toml");
  EXPECT_EQ(ran.exit, 1);
  EXPECT_THAT(ran.out, HasSubstr("/nowhere/penstock.toml: cannot be read: "));
}

}  // namespace
}  // namespace penstock::cli
