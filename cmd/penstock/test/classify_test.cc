// SPDX-License-Identifier: Apache-2.0
// `penstock classify`: the real program, no daemon. Scripts read what it prints, so it is compared byte by byte.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "base/test/temp_folder.h"
#include "cmd/penstock/test/program.h"

namespace penstock::cli {
namespace {

using ::testing::HasSubstr;

class ClassifyCommand : public ::testing::Test {
 protected:
  static Ran classify(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"--socket", "/nowhere/admin.sock", "classify"});
    return run_program(PENSTOCK_PROGRAM, arguments);
  }
  std::string write(const std::string& name, const std::string& text) {
    std::ofstream(folder_.file(name), std::ios::binary) << text;
    return folder_.file(name);
  }
  Ran batch(const std::string& lines, std::vector<std::string> more = {}) {
    more.insert(more.begin(), {"--batch", write("lines.tsv", lines)});
    return classify(more);
  }

  const TempFolder folder_;
};

// A rule of our own that must outrank the shipped ones, so that the lines below hang on nothing else.
constexpr const char* kRules = R"([[rule]]
id = "own-full"
pattern = 'frobnicated'
class = "mailbox-full"
scope = "recipient"
reference = "https://e.test/"
samples = ["452 frobnicated"]
near_misses = ["550 x"]
[[rule]]
id = "own-step"
step = "data"
pattern = 'stepwise'
class = "virus"
reference = "https://e.test/"
samples = ["554 stepwise"]
near_misses = ["550 x"]
)";

TEST_F(ClassifyCommand, BatchHasFourColumnsForEachLine) {
  const Ran ran = batch(
      "gmail\t550-5.1.1 The email account that you tried to reach does not exist. 550 5.1.1 gsmtp\n"
      "\t452 4.2.2 mailbox full\n"          // no provider
      "452 4.2.2 mailbox full\n"            // no tab either
      "nobody\t452 4.2.2 mailbox full\r\n"  // an unknown provider, and a line from elsewhere
      "yahoo\t421 4.7.0 [TS01] Messages from 192.0.2.1 temporarily deferred\n"
      "\t250 2.0.0 OK\n");
  EXPECT_EQ(ran.exit, 0) << ran.err;
  EXPECT_EQ(ran.out,
            "invalid-mailbox\tgmail-no-such-user\trecipient\tfinal\n"
            "mailbox-full\tmailbox-full\trecipient\tretry\n"
            "mailbox-full\tmailbox-full\trecipient\tretry\n"
            "mailbox-full\tmailbox-full\trecipient\tretry\n"
            "reputation\tyahoo-deferred\tsource-ip\tretry\n"
            "none\t-\tnone\tfinal\n");
}

// As many lines come out as go in, whatever is in them.
TEST_F(ClassifyCommand, OddLinesGetALineToo) {
  const Ran ran = batch(std::string("\n\t\ngmail\t\n\tno code at all\n\t550 a\tb\n") + std::string("\0\x01\xff\n", 4) +
                        "\t550 " + std::string(100'000, 'x') + "\nthe last without an end");
  EXPECT_EQ(ran.exit, 0) << ran.err;
  std::size_t lines = 0;
  for (std::size_t at = 0; at < ran.out.size(); ++lines) {
    const std::size_t end = ran.out.find('\n', at);
    ASSERT_NE(end, std::string::npos) << "the last line is whole";
    const std::string line = ran.out.substr(at, end - at);
    EXPECT_EQ(std::count(line.begin(), line.end(), '\t'), 3) << line;
    EXPECT_TRUE(line.ends_with("\tretry") || line.ends_with("\tfinal")) << line;
    at = end + 1;
  }
  EXPECT_EQ(lines, 8U);
  EXPECT_TRUE(ran.out.starts_with("other\tcode\trecipient\tretry\n")) << ran.out;
  EXPECT_EQ(batch("").out, "");
}

// A 421 ends the connection, so it fails nobody; as in the daemon (delivery/judge.h).
TEST_F(ClassifyCommand, EndOfTheConnectionIsNeverFinal) {
  EXPECT_EQ(batch("\t421 4.7.0 user unknown, too many errors\n\t550 5.1.1 user unknown\n").out.substr(0, 15),
            "invalid-mailbox");
  for (const char* line : {"\t421 4.7.0 user unknown, too many errors\n", "\t421 5.5.5 whatever\n"}) {
    EXPECT_TRUE(batch(line).out.ends_with("\tretry\n")) << line;
  }
}

TEST_F(ClassifyCommand, OwnRulesAndTheStepCount) {
  const std::string rules = folder_.file("rules");
  std::filesystem::create_directories(rules);
  write("rules/own.toml", kRules);
  EXPECT_EQ(batch("\t452 frobnicated\n", {"--rules", rules}).out, "mailbox-full\town-full\trecipient\tretry\n");
  EXPECT_THAT(batch("\t554 stepwise\n", {"--rules", rules}).out, HasSubstr("\town-step\t")) << "any step";
  EXPECT_THAT(batch("\t554 stepwise\n", {"--rules", rules, "--step", "data"}).out, HasSubstr("\town-step\t"));
  EXPECT_THAT(batch("\t554 stepwise\n", {"--rules", rules, "--step", "rcpt"}).out, HasSubstr("\tcode-refused\t"));
  write("rules/own.toml", "no toml");
  EXPECT_EQ(batch("\t250 OK\n", {"--rules", rules}).exit, 2);
}

TEST_F(ClassifyCommand, OneReplyIsExplained) {
  const Ran ran = classify({"452 4.2.2 mailbox full", "--provider", "nobody"});
  EXPECT_EQ(ran.exit, 0);
  EXPECT_THAT(ran.out, HasSubstr("class      mailbox-full (group soft-quota)\n"));
  EXPECT_THAT(ran.out, HasSubstr("scope      recipient\n"));
  EXPECT_THAT(ran.out, HasSubstr("tried again, at most 3 times within 1d"));
  EXPECT_THAT(ran.out, HasSubstr("the address is suppressed for 14d"));
  const Ran json = classify({"452 4.2.2 mailbox full", "--json"});
  EXPECT_THAT(json.out, HasSubstr("\"class\":\"mailbox-full\""));
  EXPECT_THAT(json.out, HasSubstr("\"outcome\":\"retry\""));
}

TEST_F(ClassifyCommand, WrongUseIsTold) {
  EXPECT_EQ(classify({}).exit, 2);
  EXPECT_EQ(classify({"550 x", "--batch", "-"}).exit, 2);
  EXPECT_EQ(classify({"--batch", "/nowhere/lines"}).exit, 2);
  EXPECT_EQ(classify({"550 x", "--step", "never"}).exit, 2);
}

}  // namespace
}  // namespace penstock::cli
