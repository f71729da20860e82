// SPDX-License-Identifier: Apache-2.0
// `penstock check-config`: the real program, no daemon.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "base/test/temp_folder.h"
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
  EXPECT_THAT(ran.out, EndsWith(kConf + "penstock.toml: good\n"));  // a machine without the root's keys: a warning
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

// The daemon would refuse to start with them.
TEST(CheckConfigCommand, LooseFilesWithSecretsAreErrorsAndMissingOnesWarnings) {
  const TempFolder folder;
  const auto write = [&](const std::string& name, const std::string& text, mode_t mode = 0600) {
    std::ofstream(folder.file(name)) << text;
    ASSERT_EQ(::chmod(folder.file(name).c_str(), mode), 0);
  };
  const std::string path = folder.file("penstock.toml");
  write("penstock.toml", "[node]\nname = \"mta\"\ndata_dir = \"" + folder.path() +
                             "\"\n[[vmta]]\nname = \"v1\"\n[[pool]]\nname = \"main\"\nmembers = [{ vmta = \"v1\" }]\n"
                             "[[stream]]\nname = \"default\"\npool = \"main\"\n[stream.route]\n"
                             "relay = [\"mail.e.test:587\"]\nuser = \"u\"\npassword_file = \"" +
                             folder.file("password") +
                             "\"\n[[dkim]]\ndomain = \"e.test\"\nselector = \"s\"\nkey_file = \"" +
                             folder.file("dkim.key") + "\"\n[[listener]]\naddress = \"127.0.0.1:2525\"\n" +
                             "tls = \"starttls\"\ncert_file = \"" + folder.file("tls.pem") + "\"\nkey_file = \"" +
                             folder.file("tls.key") + "\"\n");
  const Ran missing = check(path);
  EXPECT_EQ(missing.exit, 0);
  for (const char* name : {"password", "dkim.key", "tls.key"}) {
    EXPECT_THAT(missing.out, HasSubstr(folder.file(name) + ": cannot be read: No such file or directory"));
    write(name, "secret\n");
  }
  const Ran good = check(path);
  EXPECT_EQ(good.exit, 0);
  for (const char* word : {"password", "dkim.key", "tls.key"}) {
    EXPECT_THAT(good.out, testing::Not(HasSubstr(folder.file(word))));
  }
  for (const auto& [name, line] :
       {std::pair{"password", "12"}, std::pair{"dkim.key", "19"}, std::pair{"tls.key", "24"}}) {
    write(name, "secret\n", 0644);
    const Ran loose = check(path);
    EXPECT_EQ(loose.exit, 1);
    EXPECT_THAT(loose.out, HasSubstr("penstock.toml:" + std::string(line) + ": " + folder.file(name) +
                                     ": has mode 0644, so that others can use this secret; chmod 0600 it\n"));
    write(name, "secret\n");
  }
}

TEST(CheckConfigCommand, PasswordsForServicesThatAreNotAsciiAreWarnedOf) {
  const TempFolder folder;
  std::ofstream(folder.file("password")) << "caf\u00e9\n";
  ASSERT_EQ(::chmod(folder.file("password").c_str(), 0600), 0);
  std::ofstream(folder.file("penstock.toml"))
      << "[node]\nname = \"mta\"\ndata_dir = \"" << folder.path()
      << "\"\n[[vmta]]\nname = \"v1\"\n[[pool]]\nname = \"main\"\nmembers = [{ vmta = \"v1\" }]\n[[stream]]\n"
         "name = \"default\"\npool = \"main\"\n[[domain]]\nname = \"d.test\"\nroute = { relay = [\"mail.e.test:587\"], "
         "user = \"u\", password_file = \""
      << folder.file("password") << "\" }\n";
  const Ran ran = check(folder.file("penstock.toml"));
  EXPECT_EQ(ran.exit, 0);
  EXPECT_THAT(ran.out, HasSubstr("penstock.toml:14: " + folder.file("password") + ": the password has characters"));
  EXPECT_THAT(ran.out, HasSubstr("(SASLprep) will refuse it: choose one of ASCII (warning)\n"));
}

// Rules of one's own are configuration too; they may be of any provider that is known.
TEST(CheckConfigCommand, OwnClassificationRulesAreLinted) {
  const TempFolder folder;
  std::filesystem::create_directories(folder.file("rules"));
  const auto write = [&](const std::string& name, const std::string& text) {
    std::ofstream(folder.file(name)) << text;
  };
  write("penstock.toml", "[node]\nname = \"mta\"\ndata_dir = \"" + folder.path() +
                             "\"\n[[vmta]]\nname = \"v1\"\n[[pool]]\nname = \"main\"\nmembers = [{ vmta = \"v1\" }]\n"
                             "[[stream]]\nname = \"default\"\npool = \"main\"\n[classify]\nrules = \"" +
                             folder.file("rules") + "\"\n");
  const auto check_rule = [&](const std::string& provider, const std::string& pattern) {
    write("rules/own.toml", "provider = \"" + provider + "\"\n[[rule]]\nid = \"mine\"\npattern = '" + pattern +
                                "'\nclass = \"policy\"\nreference = \"https://e.test/\"\nsamples = [\"550 frob\"]\n");
    return check(folder.file("penstock.toml"));
  };
  const Ran good = check_rule("fastmail", "frob");
  EXPECT_EQ(good.exit, 0) << good.out;
  const Ran unknown = check_rule("fastmial", "frob");
  EXPECT_EQ(unknown.exit, 1);
  EXPECT_THAT(unknown.out, HasSubstr("there is no provider \"fastmial\"; did you mean \"fastmail\"?"));
  const Ran costly = check_rule("gmail", "(?:fr|.)*ob");
  EXPECT_EQ(costly.exit, 1);
  EXPECT_THAT(costly.out, HasSubstr("own.toml:2:1: rule \"mine\": pattern is too costly"));
}

TEST(CheckConfigCommand, FileThatIsNotThereIsNamed) {
  const Ran ran = check("/nowhere/penstock.toml");
  EXPECT_EQ(ran.exit, 1);
  EXPECT_THAT(ran.out, HasSubstr("/nowhere/penstock.toml: cannot be read: "));
}

}  // namespace
}  // namespace penstock::cli
